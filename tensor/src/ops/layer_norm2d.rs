//! Layer normalization of the channels at each place of an image.

use crate::{
    Scalar, Var,
    buffer::{Buffer, give_back},
    kernels::{
        layout::{as_channels_last, channels_last, slice},
        rows::Rows,
    },
};

/// Computes `(x − mean) / √(var + eps) · weight + bias` with mean and variance of the channels at
/// each place of images `x`, `[n, channels, h, w]`; the variance is divided by the number of
/// channels. `affine` is the weight and the bias, `[channels]`. (`torch.nn.functional.layer_norm` of
/// `[n, h, w, channels]`; Liu et al. 2022)
///
/// # Panics
/// When `x` has another number of dimensions, or weight or bias have another shape.
#[track_caller]
pub fn layer_norm2d<'t, T: Scalar>(
    x: Var<'t, T>,
    affine: Option<[Var<'t, T>; 2]>,
    eps: f64,
) -> Var<'t, T> {
    let shape: [usize; 4] = match x.shape()[..].try_into() {
        Ok(shape) => shape,
        Err(_) => panic!("layer_norm2d: images are wanted, not shape {:?}", x.shape()),
    };
    let channels = shape[1];
    let affine = affine.map_or([None; 2], |affine| affine.map(Some));
    for found in affine.iter().flatten().map(|v| v.shape()) {
        assert!(
            found == [channels],
            "layer_norm2d: {channels} channels, and weight or bias {found:?}"
        );
    }
    let columns = |of: Option<Var<'t, T>>, default| match of {
        Some(of) => of.value().iter().copied().collect(),
        None => vec![default; channels],
    };
    let rows = Rows {
        size: channels,
        center: true,
        eps,
        weight: columns(affine[0], T::one()),
        bias: columns(affine[1], T::zero()),
    };
    // The channels of a place are a row.
    let input = channels_last(x.value());
    let (y, moments) = T::norm_rows(&rows, slice(&input));
    let y = as_channels_last(y, shape);
    let parents = [Some(x), affine[0], affine[1]];
    x.tape().op("layer_norm2d", y, parents, move |g, need| {
        let g = channels_last(g);
        let (dx, sums) = T::norm_rows_backward(&rows, slice(&g), slice(&input), &moments);
        give_back(g);
        let column = |sums: &[T]| {
            let mut values = Buffer::any(channels);
            values.copy_from_slice(sums);
            values.into_tensor(&[channels])
        };
        let (dw, db) = sums.split_at(channels);
        [
            Some(as_channels_last(dx, shape)),
            need[1].then(|| column(dw)),
            need[2].then(|| column(db)),
        ]
    })
}
