//! A function of a sum.

use super::{Step, StepBack, each, from};
use crate::Scalar;

#[inline(always)]
pub fn forward<T: Scalar>(step: Step<T>, f: impl Fn(T) -> T) {
    each(
        step.gates,
        step.sums,
        step.sums,
        #[inline(always)]
        |x, sum, _| f(x + sum),
    );
    step.state.copy_from_slice(step.gates);
}

/// `f` is the gradient of a sum, given that of its function and the value of that.
#[inline(always)]
pub fn backward<T: Scalar>(step: StepBack<T>, f: impl Fn(T, T) -> T) {
    from(
        step.d_sums,
        step.d_state,
        step.gates,
        step.gates,
        #[inline(always)]
        |g, y, _| f(g, y),
    );
    step.d_state.fill(T::zero());
    step.d_input.copy_from_slice(step.d_sums);
}
