//! Convolution.

use crate::{Scalar, Tensor, Var, kernels::conv2d as kernel, ops::Window};

/// How a convolution's window moves. `Conv2d::default()` is PyTorch's default: stride 1, no padding, dilation 1, one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Steps between windows, down and across.
    pub stride: [usize; 2],
    /// Zeros added above and below, left and right.
    pub padding: [[usize; 2]; 2],
    /// Steps between a window's cells, down and across.
    pub dilation: [usize; 2],
    /// Groups into which the channels are parted; each output channel sees its own group alone.
    pub groups: usize,
}

impl Default for Conv2d {
    fn default() -> Self {
        Conv2d {
            stride: [1; 2],
            padding: [[0; 2]; 2],
            dilation: [1; 2],
            groups: 1,
        }
    }
}

/// Cross-correlation of `x`, `[n, in_channels, h, w]`, with `weight`, `[out_channels, in_channels / groups, kh, kw]`: gives
/// `[n, out_channels, oh, ow]`. (`torch.nn.functional.conv2d` without bias)
///
/// # Panics
/// When the shapes don't fit each other, or a window is larger than the padded image.
#[track_caller]
pub fn conv2d<'t, T: Scalar>(x: Var<'t, T>, weight: Var<'t, T>, options: Conv2d) -> Var<'t, T> {
    let (input, w) = (standard(x.value()), standard(weight.value()));
    let (&[images, in_channels, height, width], &[out_channels, per_group, kh, kw]) =
        (input.shape(), w.shape())
    else {
        panic!(
            "conv2d: four dimensions are wanted, not {:?} and {:?}",
            input.shape(),
            w.shape()
        );
    };
    let groups = options.groups;
    let fits =
        groups > 0 && in_channels == per_group * groups && out_channels.is_multiple_of(groups);
    assert!(
        fits,
        "conv2d: input {:?} and weight {:?} do not fit in {groups} groups",
        input.shape(),
        w.shape()
    );

    let Conv2d {
        stride,
        padding,
        dilation,
        ..
    } = options;
    let window = Window {
        input: [height, width],
        kernel: [kh, kw],
        stride,
        padding,
        dilation,
    };
    let [oh, ow] = match window.output() {
        Ok(size) => size,
        Err(reason) => panic!("conv2d: {reason}"),
    };
    let sizes = kernel::Sizes {
        images,
        in_channels,
        out_channels,
        groups,
        window,
    };

    let mut out = Tensor::zeros(vec![images, out_channels, oh, ow]);
    if let Some(out) = out
        .as_slice_mut()
        .filter(|out| !out.is_empty() && !input.is_empty())
    {
        kernel::forward(slice(&input), slice(&w), &sizes, out);
    }
    x.tape().op("conv2d", out, [x, weight], move |g, need| {
        let g = standard(g);
        let dx = need[0].then(|| {
            let mut dx = Tensor::zeros(input.raw_dim());
            if let Some(dx) = dx
                .as_slice_mut()
                .filter(|dx| !dx.is_empty() && !g.is_empty())
            {
                kernel::backward_input(slice(&g), slice(&w), &sizes, dx);
            }
            dx
        });
        let dw = need[1].then(|| {
            if input.is_empty() || w.is_empty() {
                return Tensor::zeros(w.raw_dim());
            }
            let dw = kernel::backward_weight(slice(&g), slice(&input), &sizes);
            Tensor::from_shape_vec(w.raw_dim(), dw).unwrap_or_else(|e| unreachable!("{e}"))
        });
        [dx, dw]
    })
}

/// The tensor in row-major order; copied only if it wasn't.
pub(crate) fn standard<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if x.is_standard_layout() {
        x
    } else {
        x.as_standard_layout().to_shared()
    }
}

pub(crate) fn slice<T: Scalar>(x: &Tensor<T>) -> &[T] {
    x.as_slice()
        .unwrap_or_else(|| unreachable!("in row-major order"))
}
