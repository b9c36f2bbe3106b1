//! Nodes of common operations, with the arguments of the operations on the tape.

use tapeline_tensor::{AvgPool2d, Conv2d, MaxPool2d, ParamId};

use super::{Attribute, Graph, GraphValue};

impl Graph {
    /// Appends `x Wᵀ + b`, with `weight` of shape `[out, in]`. Returns its output.
    /// ([`linear`](tapeline_tensor::linear()); ONNX `Gemm`, or `MatMul` and `Add` if the input of the
    /// current layer is a sequence)
    pub fn linear(&mut self, x: GraphValue, weight: ParamId, bias: Option<ParamId>) -> GraphValue {
        if self.shape().len() == 2 {
            let weight = self.param(weight);
            let weight = self.transpose(weight, &[1, 0]);
            let y = self.node("MatMul", &[x, weight]);
            return match bias {
                Some(bias) => {
                    let bias = self.param(bias);
                    self.node("Add", &[y, bias])
                }
                None => y,
            };
        }
        let inputs = self.with_params(x, weight, bias);
        self.node_with("Gemm", &inputs, &[("transB", 1.into())])
    }

    /// Appends a convolution, with `weight` of shape `[out, in/groups, kh, kw]`. Returns its output.
    /// ([`conv2d`](tapeline_tensor::conv2d()); ONNX `Conv`)
    pub fn conv2d(
        &mut self,
        x: GraphValue,
        weight: ParamId,
        bias: Option<ParamId>,
        options: Conv2d,
    ) -> GraphValue {
        self.conv(x, weight, bias, options, 0)
    }

    /// Appends a convolution of `[n, in, tokens]`, with `weight` of shape `[out, in/groups, k]`.
    /// `options` are those for an image of one row. Returns its output. (ONNX `Conv`)
    pub(crate) fn conv1d(
        &mut self,
        x: GraphValue,
        weight: ParamId,
        bias: Option<ParamId>,
        options: Conv2d,
    ) -> GraphValue {
        self.conv(x, weight, bias, options, 1)
    }

    /// Appends a convolution over the axes of an image from `first` on.
    fn conv(
        &mut self,
        x: GraphValue,
        weight: ParamId,
        bias: Option<ParamId>,
        options: Conv2d,
        first: usize,
    ) -> GraphValue {
        let inputs = self.with_params(x, weight, bias);
        let attributes = [
            ("strides", Attribute::from(&options.stride[first..])),
            ("pads", pads(&options.padding[first..])),
            ("dilations", Attribute::from(&options.dilation[first..])),
            ("group", options.groups.into()),
        ];
        self.node_with("Conv", &inputs, &attributes)
    }

    /// Appends max pooling. Returns its output. ([`max_pool2d`](tapeline_tensor::max_pool2d); ONNX
    /// `MaxPool`)
    pub fn max_pool2d(&mut self, x: GraphValue, options: MaxPool2d) -> GraphValue {
        let window = window(options.kernel, options.stride, options.padding, 0);
        self.node_with("MaxPool", &[x], &window)
    }

    /// Appends max pooling of `[n, features, tokens]`. `options` are those for an image of one row.
    /// Returns its output. (ONNX `MaxPool`)
    pub(crate) fn max_pool1d(&mut self, x: GraphValue, options: MaxPool2d) -> GraphValue {
        let window = window(options.kernel, options.stride, options.padding, 1);
        self.node_with("MaxPool", &[x], &window)
    }

    /// Appends average pooling. Returns its output. ([`avg_pool2d`](tapeline_tensor::avg_pool2d());
    /// ONNX `AveragePool`)
    pub fn avg_pool2d(&mut self, x: GraphValue, options: AvgPool2d) -> GraphValue {
        self.avg_pool(x, options, 0)
    }

    /// Appends average pooling of `[n, features, tokens]`. `options` are those for an image of one
    /// row. Returns its output. (ONNX `AveragePool`)
    pub(crate) fn avg_pool1d(&mut self, x: GraphValue, options: AvgPool2d) -> GraphValue {
        self.avg_pool(x, options, 1)
    }

    /// Appends average pooling over the axes of an image from `first` on.
    fn avg_pool(&mut self, x: GraphValue, options: AvgPool2d, first: usize) -> GraphValue {
        let [kernel, strides, pads] =
            window(options.kernel, options.stride, options.padding, first);
        let counted = usize::from(options.count_include_pad);
        let counted = ("count_include_pad", counted.into());
        self.node_with("AveragePool", &[x], &[kernel, strides, pads, counted])
    }

    /// Appends the mean of each channel, `[n, channels, h, w]` to `[n, channels]`. Returns its
    /// output. (ONNX `GlobalAveragePool`)
    pub fn global_avg_pool2d(&mut self, x: GraphValue) -> GraphValue {
        let means = self.node("GlobalAveragePool", &[x]);
        self.node("Flatten", &[means])
    }

