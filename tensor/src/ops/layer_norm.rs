//! Layer normalization, and that by the root mean square.

use ndarray::Axis;

use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::{
        layout::{as_channels_last, channels_last, channels_last_slice, slice, standard},
        rows::Rows,
    },
};

/// Computes `(x − mean) / √(var + eps) · weight + bias` with mean and variance of all values of a
/// sample of `x`, `[n, …]`; the variance is divided by the number of values. `affine` is the weight
/// and the bias, both of a sample's shape. (`torch.nn.functional.layer_norm`; Ba et al. 2016)
///
/// # Panics
/// When `x` has no dimension, or weight or bias have another shape.
#[track_caller]
pub fn layer_norm<'t, T: Scalar>(
    x: Var<'t, T>,
    affine: Option<[Var<'t, T>; 2]>,
    eps: f64,
) -> Var<'t, T> {
    let affine = affine.map_or([None; 2], |affine| affine.map(Some));
    normalize("layer_norm", x, true, affine, eps)
}

/// Computes `x / √(mean(x²) + eps) · weight` with the mean over all values of a sample of `x`,
/// `[n, …]`. `weight` has a sample's shape. (`torch.nn.functional.rms_norm`; Zhang, Sennrich 2019)
///
/// # Panics
/// When `x` has no dimension, or the weight has another shape.
#[track_caller]
pub fn rms_norm<'t, T: Scalar>(x: Var<'t, T>, weight: Option<Var<'t, T>>, eps: f64) -> Var<'t, T> {
    normalize("rms_norm", x, false, [weight, None], eps)
}

#[track_caller]
fn normalize<'t, T: Scalar>(
    name: &'static str,
    x: Var<'t, T>,
    center: bool,
    affine: [Option<Var<'t, T>>; 2],
    eps: f64,
) -> Var<'t, T> {
    let shape = x.shape();
    let Some((_, sample)) = shape.split_first() else {
        panic!("{name}: no dimension of samples in shape {shape:?}");
    };
    for found in affine.iter().flatten().map(|v| v.shape()) {
        assert!(
            found == sample,
            "{name}: samples of {sample:?}, and weight or bias {found:?}"
        );
    }
    let size: usize = sample.iter().product();
    let one = [&[1], sample].concat();
    // Samples are rows in the order in which they are in memory.
    let is_last = channels_last_slice(&x.value()).is_some();
    let arranged = move |x: Tensor<T>| match is_last {
        true => channels_last(x),
        false => standard(x),
    };
    let shaped = move |values: Buffer<T>, shape: &[usize]| match *shape {
        [n, channels, h, w] if is_last => as_channels_last(values, [n, channels, h, w]),
        _ => values.into_tensor(shape),
    };
    let input = arranged(x.value());
    let columns = |of: Option<Var<'t, T>>, default| match of {
        Some(of) => slice(&arranged(of.value().insert_axis(Axis(0)))).to_vec(),
        None => vec![default; size],
    };
    let rows = Rows {
        size,
        center,
        eps,
        weight: columns(affine[0], T::one()),
        bias: columns(affine[1], T::zero()),
    };
    let (y, moments) = T::norm_rows(&rows, slice(&input));
    let y = shaped(y, &shape);
    let parents = [Some(x), affine[0], affine[1]];
    x.tape().op(name, y, parents, move |g, need| {
        let g = arranged(g);
        let (dx, sums) = T::norm_rows_backward(&rows, slice(&g), slice(&input), &moments);
        give_back(g);
        let column = |sums: &[T]| {
            let mut values = Buffer::any(size);
            values.copy_from_slice(sums);
            standard(shaped(values, &one)).index_axis_move(Axis(0), 0)
        };
        let (dw, db) = sums.split_at(size);
        [
            Some(shaped(dx, &shape)),
            need[1].then(|| column(dw)),
            need[2].then(|| column(db)),
        ]
    })
}
