//! Passes over the memory of gradients, weights and moments, split into tasks for the pool.

use std::sync::Arc;

use tapeline_tensor::{Grads, Params, Tensor, all_finite, pool, vectorized};

use crate::{AnyTransform, Piece, Transform, TransformScalar, transforms::sum_of_squares};

/// Elements per piece. In `f32`, a gradient, a weight and two moments of this length fill a
/// first-level cache of 32 KiB.
const PIECE: usize = 2048;

/// Elements per task: some microseconds of work.
const TASK: usize = 8 * PIECE;

/// A transform with its moments.
pub struct Link<T> {
    pub transform: Arc<dyn AnyTransform>,
    /// Names of its moments in a [`State`](crate::State).
    pub names: Vec<String>,
    /// For each parameter, whether the transform applies to it.
    pub takes: Vec<bool>,
    /// For each parameter, one array per moment, laid out like the weight; empty if the transform
    /// doesn't apply to it.
    pub moments: Vec<Vec<Tensor<T>>>,
    /// The return value of [`Transform::look`] in this step.
    pub seen: f64,
}

impl<T: TransformScalar> Link<T> {
    pub fn transform(&self) -> &dyn Transform<T> {
        T::of_any(&*self.transform)
    }

    /// Passes all gradients to the transform, then each one to be changed as a whole.
    pub fn look(&mut self, grads: &mut Grads<T>, params: &Params<T>, squares: &[f64]) {
        let transform = T::of_any(&*self.transform);
        self.seen = transform.look(grads, params, squares);
        let gradients = grads.params.iter_mut().zip(&self.takes);
        let taken = gradients.filter_map(|(gradient, takes)| gradient.as_mut().filter(|_| *takes));
        pool::each(taken, |_, gradient| {
            transform.apply_whole(gradient.view_mut())
        });
    }
}

/// Returns the sum of squares of each parameter's gradient, 0 if there is none. The order of
/// summation depends on the shapes only.
pub fn sums_of_squares<T: TransformScalar>(grads: &Grads<T>) -> Vec<f64> {
    let chunks = chunks(grads);
    let mut sums: Vec<_> = chunks.map(|(param, chunk)| (param, chunk, 0.0)).collect();
    pool::each(&mut sums, |_, (_, chunk, sum)| {
        let pieces = chunk.chunks(PIECE);
        *sum = pieces
            .map(|piece| {
                vectorized(
                    #[inline(always)]
                    || sum_of_squares(piece),
                )
            })
            .sum();
    });
    let mut squares = vec![0.0; grads.params.len()];
    for (param, _, sum) in sums {
        squares[param] += sum;
    }
    squares
}

/// Returns the last parameter with a non-finite gradient. The backward pass ends at the first
/// parameters, so this is the one where the value occurred first.
pub fn last_non_finite<T: TransformScalar>(grads: &Grads<T>) -> Option<usize> {
    let mut chunks: Vec<_> = chunks(grads).map(|chunk| (chunk, true)).collect();
    pool::each(&mut chunks, |_, ((_, chunk), finite)| {
        *finite = all_finite(chunk)
    });
    let mut odd = chunks.iter().rev().filter(|(_, finite)| !finite);
    odd.next().map(|((param, _), _)| *param)
}

/// Returns the gradients in memory order, cut into tasks, each with the index of its parameter.
fn chunks<T: TransformScalar>(grads: &Grads<T>) -> impl Iterator<Item = (usize, &[T])> {
    let gradients = grads.params.iter().enumerate();
    gradients.flat_map(|(param, gradient)| {
        let flat = gradient.iter().map(|g| g.as_slice_memory_order());
        let flat = flat.map(|flat| flat.expect("admitted"));
        flat.flat_map(|flat| flat.chunks(TASK))
            .map(move |chunk| (param, chunk))
    })
}

/// A pass over all weights: applies the transforms up to the next one with `looks`.
#[derive(Clone, Copy)]
pub struct Pass {
    /// The schedule's factor on the learning rate.
    pub factor: f64,
    /// Whether to sum the squares of the gradients before any transform.
    pub sums_given: bool,
    /// Whether it is the last pass, which subtracts the transformed gradients from the weights.
    pub is_last: bool,
}

impl Pass {
    /// Runs the tasks of the pass. Returns the result of each with the index of its parameter, in
    /// an order that depends on the shapes only. `counted` has the names of the parameters and the
    /// numbers of their update steps, `scales` the factors on their learning rates.
    pub fn run<T: TransformScalar>(
        self,
        links: &mut [Link<T>],
        params: &mut Params<T>,
        grads: &mut Grads<T>,
        counted: &[(String, u64)],
        scales: &[f64],
    ) -> Vec<(usize, Done)> {
        let tasks = tasks(links, params, grads, counted);
        let of = tasks.iter().map(|task| (task.param, Done::default()));
        let mut done: Vec<_> = of.collect();
        pool::each(tasks.into_iter().zip(&mut done), |_, (task, (_, done))| {
            let factor = self.factor * scales[task.param];
            *done = task.run(Pass { factor, ..self });
        });
        done
    }
}

