//! The cells: one step of one sample, forward and backward.
//!
//! Each loop has few slices, so that the compiler turns it into vector instructions.

mod gru;
mod lstm;
mod rnn;

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
            RecurrentCell::Lstm => lstm::forward(step),
            RecurrentCell::Gru => gru::forward(step),
            RecurrentCell::Tanh => rnn::forward(step, tanh),
            RecurrentCell::Relu => rnn::forward(
                step,
                #[inline(always)]
                |x| positive(x, x),
            ),
        }
    }

    #[inline(always)]
    pub(super) fn backward<T: Scalar>(self, step: StepBack<T>) {
        match self {
            RecurrentCell::Lstm => lstm::backward(step),
            RecurrentCell::Gru => gru::backward(step),
            RecurrentCell::Tanh => rnn::backward(
                step,
                #[inline(always)]
                |g, y| g * (T::one() - y * y),
            ),
            RecurrentCell::Relu => rnn::backward(step, positive),
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
