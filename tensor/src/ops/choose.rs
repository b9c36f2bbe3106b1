//! Choices between the elements of two tensors.

use ndarray::Zip;

use super::arithmetic::broadcast_zip;
use crate::{
    Scalar, Tensor, Var, broadcast,
    buffer::{Buffer, give_back},
    kernels::elementwise::zip,
    zeros_like,
};

impl<'t, T: Scalar> Var<'t, T> {
    /// Returns the elements of `self` where `condition` is true, those of `other` elsewhere; all
    /// three are broadcast to one shape. (`torch.where(condition, self, other)`)
    ///
    /// The gradient of an element that is not chosen is 0.
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([-2.0, 3.0]));
    ///     let positive = x.value().mapv(|x| x > 0.0);
    ///     assert_eq!(x.where_(positive, 0.1 * x).value(), tensor([-0.2, 3.0]));
    /// });
    /// ```
    ///
    /// # Panics
    /// When the shapes don't broadcast.
    #[track_caller]
    pub fn where_(self, condition: impl Into<Tensor<bool>>, other: Self) -> Self {
        let (condition, a, b) = (condition.into(), self.value(), other.value());
        let shape = broadcast::shape(a.shape(), b.shape());
        let shape = shape.and_then(|shape| broadcast::shape(condition.shape(), &shape));
        let Some(shape) = shape else {
            panic!(
                "where: shapes {:?}, {:?} and {:?} do not broadcast",
                condition.shape(),
                a.shape(),
                b.shape()
            );
        };
        let mut value = match a.shape() == shape {
            true => zeros_like(&a),
            false => Buffer::zeros(shape.iter().product()).into_tensor(&shape),
        };
        Zip::from(&mut value)
            .and_broadcast(&condition)
            .and_broadcast(&a)
            .and_broadcast(&b)
            .for_each(|value, &chosen, &a, &b| *value = if chosen { a } else { b });
        self.tape()
            .op("where", value, [self, other], move |g, need| {
                let share = |chosen: bool| {
                    let mut share = zeros_like(&g);
                    let each = Zip::from(&mut share).and(&g).and_broadcast(&condition);
                    each.for_each(|share, &g, &is| {
                        if is == chosen {
                            *share = g;
                        }
                    });
                    share
                };
                let shares = [need[0].then(|| share(true)), need[1].then(|| share(false))];
                give_back(g);
                shares
            })
    }

    /// Returns the larger element of each pair, broadcast to one shape. Where both are equal, each
    /// has half of the gradient. NaN where one of them is. (`torch.maximum`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, tensor, value_and_grad};
    /// let inputs = [tensor([1.0, 2.0, 3.0]), tensor([2.0])];
    /// let (_, grads, ()) = value_and_grad(&Params::<f64>::new(), &inputs, |_, _, x| {
    ///     let y = x[0].maximum(x[1]);
    ///     assert_eq!(y.value(), tensor([2.0, 2.0, 3.0]));
    ///     (y.sum(), ())
    /// });
    /// assert_eq!(grads.inputs, [Some(tensor([0.0, 0.5, 1.0])), Some(tensor([1.5]))]);
    /// ```
    ///
    /// # Panics
    /// When the shapes don't broadcast.
    #[track_caller]
    pub fn maximum(self, other: Self) -> Self {
        extreme("maximum", [self, other], |a, b| a > b)
    }

    /// Returns the smaller element of each pair, broadcast to one shape. Where both are equal, each
    /// has half of the gradient. NaN where one of them is. (`torch.minimum`)
    ///
    /// # Panics
    /// When the shapes don't broadcast.
    #[track_caller]
    pub fn minimum(self, other: Self) -> Self {
        extreme("minimum", [self, other], |a, b| a < b)
    }
}

/// Returns the element of each pair that wins against the other.
#[track_caller]
fn extreme<'t, T: Scalar>(
    name: &'static str,
    parents: [Var<'t, T>; 2],
    wins: impl Fn(T, T) -> bool + Copy + Sync + 'static,
) -> Var<'t, T> {
    let [a, b] = parents.map(Var::value);
    let winner = move |a: T, b: T| if wins(a, b) || a.is_nan() { a } else { b };
    let value = broadcast_zip(name, a.clone(), &b, winner);
    let (zero, one, half) = (T::zero(), T::one(), T::of(0.5));
    let weight = move |own: T, other: T| match own {
        own if own == other => half,
        own if wins(other, own) => zero,
        _ => one,
    };
    parents[0].tape().op(name, value, parents, move |g, need| {
        let share = |own: &Tensor<T>, other: &Tensor<T>| {
            let weights = broadcast_zip(name, own.clone(), other, weight);
            zip(
                g.clone(),
                &weights,
                |g, w| if w == zero { zero } else { g * w },
            )
        };
        let shares = [
            need[0].then(|| share(&a, &b)),
            need[1].then(|| share(&b, &a)),
        ];
        give_back(g);
        shares
    })
}
