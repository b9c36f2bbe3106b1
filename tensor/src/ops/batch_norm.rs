//! Batch normalization.

use crate::{
    Scalar, Var,
    buffer::give_back,
    kernels::{
        channels::Channels,
        layout::{channels_innermost, shaped, slice},
    },
    tensor,
};

/// Mean and variance of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<T = f32> {
    /// The means, `[channels]`.
    pub mean: Vec<T>,
    /// The variances, divided by the number of values, `[channels]`.
    pub var: Vec<T>,
}

/// Computes `(x − mean) / √(var + eps) · weight + bias` for each channel of `x`, `[n, channels]` or
/// `[n, channels, h, w]`; `affine` is the weight and the bias, `[channels]` each.
/// (`torch.nn.functional.batch_norm`; Ioffe, Szegedy 2015)
///
/// The moments are those `given`, as constants; otherwise those of `x`, which are returned and
/// which gradients flow through.
///
/// # Panics
/// When `x` has other dimensions, or weight, bias or moments don't have one value a channel.
#[track_caller]
pub fn batch_norm<'t, T: Scalar>(
    x: Var<'t, T>,
    affine: Option<[Var<'t, T>; 2]>,
    given: Option<Moments<T>>,
    eps: f64,
) -> (Var<'t, T>, Moments<T>) {
    normalize(x, affine, given, eps, false)
}

/// Computes `relu` of [`batch_norm`] in one pass.
///
/// # Panics
/// As [`batch_norm`].
#[track_caller]
pub fn batch_norm_relu<'t, T: Scalar>(
    x: Var<'t, T>,
    affine: Option<[Var<'t, T>; 2]>,
    given: Option<Moments<T>>,
    eps: f64,
) -> (Var<'t, T>, Moments<T>) {
    normalize(x, affine, given, eps, true)
}

#[track_caller]
fn normalize<'t, T: Scalar>(
    x: Var<'t, T>,
    affine: Option<[Var<'t, T>; 2]>,
    given: Option<Moments<T>>,
    eps: f64,
    relu: bool,
) -> (Var<'t, T>, Moments<T>) {
    let shape = x.shape();
    let channels = match shape[..] {
        [_, channels] | [_, channels, _, _] if channels > 0 => channels,
        _ => panic!("batch_norm: two or four dimensions with channels are wanted, not {shape:?}"),
    };
    let affine_shapes = affine.iter().flatten().map(|v| v.shape());
    for found in affine_shapes.chain(
        given
            .iter()
            .flat_map(|m| [vec![m.mean.len()], vec![m.var.len()]]),
    ) {
        assert!(
            found == [channels],
            "batch_norm: {channels} channels, and {found:?} of them"
        );
    }
    let input = channels_innermost(x.value());
    let flows = given.is_none();
    let moments = given.unwrap_or_else(|| {
        let (mean, var) = T::moments(slice(&input), channels);
        Moments { mean, var }
    });
    let rstd = moments.var.iter();
    let rstd: Vec<T> = rstd
        .map(|var| T::of(1.0 / (var.widen() + eps).sqrt()))
        .collect();
    let [weight, bias] = affine.map_or([None; 2], |affine| affine.map(Some));
    let numbers = |x: Option<Var<'t, T>>, default: T| match x {
        Some(x) => x.value().iter().copied().collect(),
        None => vec![default; channels],
    };
    let by_weight = rstd.iter().zip(numbers(weight, T::one()));
    let by = Channels {
        mean: moments.mean.clone(),
        scale: by_weight.map(|(&rstd, weight)| rstd * weight).collect(),
        rstd,
        bias: numbers(bias, T::zero()),
        flows,
        relu,
    };
    let out = shaped(T::norm_channels(&by, slice(&input)), &shape);
    let result = relu.then(|| out.clone());
    let (name, parents) = match relu {
        true => ("batch_norm_relu", [Some(x), weight, bias]),
        false => ("batch_norm", [Some(x), weight, bias]),
    };
    let y = x.tape().op(name, out, parents, move |g, need| {
        let g = channels_innermost(g);
        let y = result.as_ref().map_or(&[][..], slice);
        let (dx, sums) = T::norm_channels_backward(&by, slice(&g), slice(&input), y, need[0]);
        give_back(g);
        let dx = dx.map(|dx| shaped(dx, &shape));
        let [dw, db] = sums.map(|sums| {
            let sums: Vec<T> = sums.into_iter().map(T::of).collect();
            Some(tensor(sums))
        });
        [dx, dw, db]
    });
    (y, moments)
}
