//! Long short-term memory.

use super::{Step, StepBack, each, from, logistic, parts, slope};
use crate::{Scalar, math::tanh};

/// `c' = f c + i g`, `h = o tanh c'`.
#[inline(always)]
pub fn forward<T: Scalar>(step: Step<T>) {
    let Step {
        sums,
        gates,
        state,
        inner,
    } = step;
    let hidden = state.len();
    let (kept, rest) = gates.split_at_mut(2 * hidden);
    let (new, output) = rest.split_at_mut(hidden);
    let sums = [
        &sums[..2 * hidden],
        &sums[2 * hidden..][..hidden],
        &sums[3 * hidden..],
    ];
    each(kept, sums[0], sums[0], logistic);
    each(
        new,
        sums[1],
        sums[1],
        #[inline(always)]
        |x, sum, _| tanh(x + sum),
    );
    each(output, sums[2], sums[2], logistic);
    let (i, f) = kept.split_at(hidden);
    each(
        inner,
        f,
        f,
        #[inline(always)]
        |c, f, _| f * c,
    );
    each(
        inner,
        i,
        new,
        #[inline(always)]
        |c, i, g| c + i * g,
    );
    from(
        state,
        inner,
        output,
        output,
        #[inline(always)]
        |c, o, _| o * tanh(c),
    );
}

#[inline(always)]
pub fn backward<T: Scalar>(step: StepBack<T>) {
    let [i, f, g, o] = parts(step.gates);
    let hidden = i.len();
    let (d_i, rest) = step.d_sums.split_at_mut(hidden);
    let (d_f, rest) = rest.split_at_mut(hidden);
    let (d_g, d_o) = rest.split_at_mut(hidden);
    // Its place is free until the end.
    let tanh_c = d_g;
    for (out, &c) in tanh_c.iter_mut().zip(step.inner) {
        *out = tanh(c);
    }
    from(
        d_o,
        step.d_state,
        tanh_c,
        o,
        #[inline(always)]
        |d, t, o| d * t * slope(o),
    );
    for (((d_c, &d), &t), &o) in step
        .d_inner
        .iter_mut()
        .zip(&*step.d_state)
        .zip(&*tanh_c)
        .zip(o)
    {
        *d_c += d * o * (T::one() - t * t);
    }
    from(
        d_i,
        step.d_inner,
        g,
        i,
        #[inline(always)]
        |d, g, i| d * g * slope(i),
    );
    from(
        d_f,
        step.d_inner,
        step.inner_before,
        f,
        #[inline(always)]
        |d, c, f| d * c * slope(f),
    );
    from(
        tanh_c,
        step.d_inner,
        i,
        g,
        #[inline(always)]
        |d, i, g| d * i * (T::one() - g * g),
    );
    each(
        step.d_inner,
        f,
        f,
        #[inline(always)]
        |d, f, _| d * f,
    );
    step.d_state.fill(T::zero());
    step.d_input.copy_from_slice(step.d_sums);
}
