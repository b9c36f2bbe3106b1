//! The cells: one step of one sample, forward and backward.
//!
//! Each loop has few slices, so that the compiler turns it into vector instructions.

use crate::{
    Scalar,
    math::{sigmoid, tanh},
};

/// What a recurrent layer computes in each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecurrentCell {
    /// Long short-term memory, with the gates *i*, *f*, *g*, *o*. (`torch.nn.LSTM`)
    Lstm,
    /// The gated recurrent unit, with the gates *r*, *z*, *n*. (`torch.nn.GRU`)
    Gru,
    /// The hyperbolic tangent of a sum. (`torch.nn.RNN`)
    Tanh,
    /// A sum, or 0 if it is negative. (`torch.nn.RNN`)
    Relu,
}

/// One step forward.
pub struct Step<'a, T> {
    /// The product of the state with the recurrent weights, with its bias.
    pub sums: &'a [T],
    /// The product of the token with the input weights; replaced by the gates.
    pub gates: &'a mut [T],
    /// The state; replaced by the next one.
    pub state: &'a mut [T],
    /// What is stored for the backward pass: for [`RecurrentCell::Lstm`], the state of the cell,
    /// which is replaced by the next one.
    pub inner: &'a mut [T],
}

/// One step backward.
pub struct StepBack<'a, T> {
    /// The gates that the step has computed.
    pub gates: &'a [T],
    /// What the step has stored.
    pub inner: &'a [T],
    /// The state before the step.
    pub state_before: &'a [T],
    /// What the step before has stored.
    pub inner_before: &'a [T],
    /// The gradient of the state; replaced by the share of the state before that does not pass
    /// through the recurrent product.
    pub d_state: &'a mut [T],
    /// The gradient of the state of the cell that later steps return; replaced by that for the step
    /// before.
    pub d_inner: &'a mut [T],
    /// The gradient of the recurrent product.
    pub d_sums: &'a mut [T],
    /// The gradient of the input product.
    pub d_input: &'a mut [T],
}

impl RecurrentCell {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            RecurrentCell::Lstm => "lstm",
            RecurrentCell::Gru => "gru",
            RecurrentCell::Tanh | RecurrentCell::Relu => "rnn",
        }
    }

    /// Returns the number of gates: the weights have this many times `hidden` rows.
    pub fn gates(self) -> usize {
        match self {
            RecurrentCell::Lstm => 4,
            RecurrentCell::Gru => 3,
            RecurrentCell::Tanh | RecurrentCell::Relu => 1,
        }
    }

    /// Returns how many values a step stores in addition, for each value of the state.
    pub(super) fn memory(self) -> usize {
        match self {
            RecurrentCell::Lstm | RecurrentCell::Gru => 1,
            RecurrentCell::Tanh | RecurrentCell::Relu => 0,
        }
    }

    /// Returns whether the gradients of both products differ.
    pub(super) fn products_differ(self) -> bool {
        self == RecurrentCell::Gru
    }

    #[inline(always)]
    pub(super) fn forward<T: Scalar>(self, step: Step<T>) {
        match self {
            RecurrentCell::Lstm => lstm(step),
            RecurrentCell::Gru => gru(step),
            RecurrentCell::Tanh => rnn(step, tanh),
            RecurrentCell::Relu => rnn(
                step,
                #[inline(always)]
                |x| positive(x, x),
            ),
        }
    }

    #[inline(always)]
    pub(super) fn backward<T: Scalar>(self, step: StepBack<T>) {
        match self {
            RecurrentCell::Lstm => lstm_back(step),
            RecurrentCell::Gru => gru_back(step),
            RecurrentCell::Tanh => rnn_back(
                step,
                #[inline(always)]
                |g, y| g * (T::one() - y * y),
            ),
            RecurrentCell::Relu => rnn_back(step, positive),
        }
    }
}

/// Returns `x` where `by` is above zero or NaN, otherwise zero.
#[inline(always)]
fn positive<T: Scalar>(x: T, by: T) -> T {
    if by <= T::zero() { T::zero() } else { x }
}

/// The sigmoid function of a sum.
#[inline(always)]
fn logistic<T: Scalar>(x: T, sum: T, _: T) -> T {
    sigmoid(x + sum)
}

/// The slope of the sigmoid function, given its value.
#[inline(always)]
fn slope<T: Scalar>(y: T) -> T {
    y * (T::one() - y)
}

/// Replaces each value of `out` by `f` of it and of those of two other slices.
#[inline(always)]
fn each<T: Scalar>(out: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T, T) -> T) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = f(*out, a, b);
    }
}

/// Replaces each value of `out` by `f` of those of three other slices.
#[inline(always)]
fn from<T: Scalar>(out: &mut [T], a: &[T], b: &[T], c: &[T], f: impl Fn(T, T, T) -> T) {
    for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
        *out = f(a, b, c);
    }
}

/// Divides a slice into `N` equal parts.
#[inline(always)]
fn parts<T, const N: usize>(x: &[T]) -> [&[T]; N] {
    let size = x.len() / N;
    std::array::from_fn(|i| &x[i * size..][..size])
}

/// `c' = f c + i g`, `h = o tanh c'`.
#[inline(always)]
fn lstm<T: Scalar>(step: Step<T>) {
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
fn lstm_back<T: Scalar>(step: StepBack<T>) {
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

/// `n = tanh(x + r s)` with the recurrent sum `s`, `h' = (1 − z) n + z h`. In the place of *z*, 1 − z
/// is stored: where *z* is almost 1, a difference would leave few of its digits.
#[inline(always)]
fn gru<T: Scalar>(step: Step<T>) {
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
fn gru_back<T: Scalar>(step: StepBack<T>) {
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

#[inline(always)]
fn rnn<T: Scalar>(step: Step<T>, f: impl Fn(T) -> T) {
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
fn rnn_back<T: Scalar>(step: StepBack<T>, f: impl Fn(T, T) -> T) {
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
