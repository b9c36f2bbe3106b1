//! Losses with a rule of their own.

use ndarray::{Axis, Ix2};

use crate::{Scalar, Tensor, Var, ops::softmax::max};

/// Computes the mean over the rows of the cross-entropy between the softmax of `logits`, `[n,
/// classes]`, and class indices; `smoothing`, 0 to 1, is the share of the target that is spread
/// evenly over all classes. (`torch.nn.functional.cross_entropy`)
///
/// Value and gradient, `(softmax − target) / n`, are computed in one pass, without overflow.
///
/// # Panics
/// When `logits` is not a matrix, the number of rows differs from that of the targets, or a target
/// is not a class.
#[track_caller]
pub fn cross_entropy<'t, T: Scalar>(
    logits: Var<'t, T>,
    targets: &[usize],
    smoothing: f64,
) -> Var<'t, T> {
    let z = logits.value();
    let &[rows, classes] = z.shape() else {
        panic!(
            "cross_entropy: a matrix is wanted, not shape {:?}",
            z.shape()
        );
    };
    assert!(
        rows == targets.len(),
        "cross_entropy: {rows} rows, but {} targets",
        targets.len()
    );
    if let Some(target) = targets.iter().find(|&&t| t >= classes) {
        panic!("cross_entropy: target {target} among {classes} classes");
    }

    let mut gradient = z
        .to_owned()
        .into_dimensionality::<Ix2>()
        .unwrap_or_else(|e| unreachable!("a matrix: {e}"));
    let (n, smoothing) = (T::of(rows as f64), T::of(smoothing));
    let spread = smoothing / T::of(classes as f64);
    let mut loss = 0.0;
    for (mut row, &target) in gradient.axis_iter_mut(Axis(0)).zip(targets) {
        let mut z: Vec<T> = row.to_vec();
        let max = max(&z);
        // Both differences are exact where it matters: no large value is subtracted from another.
        let to_target = max - z[target];
        let to_all: T = if spread > T::zero() {
            z.iter().map(|&z| max - z).sum()
        } else {
            T::zero()
        };
        z.iter_mut().for_each(|z| *z = (*z - max).exp());
        let sum: T = z.iter().copied().sum();
        let nll = sum.ln() * ((T::one() - smoothing) + spread * T::of(classes as f64))
            + (T::one() - smoothing) * to_target
            + spread * to_all;
        loss += nll.widen();
        row.iter_mut()
            .zip(&z)
            .for_each(|(g, &e)| *g = (e / sum - spread) / n);
        row[target] -= (T::one() - smoothing) / n;
    }
    let gradient: Tensor<T> = gradient.into_dyn().into_shared();
    let loss = Tensor::from_elem(vec![], T::of(loss / rows as f64));
    logits
        .tape()
        .op("cross_entropy", loss, [logits], move |g, _| {
            let g = g.sum();
            [Some(if g == T::one() {
                gradient
            } else {
                (gradient * g).into_shared()
            })]
        })
}

/// Computes the mean of the squared differences over all elements. (`torch.nn.functional.mse_loss`)
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn mse<'t, T: Scalar>(input: Var<'t, T>, target: Var<'t, T>) -> Var<'t, T> {
    let (a, b) = (input.shape(), target.shape());
    assert!(a == b, "mse: shapes {a:?} and {b:?} differ");
    (input - target).square().mean()
}
