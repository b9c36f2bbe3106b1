//! Applies a chain to parameters.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use tapeline_tensor::{
    Grads, Params, Tensor, all_finite,
    buffer::{laid_out_like, zeros_like},
    is_finite, pool, vectorized,
};

use crate::{
    AnyTransform, Chain, Piece, RestoreError, State, Transform, TransformScalar, state,
    transforms::sum_of_squares,
};

/// Elements per piece. In `f32`, a gradient, a weight and two moments of this length fill a
/// first-level cache of 32 KiB.
const PIECE: usize = 2048;

/// Elements per task: some microseconds of work.
const TASK: usize = 8 * PIECE;

/// Applies a [`Chain`] to parameters: turns gradients into weight updates, and stores the moments
/// of its transforms.
///
/// Weights, gradients and moments are processed in the memory order of the weight, in pieces of a
/// fixed size.
pub struct Stepper<T: TransformScalar = f32> {
    links: Vec<Link<T>>,
    /// Whether the last link keeps averages of the weights.
    averages: bool,
    /// For each parameter, its name and the number of its update steps.
    params: Vec<(String, u64)>,
    /// For each parameter, the sum of squares of its gradient in the last step.
    squares: Vec<f64>,
}

/// A value in a step is NaN or infinite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// A gradient contains NaN or an infinity. The step changed nothing.
    #[error("the gradient of `{name}` isn't finite")]
    Gradient {
        /// The name of the weight.
        name: String,
    },
    /// All gradients are finite, but a weight or a moment overflowed. The step was applied, and the
    /// old weights are lost.
    #[error("the update makes `{name}` not finite")]
    Update {
        /// The name of the weight, or of the moment as in a [`State`].
        name: String,
    },
}

/// A transform with its moments.
struct Link<T> {
    transform: Arc<dyn AnyTransform>,
    /// Names of its moments in a [`State`].
    names: Vec<String>,
    /// For each parameter, whether the transform applies to it.
    takes: Vec<bool>,
    /// For each parameter, one array per moment, laid out like the weight; empty if the transform
    /// doesn't apply to it.
    moments: Vec<Vec<Tensor<T>>>,
    seen: f64,
}

impl<T: TransformScalar> Link<T> {
    fn transform(&self) -> &dyn Transform<T> {
        T::of_any(&*self.transform)
    }

    /// Passes all gradients to the transform, then each one to be changed as a whole.
    fn look(&mut self, grads: &mut Grads<T>, params: &Params<T>, squares: &[f64]) {
        let transform = T::of_any(&*self.transform);
        self.seen = transform.look(grads, params, squares);
        let gradients = grads.params.iter_mut().zip(&self.takes);
        let taken = gradients.filter_map(|(gradient, takes)| gradient.as_mut().filter(|_| *takes));
        pool::each(taken, |_, gradient| {
            transform.apply_whole(gradient.view_mut())
        });
    }
}

impl<T: TransformScalar> Stepper<T> {
    /// Creates a stepper that has made no step yet.
    pub fn new(chain: &Chain, params: &Params<T>) -> Self {
        let mut used = BTreeMap::new();
        let mut links = Vec::new();
        for transform in chain.iter() {
            let face = T::of_any(&*transform);
            let kept = face.moments();
            let takes: Vec<_> = params
                .iter()
                .map(|p| p.role.is_learned() && face.takes(p.role))
                .collect();
            let moments = params.iter().zip(&takes).map(|(p, takes)| match takes {
                true => kept.iter().map(|_| zeros_like(&p.value)).collect(),
                false => Vec::new(),
            });
            links.push(Link {
                names: kept.iter().map(|name| numbered(name, &mut used)).collect(),
                moments: moments.collect(),
                takes,
                seen: 0.0,
                transform,
            });
        }
        Stepper {
            links,
            averages: chain.averages(),
            params: params.iter().map(|p| (p.name.clone(), 0)).collect(),
            squares: vec![0.0; params.len()],
        }
    }

