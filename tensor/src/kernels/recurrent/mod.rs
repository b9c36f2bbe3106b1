//! Recurrent cells: a step computes the state from the previous one and the values of a token.
//!
//! Samples don't affect each other, so a task takes a few samples through all steps, and threads
//! never wait for each other. The product of all tokens with the input weights comes first, as one
//! product; a step then multiplies the states of the samples by the recurrent weights, which stay
//! in cache.
//!
//! Backward, a step computes the gradients of its sums. The gradients of the weights are products
//! over all steps, computed afterwards.

mod cells;
mod packed;

use ndarray::ArrayView2;
use pulp::{Simd, WithSimd};

use super::{product::Start, simd::run_for};
use crate::{Scalar, buffer::Buffer, pool};
pub use cells::RecurrentCell;
use cells::{Step, StepBack};
use packed::Packed;

/// Minimum number of samples of a task, so that reading the weights pays.
const FEWEST: usize = 16;

/// The sizes of a recurrent layer.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub cell: RecurrentCell,
    pub samples: usize,
    pub steps: usize,
    pub features: usize,
    pub hidden: usize,
    /// Whether the last token comes first.
    pub reverse: bool,
}

impl Sizes {
    /// Returns the number of sums of a step.
    pub fn width(&self) -> usize {
        self.cell.gates() * self.hidden
    }

    /// Returns the number of samples of a task. It depends on their number alone, and a power of
    /// two of tasks divides well over threads.
    fn task(&self) -> usize {
        let tasks = 1 << (self.samples / FEWEST).max(1).ilog2();
        self.samples.div_ceil(tasks).max(1)
    }

    /// Returns the token of each step.
    fn order(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let (steps, reverse) = (self.steps, self.reverse);
        (0..steps).map(move |step| if reverse { steps - 1 - step } else { step })
    }

    /// Returns the token of the step before that of `token`.
    pub fn before(&self, token: usize) -> Option<usize> {
        match self.reverse {
            true => Some(token + 1).filter(|&token| token < self.steps),
            false => token.checked_sub(1),
        }
    }
}

/// The weights of a cell: `input` is `[width, features]`, `hidden` is `[width, hidden]`. Each
/// product has a bias.
#[derive(Clone, Copy)]
pub struct Weights<'a, T> {
    pub input: ArrayView2<'a, T>,
    pub hidden: ArrayView2<'a, T>,
    pub biases: [&'a [T]; 2],
}

/// What the backward pass needs in addition to the states.
pub struct Saved<T: Scalar> {
    /// The gates, `[samples, steps, width]`.
    gates: Buffer<T>,
    /// `[samples, steps, hidden]`, if the cell stores more than its state.
    memory: Buffer<T>,
}

/// Computes all steps for `x`, `[samples, steps, features]`: the states, `[samples, steps,
/// hidden]`, and what the backward pass needs. No size but that of `samples` is 0.
pub fn forward<T: Scalar>(x: &[T], weights: Weights<T>, sizes: &Sizes) -> (Buffer<T>, Saved<T>) {
    let (states, width) = (sizes.samples * sizes.steps, sizes.width());
    let mut y = Buffer::any(states * sizes.hidden);
    let mut saved = Saved {
        gates: Buffer::any(states * width),
        memory: Buffer::any(states * sizes.cell.memory() * sizes.hidden),
    };
    let task = sizes.task() * sizes.steps;
    let of_states = task * sizes.hidden;
    let mut memory = saved.memory.chunks_mut(of_states);
    let parts = x.chunks(task * sizes.features).zip(y.chunks_mut(of_states));
    let parts = parts.zip(saved.gates.chunks_mut(task * width));
    let tasks = parts.map(|((x, y), gates)| Forward {
        sizes,
        weights: &weights,
        x,
        y,
        gates,
        memory: memory.next().unwrap_or_default(),
    });
    pool::each(tasks, |_, task| task.run());
    (y, saved)
}

/// Computes the gradients of the sums of all steps, `[samples, steps, width]`, given that of the
/// states and what [`forward`] returned: those of the input product, and those of the recurrent
/// product if they differ.
pub fn backward<T: Scalar>(
    g: &[T],
    y: &[T],
    saved: &Saved<T>,
    hidden: ArrayView2<T>,
    sizes: &Sizes,
) -> (Buffer<T>, Option<Buffer<T>>) {
    let width = sizes.width();
    let mut d_input = Buffer::any(saved.gates.len());
    let differ = sizes.cell.products_differ();
    let mut d_sums = differ.then(|| Buffer::any(saved.gates.len()));
    let task = sizes.task() * sizes.steps;
    let (of_states, of_sums) = (task * sizes.hidden, task * width);
    let mut memories = saved.memory.chunks(of_states);
    let mut d_sums_parts = d_sums
        .as_deref_mut()
        .unwrap_or_default()
        .chunks_mut(of_sums);
    let parts = g.chunks(of_states).zip(y.chunks(of_states));
    let parts = parts
        .zip(saved.gates.chunks(of_sums))
        .zip(d_input.chunks_mut(of_sums));
    let tasks = parts.map(|(((g, y), gates), d_input)| Backward {
        sizes,
        hidden: &hidden,
        g,
        y,
        gates,
        memory: memories.next().unwrap_or_default(),
        d_input,
        d_sums: d_sums_parts.next(),
    });
    pool::each(tasks, |_, task| task.run());
    (d_input, d_sums)
}

