//! A chain at work.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use tapeline_tensor::{Grads, Params, Tensor, buffer::zeros_like, pool, vectorized};

use crate::{
    AnyTransform, Chain, Element, Piece, RestoreError, State, Transform, state,
    transforms::sum_of_squares,
};

/// Elements of a piece: in `f32`, a gradient, a weight and two moments fill a first-level cache of 32 KiB.
const PIECE: usize = 2048;

/// Elements of a task: some microseconds of work.
const TASK: usize = 8 * PIECE;

/// A [`Chain`] at work on parameters: turns gradients into changed weights, and keeps what its transforms remember.
///
/// Weights, gradients and moments are walked in the order in which the weight lies in memory, and cut into pieces of a fixed size.
pub struct Stepper<T: Element = f32> {
    links: Vec<Link<T>>,
    /// Whether the last link keeps the weights' averages.
    averages: bool,
    /// For each entry of the parameters: its name, and the number of steps that it was given.
    params: Vec<(String, u64)>,
    /// For each of them the sum of the squares of its gradient in the last step.
    squares: Vec<f64>,
}

/// A transform, and what it remembers.
struct Link<T> {
    transform: Arc<dyn AnyTransform>,
    /// What its moments are called in a [`State`].
    names: Vec<String>,
    /// Whether the transform applies to each entry of the parameters.
    takes: Vec<bool>,
    /// For each entry of the parameters one array a moment, laid out like its weight; none where it takes no part.
    moments: Vec<Vec<Tensor<T>>>,
    seen: f64,
}

impl<T: Element> Link<T> {
    fn transform(&self) -> &dyn Transform<T> {
        T::of_any(&*self.transform)
    }

    /// Shows it all gradients, then gives it one after another to change.
    fn look(&mut self, grads: &mut Grads<T>, params: &Params<T>) {
        let transform = T::of_any(&*self.transform);
        self.seen = transform.look(grads, params);
        let gradients = grads.params.iter_mut().zip(&self.takes);
        let taken = gradients.filter_map(|(gradient, takes)| gradient.as_mut().filter(|_| *takes));
        pool::each(taken, |_, gradient| {
            transform.apply_whole(gradient.view_mut())
        });
    }
}

impl<T: Element> Stepper<T> {
    /// A stepper that has made no step yet.
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

    /// Makes one step: leads `grads` through the chain and subtracts what comes out. `factor` is the schedule's factor on the learning
    /// rate. Buffers, and weights without a gradient, stay as they are.
    ///
    /// ```
    /// use tapeline_optim::{Chain, Stepper, transforms::ScaleByLr};
    /// use tapeline_tensor::{Grads, Params, Role, tensor};
    ///
    /// let mut params = Params::<f32>::new();
    /// params.push("x", Role::Weight, tensor([1.0]));
    /// let mut stepper = Stepper::new(&Chain::new().then(ScaleByLr(0.5)), &params);
    /// let grads = Grads { params: vec![Some(tensor([2.0]))], inputs: vec![] };
    /// stepper.step(&mut params, grads, 0.5);
    /// assert_eq!(params.iter().next().unwrap().value, tensor([0.5]));
    /// ```
    ///
    /// # Panics
    /// When `params` are not those of [`Stepper::new`] in number and shapes, a gradient has not its weight's shape, a weight is not
    /// contiguous in memory, or `factor` is negative or not finite.
    #[track_caller]
    pub fn step(&mut self, params: &mut Params<T>, mut grads: Grads<T>, factor: f64) {
        assert!(
            factor.is_finite() && factor >= 0.0,
            "Stepper::step: a factor of {factor}"
        );
        self.admit(params, &mut grads);
        self.squares.fill(0.0);
        let mut first = true;
        let mut links = &mut self.links[..];
        loop {
            // A transform that looks begins a pass: those before it must be through with all pieces.
            let next = links.iter().skip(1).position(|l| l.transform().looks());
            let (pass, later) = links.split_at_mut(next.map_or(links.len(), |i| i + 1));
            if let Some(first) = pass.first_mut().filter(|l| l.transform().looks()) {
                first.look(&mut grads, params);
            }
            let tasks = tasks(pass, params, &mut grads, &self.params);
            let mut squares: Vec<_> = tasks.iter().map(|task| (task.param, 0.0)).collect();
            pool::each(
                tasks.into_iter().zip(&mut squares),
                |_, (task, (_, square))| {
                    *square = task.run(factor, later.is_empty());
                },
            );
            if std::mem::take(&mut first) {
                squares
                    .iter()
                    .for_each(|&(param, square)| self.squares[param] += square);
            }
            if later.is_empty() {
                return grads.give_back();
            }
            links = later;
        }
    }

