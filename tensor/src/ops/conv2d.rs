//! Convolution.

use crate::{
    Scalar, Tensor, Var,
    buffer::give_back,
    kernels::{
        conv2d as kernel,
        layout::{as_channels_last, channels_last, slice, standard},
    },
    ops::{MaxPool2d, Window},
};

/// Options of a convolution. `Conv2d::default()` is PyTorch's default: stride 1, no padding,
/// dilation 1, one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Steps between windows, down and across.
    pub stride: [usize; 2],
    /// Zeros added above and below, left and right.
    pub padding: [[usize; 2]; 2],
    /// Steps between a window's cells, down and across.
    pub dilation: [usize; 2],
    /// Number of groups that the channels are divided into; each output channel sees only its own
    /// group.
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

/// What is applied to the result of a convolution in the same pass, before it is written to memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Then {
    /// Whether [`Var::relu`] is applied.
    pub relu: bool,
    /// The [`max_pool2d`](super::max_pool2d) that is applied after that.
    pub max_pool: Option<MaxPool2d>,
}

/// Cross-correlates `x`, `[n, in_channels, h, w]`, with `weight`, `[out_channels, in_channels /
/// groups, kh, kw]`, and adds `bias`, `[out_channels]`, to each pixel: returns `[n, out_channels,
/// oh, ow]`, channels last in memory. (`torch.nn.functional.conv2d`)
///
/// Windows of 3×3 at stride 1 over many channels (multiples of 16, with a product of 512 or more) are
/// computed by Winograd's method, with fewer multiplications. The root mean square of its errors is
/// below 3 · 10⁻⁷ of that of the pixels for 64 channels in `f32`; that of plain sums is 4 · 10⁻⁷.
///
/// # Panics
/// When the shapes don't fit each other, or a window is larger than the padded image.
#[track_caller]
pub fn conv2d<'t, T: Scalar>(
    x: Var<'t, T>,
    weight: Var<'t, T>,
    bias: Option<Var<'t, T>>,
    options: Conv2d,
) -> Var<'t, T> {
    conv2d_then(x, weight, bias, options, Then::default())
}

/// [`conv2d`], [`Var::relu`] and [`max_pool2d`](super::max_pool2d) as one operation: an image stays
/// in cache between them, and the backward pass starts from the pixels that pooling selected.
///
/// # Panics
/// Where those do.
#[track_caller]
pub fn conv2d_then<'t, T: Scalar>(
    x: Var<'t, T>,
    weight: Var<'t, T>,
    bias: Option<Var<'t, T>>,
    options: Conv2d,
    then: Then,
) -> Var<'t, T> {
    let (input, w, b) = (
        x.value(),
        standard(weight.value()),
        bias.map(|b| standard(b.value())),
    );
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
    if let Some(b) = b.as_ref().filter(|b| b.shape() != [out_channels]) {
        panic!(
            "conv2d: weight {:?} and bias {:?} do not fit",
            w.shape(),
            b.shape()
        );
    }

    let window = Window {
        input: [height, width],
        kernel: [kh, kw],
        stride: options.stride,
        padding: options.padding,
        dilation: options.dilation,
    };
    let convolved = match window.output() {
        Ok(size) => size,
        Err(reason) => panic!("conv2d: {reason}"),
    };
    let max_pool = then.max_pool.map(|pool| pool.window(convolved));
    let [oh, ow] = max_pool.map_or(convolved, |(_, size)| size);
    let sizes = kernel::Sizes {
        images,
        in_channels,
        out_channels,
        groups,
        window,
        relu: then.relu,
        max_pool: max_pool.map(|(window, _)| window),
    };

    let input = channels_last(input);
    let long = sizes.with_long_lines();
    let packed = x.tape().prepared(
        weight,
        |packed: &kernel::Packed<T>| packed.fits(&long),
        || T::pack_conv2d(slice(&w), &long),
    );
    let (value, index) = T::conv2d(slice(&input), &packed, b.as_ref().map(slice), &sizes);
    drop(packed);
    let value = as_channels_last(value, [images, out_channels, oh, ow]);
    let out = value.clone();
    let vjp = move |g: Tensor<T>, want: [bool; 3]| {
        let g = channels_last(g);
        let from = kernel::Operands {
            g: slice(&g),
            out: slice(&out),
            index: &index,
            x: slice(&input),
            w: slice(&w),
        };
        let grads = T::conv2d_backward(from, &sizes, want);
        give_back(g);
        let dx = grads.input;
        let dx = dx.map(|dx| as_channels_last(dx, [images, in_channels, height, width]));
        let dw = grads.weight.map(|dw| dw.into_tensor(w.shape()));
        let db = grads.bias.map(|db| db.into_tensor(&[out_channels]));
        [dx, dw, db]
    };
    let parents = [Some(x), Some(weight), bias];
    x.tape().op("conv2d", value, parents, vjp)
}
