//! The gated recurrent unit.

use super::{Step, StepBack, each, from, logistic, parts, slope};
use crate::{
    Scalar,
    math::{sigmoid, tanh},
};

/// `n = tanh(x + r s)` with the recurrent sum `s`, `h' = (1 − z) n + z h`. In the place of *z*, 1 − z
/// is stored: where *z* is almost 1, a difference would leave few of its digits.
#[inline(always)]
pub fn forward<T: Scalar>(step: Step<T>) {
    let hidden = step.state.len();
    let (r, rest) = step.gates.split_at_mut(hidden);
    let (share, new) = rest.split_at_mut(hidden);
    let [of_r, of_z, of_new] = parts(step.sums);
    each(r, of_r, of_r, logistic);
    from(step.inner, share, of_z, of_z, logistic);
    each(
        share,
        of_z,
        of_z,
        #[inline(always)]
        |x, sum, _| sigmoid(-(x + sum)),
    );
    each(
        new,
        r,
        of_new,
        #[inline(always)]
        |x, r, sum| tanh(x + r * sum),
    );
    each(
        step.state,
        step.inner,
        step.inner,
        #[inline(always)]
        |h, z, _| z * h,
    );
    each(
        step.state,
        share,
        new,
        #[inline(always)]
        |kept, share, n| share * n + kept,
    );
    step.inner.copy_from_slice(of_new);
}

#[inline(always)]
pub fn backward<T: Scalar>(step: StepBack<T>) {
    let [r, share, n] = parts(step.gates);
    let hidden = r.len();
    let (d_r, rest) = step.d_input.split_at_mut(hidden);
    let (d_z, d_n) = rest.split_at_mut(hidden);
    from(
        d_n,
        step.d_state,
        share,
        n,
        #[inline(always)]
        |d, share, n| d * share * (T::one() - n * n),
    );
    from(
        d_z,
        step.state_before,
        n,
        share,
        #[inline(always)]
        |h, n, share| (h - n) * slope(share),
    );
    each(
        d_z,
        step.d_state,
        step.d_state,
        #[inline(always)]
        |x, d, _| x * d,
    );
    from(
        d_r,
        d_n,
        step.inner,
        r,
        #[inline(always)]
        |d, sum, r| d * sum * slope(r),
    );
    let (switches, new) = step.d_sums.split_at_mut(2 * hidden);
    switches.copy_from_slice(&step.d_input[..2 * hidden]);
    from(
        new,
        &step.d_input[2 * hidden..],
        r,
        r,
        #[inline(always)]
        |d, r, _| d * r,
    );
    each(
        step.d_state,
        share,
        share,
        #[inline(always)]
        |d, share, _| d * (T::one() - share),
    );
}