    /// Checks that everything fits together, lays gradients and moments out like their weights, and counts the step.
    #[track_caller]
    fn admit(&mut self, params: &Params<T>, grads: &mut Grads<T>) {
        let (wanted, given) = (self.params.len(), (params.len(), grads.params.len()));
        assert!(
            given == (wanted, wanted),
            "Stepper::step: {} parameters with {} gradients, made for {wanted}",
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
            self.params[i].1 += 1;
        }
    }

    /// The parameters with each weight's moving average in its place, if the chain keeps them; buffers, and weights that were given no
    /// step, are as they are. Without averages, the parameters themselves.
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
    ///     stepper.step(&mut params, grads, 1.0);
    /// }
    /// assert_eq!(params.iter().next().unwrap().value, tensor([-1.0]));
    /// assert_eq!(stepper.averaged(&params).iter().next().unwrap().value, tensor([-0.25]));
    /// ```
    ///
    /// # Panics
    /// When `params` are not those of [`Stepper::new`] in number.
    #[track_caller]
    pub fn averaged<'p>(&self, params: &'p Params<T>) -> Cow<'p, Params<T>> {
        let (wanted, given) = (self.params.len(), params.len());
        assert!(
            given == wanted,
            "Stepper::averaged: {given} parameters, made for {wanted}"
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

    /// The Euclidean norm of each parameter's gradient in the last step, with the parameter's name; 0 where there was none, and before the
    /// first step. An optimizer that begins with a transform of whole matrices, like `muon`, has it after that transform.
    pub fn gradient_norms(&self) -> impl Iterator<Item = (&str, f64)> {
        let names = self.params.iter().map(|(name, _)| name.as_str());
        names.zip(self.squares.iter().map(|square| square.sqrt()))
    }

    /// What has to be kept to go on later with the same bits.
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

    /// Takes a [`State`] up. The chain and the parameters are to be those with which it was made.
    ///
    /// ```
    /// use tapeline_optim::{Optimizer, optimizers};
    /// use tapeline_tensor::{Params, Role, tensor};
    ///
    /// let mut params = Params::<f32>::new();
    /// params.push("0.weight", Role::Weight, tensor([1.0]));
    /// let optimizers = optimizers();
    /// let sgd = Optimizer::read("sgd(momentum=0.9)", &optimizers).unwrap();
    /// let state = sgd.init(&params).state();
    /// assert_eq!(state.moments[0].0, "momentum.0.weight");
    ///
    /// let mut later = sgd.init(&params);
    /// later.restore(&state)?;
    /// # Ok::<(), tapeline_optim::RestoreError>(())
    /// ```
    ///
    /// # Errors
    /// When a counter or an array is missing, unknown or repeated, or has another shape. The stepper then stays as it was.
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

/// A part of one weight with its gradient, and the transforms of a pass with what they keep of it.
struct Task<'a, T: Element> {
    param: usize,
    step: u64,
    start: usize,
    gradient: &'a mut [T],
    weight: &'a mut [T],
    links: Vec<TaskLink<'a, T>>,
}

/// A transform, what it saw, and its moments of a task.
type TaskLink<'a, T> = (&'a dyn Transform<T>, f64, Vec<&'a mut [T]>);

/// Cuts all weights into tasks for one pass.
fn tasks<'a, T: Element>(
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

impl<T: Element> Task<'_, T> {
    /// Leads the gradient through the transforms, piece by piece; after the last pass, subtracts it. Returns the sum of the squares of the
    /// gradient as it came.
    fn run(mut self, factor: f64, last: bool) -> f64 {
        let mut square = 0.0;
        let pieces = self
            .gradient
            .chunks_mut(PIECE)
            .zip(self.weight.chunks_mut(PIECE));
        for (i, (gradient, weight)) in pieces.enumerate() {
            let range = i * PIECE..i * PIECE + gradient.len();
            square += vectorized(|| sum_of_squares(gradient));
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
            if last {
                let pairs = weight.iter_mut().zip(gradient);
                vectorized(|| pairs.for_each(|(p, g)| *p -= *g));
            }
        }
        square
    }
}

/// A second of a name gets a number: `momentum`, `momentum#2`.
fn numbered(name: &str, used: &mut BTreeMap<String, usize>) -> String {
    let n = used.entry(name.to_owned()).or_default();
    *n += 1;
    match n {
        1 => name.to_owned(),
        n => format!("{name}#{n}"),
    }
}

fn flat<T: Element>(array: &mut Tensor<T>) -> &mut [T] {
    array.as_slice_memory_order_mut().expect("admitted")
}

fn laid_out_like<T: Element>(x: &Tensor<T>, like: &Tensor<T>) -> Tensor<T> {
    let mut out = zeros_like(like);
    out.assign(x);
    out
}