/// All steps of some samples.
struct Forward<'a, 'w, T> {
    sizes: &'a Sizes,
    weights: &'a Weights<'w, T>,
    x: &'a [T],
    y: &'a mut [T],
    gates: &'a mut [T],
    memory: &'a mut [T],
}

impl<T: Scalar> Forward<'_, '_, T> {
    fn run(self) {
        let &Sizes {
            cell,
            steps,
            hidden,
            ..
        } = self.sizes;
        let (width, [of_input, of_hidden]) = (self.sizes.width(), self.weights.biases);
        let packed = Packed::new(self.weights.input.reversed_axes());
        packed.product(self.x, self.gates, Start::Row(of_input));
        let packed = Packed::new(self.weights.hidden.reversed_axes());
        let samples = self.y.len() / (steps * hidden);
        let mut sums = Buffer::any(samples * width);
        let [mut state, mut inner] = [0, 1].map(|_| Buffer::zeros(samples * hidden));
        for token in self.sizes.order() {
            packed.product(&state, &mut sums, Start::Row(of_hidden));
            compiled::<T>(
                #[inline(always)]
                || {
                    let states = state.chunks_mut(hidden).zip(inner.chunks_mut(hidden));
                    let states = states.zip(sums.chunks(width)).enumerate();
                    for (sample, ((state, inner), sums)) in states {
                        let place = sample * steps + token;
                        cell.forward(Step {
                            sums,
                            gates: &mut self.gates[place * width..][..width],
                            state,
                            inner,
                        });
                        self.y[place * hidden..][..hidden].copy_from_slice(state);
                        if !self.memory.is_empty() {
                            self.memory[place * hidden..][..hidden].copy_from_slice(inner);
                        }
                    }
                },
            );
        }
    }
}

/// The backward pass of all steps of some samples.
struct Backward<'a, 'w, T> {
    sizes: &'a Sizes,
    hidden: &'a ArrayView2<'w, T>,
    g: &'a [T],
    y: &'a [T],
    gates: &'a [T],
    memory: &'a [T],
    d_input: &'a mut [T],
    d_sums: Option<&'a mut [T]>,
}

impl<T: Scalar> Backward<'_, '_, T> {
    fn run(mut self) {
        let &Sizes {
            cell,
            steps,
            hidden,
            ..
        } = self.sizes;
        let width = self.sizes.width();
        let packed = Packed::new(self.hidden.view());
        let samples = self.y.len() / (steps * hidden);
        let mut sums = Buffer::any(samples * width);
        let [mut d_state, mut d_inner] = [0, 1].map(|_| Buffer::zeros(samples * hidden));
        let zeros = Buffer::zeros(hidden);
        for token in self.sizes.order().rev() {
            let before = self.sizes.before(token);
            compiled::<T>(
                #[inline(always)]
                || {
                    let states = d_state.chunks_mut(hidden).zip(d_inner.chunks_mut(hidden));
                    let states = states.zip(sums.chunks_mut(width)).enumerate();
                    for (sample, ((d_state, d_inner), d_sums)) in states {
                        let place = sample * steps + token;
                        let before = before.map(|before| sample * steps + before);
                        for (d, &g) in d_state.iter_mut().zip(&self.g[place * hidden..]) {
                            *d += g;
                        }
                        cell.backward(StepBack {
                            gates: &self.gates[place * width..][..width],
                            inner: stored(self.memory, Some(place), &zeros),
                            state_before: stored(self.y, before, &zeros),
                            inner_before: stored(self.memory, before, &zeros),
                            d_state,
                            d_inner,
                            d_sums,
                            d_input: &mut self.d_input[place * width..][..width],
                        });
                        if let Some(all) = &mut self.d_sums {
                            all[place * width..][..width].copy_from_slice(d_sums);
                        }
                    }
                },
            );
            if before.is_some() {
                packed.product(&sums, &mut d_state, Start::Rows);
            }
        }
    }
}

/// Returns the stored values of a step; zeros if there is no such step, or nothing is stored.
#[inline(always)]
fn stored<'a, T>(x: &'a [T], place: Option<usize>, zeros: &'a [T]) -> &'a [T] {
    let values = place.and_then(|place| x.chunks(zeros.len()).nth(place));
    values.unwrap_or(zeros)
}

/// Runs a loop compiled for the vectors of the products.
fn compiled<T: Scalar>(f: impl FnOnce()) {
    run_for::<T, _>(Loop(f));
}

struct Loop<F>(F);

impl<F: FnOnce()> WithSimd for Loop<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        (self.0)();
    }
}