    /// Makes one step: applies the chain to `grads` and subtracts the result from the weights.
    /// `factor` is the schedule's factor on the learning rate. Buffers, and weights without a
    /// gradient, stay unchanged.
    ///
    /// ```
    /// use tapeline_optim::{Chain, Stepper, transforms::ScaleByLr};
    /// use tapeline_tensor::{Grads, Params, Role, tensor};
    ///
    /// let mut params = Params::<f32>::new();
    /// params.push("x", Role::Weight, tensor([1.0]));
    /// let mut stepper = Stepper::new(&Chain::new().then(ScaleByLr(0.5)), &params);
    /// let grads = Grads { params: vec![Some(tensor([2.0]))], inputs: vec![] };
    /// stepper.step(&mut params, grads, 0.5)?;
    /// assert_eq!(params.iter().next().unwrap().value, tensor([0.5]));
    /// # Ok::<(), tapeline_optim::StepError>(())
    /// ```
    ///
    /// # Errors
    /// If a gradient is not finite; parameters and stepper are then unchanged. If the update makes
    /// a weight or a moment not finite; the step has then been applied.
    ///
    /// # Panics
    /// If `params` differ from those of [`Stepper::new`] in number or shapes, a gradient doesn't
    /// have the shape of its weight, a weight is not contiguous in memory, or `factor` is negative
    /// or not finite.
    #[track_caller]
    pub fn step(
        &mut self,
        params: &mut Params<T>,
        mut grads: Grads<T>,
        factor: f64,
    ) -> Result<(), StepError> {
        assert!(
            factor.is_finite() && factor >= 0.0,
            "Stepper::step: factor must be finite and at least 0, got {factor}"
        );
        self.admit(params, &mut grads);
        if let Some(param) = last_non_finite(&grads) {
            grads.give_back();
            let name = self.params[param].0.clone();
            return Err(StepError::Gradient { name });
        }
        // A transform that looks wants the squares before the first pass; otherwise that pass sums them while it has each piece in
        // cache.
        let looks_first = self.links.first().is_some_and(|l| l.transform().looks());
        let mut squares = vec![0.0; grads.params.len()];
        if looks_first {
            squares = sums_of_squares(&grads);
            self.squares.clone_from(&squares);
        }
        let mut is_first = !looks_first;
        let given = self.params.iter_mut().zip(&grads.params);
        given
            .filter(|(_, gradient)| gradient.is_some())
            .for_each(|((_, steps), _)| *steps += 1);

        let mut overflowed = None;
        let mut links = &mut self.links[..];
        loop {
            // A transform with `looks` starts a new pass: it needs the gradients of all pieces
            // after the preceding transforms.
            let next = links.iter().skip(1).position(|l| l.transform().looks());
            let (pass, later) = links.split_at_mut(next.map_or(links.len(), |i| i + 1));
            if let Some(first) = pass.first_mut().filter(|l| l.transform().looks()) {
                first.look(&mut grads, params, &squares);
            }
            let tasks = tasks(pass, params, &mut grads, &self.params);
            let mut done: Vec<_> = tasks.iter().map(|_| Done::default()).collect();
            let of: Vec<_> = tasks.iter().map(|task| task.param).collect();
            pool::each(tasks.into_iter().zip(&mut done), |_, (task, done)| {
                *done = task.run(factor, is_first, later.is_empty());
            });
            squares.fill(0.0);
            if is_first {
                self.squares.fill(0.0);
            }
            for (&param, done) in of.iter().zip(&done) {
                squares[param] += done.left;
                self.squares[param] += done.given;
                if !done.finite {
                    overflowed.get_or_insert(param);
                }
            }
            if later.is_empty() {
                break;
            }
            is_first = false;
            links = later;
        }
        grads.give_back();
        match overflowed {
            Some(param) => Err(StepError::Update {
                name: self.overflowed(params, param),
            }),
            None => Ok(()),
        }
    }