/// A part of one weight with its gradient, and the transforms of a pass with their moments.
struct Task<'a, T: TransformScalar> {
    param: usize,
    step: u64,
    start: usize,
    gradient: &'a mut [T],
    weight: &'a mut [T],
    links: Vec<TaskLink<'a, T>>,
}

/// A transform, the result of its `look`, and its moments in the range of a task.
type TaskLink<'a, T> = (&'a dyn Transform<T>, f64, Vec<&'a mut [T]>);

/// Splits all weights into tasks for one pass.
fn tasks<'a, T: TransformScalar>(
    links: &'a mut [Link<T>],
    params: &'a mut Params<T>,
    grads: &'a mut Grads<T>,
    counted: &[(String, u64)],
) -> Vec<Task<'a, T>> {
    let mut tasks = Vec::new();
    let mut moments: Vec<_> = links
        .iter_mut()
        .map(|link| {
            (
                T::of_any(&*link.transform),
                link.seen,
                link.takes.iter().zip(&mut link.moments),
            )
        })
        .collect();
    let weights = params.values_mut().zip(&mut grads.params).zip(counted);
    for (param, ((weight, gradient), &(_, step))) in weights.enumerate() {
        let mut links: Vec<_> = moments
            .iter_mut()
            .filter_map(|(transform, seen, moments)| {
                let (takes, moments) = moments.next()?;
                let chunks = moments.iter_mut().map(|m| flat(m).chunks_mut(TASK));
                takes.then(|| (*transform, *seen, chunks.collect()))
            })
            .collect::<Vec<(_, _, Vec<_>)>>();
        let Some(gradient) = gradient else { continue };
        let weight = weight.into_slice_memory_order().expect("admitted");
        let chunks = flat(gradient).chunks_mut(TASK).zip(weight.chunks_mut(TASK));
        for (i, (gradient, weight)) in chunks.enumerate() {
            let links = links.iter_mut().map(|(transform, seen, moments)| {
                let moments = moments.iter_mut().filter_map(Iterator::next).collect();
                (*transform, *seen, moments)
            });
            tasks.push(Task {
                param,
                step,
                start: i * TASK,
                gradient,
                weight,
                links: links.collect(),
            });
        }
    }
    tasks
}

/// The result of a [`Task`].
#[derive(Clone, Copy, Default)]
pub struct Done {
    /// The sum of squares of the gradient before any transform; 0 unless the pass sums them.
    pub given: f64,
    /// The sum of squares of the transformed gradient; 0 in the last pass.
    pub left: f64,
    /// Whether the moments, and in the last pass the weight, are finite.
    pub finite: bool,
}

impl<T: TransformScalar> Task<'_, T> {
    /// Applies the transforms to the gradient, piece by piece; in the last pass, also subtracts it
    /// from the weight.
    fn run(mut self, pass: Pass) -> Done {
        let mut done = Done {
            given: 0.0,
            left: 0.0,
            finite: true,
        };
        let pieces = self
            .gradient
            .chunks_mut(PIECE)
            .zip(self.weight.chunks_mut(PIECE));
        for (i, (gradient, weight)) in pieces.enumerate() {
            let range = i * PIECE..i * PIECE + gradient.len();
            if pass.sums_given {
                done.given += vectorized(
                    #[inline(always)]
                    || sum_of_squares(gradient),
                );
            }
            for (transform, seen, moments) in &mut self.links {
                transform.apply(Piece {
                    param: self.param,
                    start: self.start + range.start,
                    gradient,
                    weight,
                    step: self.step,
                    factor: pass.factor,
                    seen: *seen,
                    moments: moments.iter_mut().map(|m| &mut m[range.clone()]).collect(),
                });
            }
            // Checked here, since the moments are still in the first-level cache.
            let mut moments = self.links.iter().flat_map(|(_, _, moments)| moments);
            done.finite &= moments.all(|moment| all_finite(&moment[range.clone()]));
            if pass.is_last {
                let pairs = weight.iter_mut().zip(gradient);
                vectorized(
                    #[inline(always)]
                    || pairs.for_each(|(p, g)| *p -= *g),
                );
                done.finite &= all_finite(weight);
            } else {
                done.left += vectorized(
                    #[inline(always)]
                    || sum_of_squares(gradient),
                );
            }
        }
        done
    }
}

fn flat<T: TransformScalar>(array: &mut Tensor<T>) -> &mut [T] {
    array.as_slice_memory_order_mut().expect("admitted")
}
