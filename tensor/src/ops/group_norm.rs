//! Group normalization.

use crate::{
    Scalar, Var,
    buffer::give_back,
    kernels::{
        channels::Groups,
        layout::{channels_innermost, shaped, slice},
    },
    tensor,
};

/// Computes `(x − mean) / √(var + eps) · weight + bias` with mean and variance of each of `groups`
/// groups of channels of a sample of `x`, `[n, channels, …]`; the variance is
/// divided by the number of values. `affine` is the weight and the bias, `[channels]` each.
/// (`torch.nn.functional.group_norm`; Wu, He 2018)
///
/// # Panics
/// When `x` has fewer dimensions, the groups don't divide the channels, or weight or bias don't have
/// one value a channel.
#[track_caller]
pub fn group_norm<'t, T: Scalar>(
    x: Var<'t, T>,
    groups: usize,
    affine: Option<[Var<'t, T>; 2]>,
    eps: f64,
) -> Var<'t, T> {
    let shape = x.shape();
    let &[_, channels, ref plane @ ..] = &shape[..] else {
        panic!("group_norm: samples with channels are wanted, not {shape:?}");
    };
    let area = plane.iter().product();
    assert!(
        channels > 0 && groups > 0 && channels % groups == 0,
        "group_norm: {groups} groups of {channels} channels"
    );
    for found in affine.iter().flatten().map(|v| v.shape()) {
        assert!(
            found == [channels],
            "group_norm: {channels} channels, and {found:?} of them"
        );
    }
    let [weight, bias] = affine.map_or([None; 2], |affine| affine.map(Some));
    let numbers = |x: Option<Var<'t, T>>, default: T| match x {
        Some(x) => x.value().iter().copied().collect(),
        None => vec![default; channels],
    };
    let by = Groups {
        groups,
        area,
        eps,
        weight: numbers(weight, T::one()),
        bias: numbers(bias, T::zero()),
    };
    let input = channels_innermost(x.value());
    let (out, moments) = T::norm_groups(&by, slice(&input));
    let out = shaped(out, &shape);
    let parents = [Some(x), weight, bias];
    x.tape().op("group_norm", out, parents, move |g, _| {
        let g = channels_innermost(g);
        let (dx, sums) = T::norm_groups_backward(&by, slice(&g), slice(&input), &moments);
        give_back(g);
        let [dw, db] = sums.map(|sums| {
            let sums: Vec<T> = sums.into_iter().map(T::of).collect();
            Some(tensor(sums))
        });
        [Some(shaped(dx, &shape)), dw, db]
    })
}