    /// Returns the name of the value that overflowed for a parameter: the weight, or else a moment.
    fn overflowed(&self, params: &Params<T>, param: usize) -> String {
        let name = &self.params[param].0;
        let weight = params.iter().nth(param).map(|p| &p.value);
        if weight.is_some_and(|weight| !is_finite(weight)) {
            return name.clone();
        }
        let moments = self
            .links
            .iter()
            .flat_map(|link| link.names.iter().zip(&link.moments[param]));
        let mut odd = moments.filter(|(_, moment)| !is_finite(moment));
        odd.next()
            .map_or_else(|| name.clone(), |(moment, _)| format!("{moment}.{name}"))
    }

    /// Checks numbers and shapes, and lays out gradients and moments like their weights.
    #[track_caller]
    fn admit(&mut self, params: &Params<T>, grads: &mut Grads<T>) {
        let (wanted, given) = (self.params.len(), (params.len(), grads.params.len()));
        assert!(
            given == (wanted, wanted),
            "Stepper::step: expected {wanted} parameters and gradients, found {} and {}",
            given.0,
            given.1
        );
        for (i, (param, gradient)) in params.iter().zip(&mut grads.params).enumerate() {
            if !param.role.is_learned() {
                *gradient = None;
            }
            let Some(gradient) = gradient else { continue };
            let (name, weight) = (&param.name, &param.value);
            assert!(
                weight.as_slice_memory_order().is_some(),
                "Stepper::step: `{name}` is not contiguous"
            );
            let moments = self.links.iter_mut().flat_map(|l| &mut l.moments[i]);
            for array in moments.chain([gradient]) {
                let shape = array.shape();
                assert!(
                    shape == weight.shape(),
                    "Stepper::step: `{name}` has shape {:?}, its gradient or moment {shape:?}",
                    weight.shape()
                );
                if array.strides() != weight.strides() {
                    *array = laid_out_like(array, weight);
                }
            }
        }
    }

    /// Returns the parameters with each weight replaced by its moving average, if the chain keeps
    /// averages. Buffers, and weights that have not been updated yet, are unchanged. Without
    /// averages, returns the parameters themselves.
    ///
    /// ```
    /// use tapeline_optim::{Chain, Stepper, transforms::ScaleByLr};
    /// use tapeline_tensor::{Grads, Params, Role, tensor};
    ///
    /// let mut params = Params::<f32>::new();
    /// params.push("x", Role::Weight, tensor([1.0]));
    /// let mut stepper = Stepper::new(&Chain::new().then(ScaleByLr(0.5)).averaged(0.75), &params);
    /// for _ in 0..2 {
    ///     let grads = Grads { params: vec![Some(tensor([2.0]))], inputs: vec![] };
    ///     stepper.step(&mut params, grads, 1.0)?;
    /// }
    /// assert_eq!(params.iter().next().unwrap().value, tensor([-1.0]));
    /// assert_eq!(stepper.averaged(&params).iter().next().unwrap().value, tensor([-0.25]));
    /// # Ok::<(), tapeline_optim::StepError>(())
    /// ```
    ///
    /// # Panics
    /// If the number of `params` differs from that of [`Stepper::new`].
    #[track_caller]
    pub fn averaged<'p>(&self, params: &'p Params<T>) -> Cow<'p, Params<T>> {
        let (wanted, given) = (self.params.len(), params.len());
        assert!(
            given == wanted,
            "Stepper::averaged: expected {wanted} parameters, found {given}"
        );
        let Some(link) = self.links.last().filter(|_| self.averages) else {
            return Cow::Borrowed(params);
        };
        let mut averaged = Params::new();
        for ((p, kept), (_, steps)) in params.iter().zip(&link.moments).zip(&self.params) {
            let average = kept.first().filter(|_| *steps > 0);
            let value = average.unwrap_or(&p.value).clone();
            averaged.push(p.name.clone(), p.role, value);
        }
        Cow::Owned(averaged)
    }

    /// Returns the Euclidean norm of each parameter's gradient in the last step, before any
    /// transform, with the name of the parameter; 0 if there was no gradient, and before the first
    /// step.
    pub fn gradient_norms(&self) -> impl Iterator<Item = (&str, f64)> {
        let names = self.params.iter().map(|(name, _)| name.as_str());
        names.zip(self.squares.iter().map(|square| square.sqrt()))
    }

    /// Returns the state needed to resume with bit-identical results.
    pub fn state(&self) -> State<T> {
        let mut state = State::default();
        for (i, (param, steps)) in self.params.iter().enumerate() {
            state.steps.push((state::steps_of(param), *steps));
            for link in &self.links {
                let moments = link.names.iter().zip(&link.moments[i]);
                let named = moments.map(|(name, x)| (format!("{name}.{param}"), x.clone()));
                state.moments.extend(named);
            }
        }
        state
    }

    /// Restores a [`State`]. The chain and the parameters must be those of the saved stepper.
    ///
    /// ```
    /// use tapeline_optim::{Optimizer, optimizers};
    /// use tapeline_tensor::{Params, Role, tensor};
    ///
    /// let mut params = Params::<f32>::new();
    /// params.push("0.weight", Role::Weight, tensor([1.0]));
    /// let sgd = Optimizer::read("sgd(momentum=0.9)", &optimizers())?;
    /// let state = sgd.init(&params).state();
    /// assert_eq!(state.moments[0].0, "momentum.0.weight");
    ///
    /// let mut later = sgd.init(&params);
    /// later.restore(&state)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a counter or an array is missing, unknown or repeated, or has another shape. The stepper
    /// is then unchanged.
    pub fn restore(&mut self, state: &State<T>) -> Result<(), RestoreError> {
        let mut found = state.by_name()?;
        let mut params = self.params.clone();
        for (param, steps) in &mut params {
            *steps = found.steps(&state::steps_of(param))?;
        }
        let mut links = Vec::new();
        for link in &self.links {
            let mut moments = link.moments.clone();
            for ((param, _), moments) in params.iter().zip(&mut moments) {
                for (name, moment) in link.names.iter().zip(moments) {
                    let array = found.moment(&format!("{name}.{param}"), moment.shape())?;
                    *moment = laid_out_like(array, moment);
                }
            }
            links.push(moments);
        }
        found.nothing_left()?;
        self.params = params;
        for (link, moments) in self.links.iter_mut().zip(links) {
            link.moments = moments;
        }
        Ok(())
    }
}