    /// Appends average pooling to a fixed size, `[n, channels, height, width]` to `[n, channels,
    /// rows, columns]`. Returns its output.
    /// ([`adaptive_avg_pool2d`](tapeline_tensor::adaptive_avg_pool2d))
    ///
    /// ONNX has no such operation. Each mean is a weighted sum of pixels, with separate weights for
    /// rows and columns: a product with a matrix from the left and one from the right.
    pub fn adaptive_avg_pool2d(
        &mut self,
        x: GraphValue,
        [height, width]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) -> GraphValue {
        let down = shares(height, rows);
        let across = shares(width, columns);
        let transposed = (0..width).flat_map(|cell| across.iter().skip(cell).step_by(width));
        let transposed = transposed.copied().collect();
        let down = self.numbers(&[rows, height], down);
        let across = self.numbers(&[width, columns], transposed);
        let y = self.node("MatMul", &[down, x]);
        self.node("MatMul", &[y, across])
    }

    /// Appends a repetition of each pixel, `[n, channels, h, w]` to `[n, channels, h·down,
    /// w·across]`. Returns its output. (ONNX `Resize`)
    pub fn upsample2d(&mut self, x: GraphValue, factors: [usize; 2]) -> GraphValue {
        let [down, across] = factors.map(|factor| factor as f64);
        let region = self.absent();
        let scales = self.numbers(&[4], vec![1.0, 1.0, down, across]);
        let by_floor = [
            ("mode", "nearest".into()),
            ("coordinate_transformation_mode", "asymmetric".into()),
            ("nearest_mode", "floor".into()),
        ];
        self.node_with("Resize", &[x, region, scales], &by_floor)
    }

    /// Appends padding of an image at the top and bottom, left and right. Returns its output. `mode`
    /// is `reflect`, `replicate`, `circular`, or `zeros` for everything else, as in PyTorch's
    /// `padding_mode`. (ONNX `Pad`)
    pub fn pad2d(&mut self, x: GraphValue, mode: &str, padding: [[usize; 2]; 2]) -> GraphValue {
        self.pad(x, mode, &[[0, 0], [0, 0], padding[0], padding[1]])
    }

    /// Appends padding of `[n, features, tokens]` before and after the tokens. Returns its output.
    /// `mode` is that of [`pad2d`](Self::pad2d).
    pub(crate) fn pad1d(&mut self, x: GraphValue, mode: &str, padding: [usize; 2]) -> GraphValue {
        self.pad(x, mode, &[[0, 0], [0, 0], padding])
    }

    /// Appends padding before and after each axis.
    fn pad(&mut self, x: GraphValue, mode: &str, padding: &[[usize; 2]]) -> GraphValue {
        let mode = match mode {
            "reflect" => "reflect",
            "replicate" => "edge",
            "circular" => "wrap",
            _ => "constant",
        };
        let pads: Vec<_> = ends(padding).collect();
        let pads = self.sizes(&pads);
        self.node_with("Pad", &[x, pads], &[("mode", mode.into())])
    }

    /// Appends a limitation to the range from `min` to `max`. Returns its output. (ONNX `Clip`)
    pub fn clamp(&mut self, x: GraphValue, min: f64, max: f64) -> GraphValue {
        let [min, max] = [min, max].map(|end| self.number(end));
        self.node("Clip", &[x, min, max])
    }

    fn with_params(
        &mut self,
        x: GraphValue,
        weight: ParamId,
        bias: Option<ParamId>,
    ) -> Vec<GraphValue> {
        let params = [weight].into_iter().chain(bias);
        let params = params.map(|id| self.param(id));
        [x].into_iter().chain(params).collect()
    }
}

/// Returns the attributes of a pooling node over the axes of an image from `first` on.
fn window(
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    first: usize,
) -> [(&'static str, Attribute); 3] {
    [
        ("kernel_shape", Attribute::from(&kernel[first..])),
        ("strides", Attribute::from(&stride[first..])),
        ("pads", pads(&padding.map(|p| [p, p])[first..])),
    ]
}

fn pads(padding: &[[usize; 2]]) -> Attribute {
    Attribute::Sizes(ends(padding).collect())
}

/// Returns the padding before all axes, then that after all axes.
fn ends(padding: &[[usize; 2]]) -> impl Iterator<Item = usize> {
    let end = |i: usize| padding.iter().map(move |p| p[i]);
    end(0).chain(end(1))
}

/// Returns the weight of each of `size` cells in each of `parts` means: `[parts, size]`.
fn shares(size: usize, parts: usize) -> Vec<f64> {
    let row = |part: usize| {
        let cells = part * size / parts..((part + 1) * size).div_ceil(parts);
        let share = 1.0 / cells.len() as f64;
        (0..size).map(move |cell| if cells.contains(&cell) { share } else { 0.0 })
    };
    (0..parts).flat_map(row).collect()
}