/// Returns the sum of squares of each parameter's gradient, 0 if there is none. The order of
/// summation depends on the shapes only.
fn sums_of_squares<T: TransformScalar>(grads: &Grads<T>) -> Vec<f64> {
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
fn last_non_finite<T: TransformScalar>(grads: &Grads<T>) -> Option<usize> {
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
struct Done {
    /// The sum of squares of the gradient before any transform; 0 after the first pass.
    given: f64,
    /// The sum of squares of the transformed gradient; 0 in the last pass.
    left: f64,
    /// Whether the moments, and in the last pass the weight, are finite.
    finite: bool,
}

impl<T: TransformScalar> Task<'_, T> {
    /// Applies the transforms to the gradient, piece by piece; in the last pass, also subtracts it
    /// from the weight.
    fn run(mut self, factor: f64, first: bool, last: bool) -> Done {
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
            if first {
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
                    factor,
                    seen: *seen,
                    moments: moments.iter_mut().map(|m| &mut m[range.clone()]).collect(),
                });
            }
            // Checked here, since the moments are still in the first-level cache.
            let mut moments = self.links.iter().flat_map(|(_, _, moments)| moments);
            done.finite &= moments.all(|moment| all_finite(&moment[range.clone()]));
            if last {
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

/// Makes names unique by numbering repeated ones: `momentum`, `momentum#2`.
fn numbered(name: &str, used: &mut BTreeMap<String, usize>) -> String {
    let n = used.entry(name.to_owned()).or_default();
    *n += 1;
    match n {
        1 => name.to_owned(),
        n => format!("{name}#{n}"),
    }
}

fn flat<T: TransformScalar>(array: &mut Tensor<T>) -> &mut [T] {
    array.as_slice_memory_order_mut().expect("admitted")
}
