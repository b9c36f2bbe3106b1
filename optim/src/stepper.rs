//! Applies a chain to parameters.

use std::{borrow::Cow, collections::BTreeMap};

use tapeline_tensor::{Grads, Params, is_finite, laid_out_like, zeros_like};

use crate::{
    Chain, RestoreError, State, TransformScalar,
    pass::{Link, Pass, last_non_finite, sums_of_squares},
    state,
};

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
    /// For each parameter, the factor on its learning rate.
    lr_scales: Vec<f64>,
    lr: f64,
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
            lr_scales: vec![1.0; params.len()],
            lr: 1.0,
        }
    }

    /// Returns the learning rate of the [`Optimizer`](crate::Optimizer) that created it, without any
    /// factor; 1 if it was created from a chain.
    pub fn lr(&self) -> f64 {
        self.lr
    }

    pub(crate) fn with_lr(mut self, lr: f64) -> Self {
        self.lr = lr;
        self
    }

    /// Sets a factor on the learning rate for each parameter, as for parameter groups with different
    /// learning rates in PyTorch. Decoupled weight decay has the same factor.
    ///
    /// ```
    /// use tapeline_optim::{Chain, Stepper, transforms::ScaleByLr};
    /// use tapeline_tensor::{Grads, Params, Role, tensor};
    ///
    /// let mut params = Params::<f32>::new();
    /// params.push("x", Role::Weight, tensor([1.0]));
    /// params.push("y", Role::Weight, tensor([1.0]));
    /// let stepper = Stepper::new(&Chain::new().then(ScaleByLr(0.5)), &params);
    /// let grads = vec![Some(tensor([1.0])), Some(tensor([1.0]))];
    /// let mut stepper = stepper.with_lr_scales(vec![1.0, 0.5]);
    /// stepper.step(&mut params, Grads { params: grads, inputs: vec![] }, 1.0)?;
    /// let values: Vec<_> = params.iter().map(|param| param.value[0]).collect();
    /// assert_eq!(values, [0.5, 0.75]);
    /// # Ok::<(), tapeline_optim::StepError>(())
    /// ```
    ///
    /// # Panics
    /// If the number of factors is not that of the parameters, or a factor is negative or not
    /// finite.
    #[track_caller]
    pub fn with_lr_scales(mut self, scales: Vec<f64>) -> Self {
        let (wanted, found) = (self.params.len(), scales.len());
        assert!(
            wanted == found,
            "Stepper::with_lr_scales: expected {wanted} factors, found {found}"
        );
        let is_valid = |scale: &f64| scale.is_finite() && *scale >= 0.0;
        assert!(
            scales.iter().all(is_valid),
            "Stepper::with_lr_scales: factors must be finite and at least 0, got {scales:?}"
        );
        self.lr_scales = scales;
        self
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
        // A transform with `looks` needs the squares before the first pass; otherwise that pass
        // sums them while each piece is in the cache.
        let looks_first = self.links.first().is_some_and(|l| l.transform().looks());
        let mut squares = vec![0.0; grads.params.len()];
        if looks_first {
            squares = sums_of_squares(&grads);
            self.squares.clone_from(&squares);
        }
        let mut sums_given = !looks_first;
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
            let (current, later) = links.split_at_mut(next.map_or(links.len(), |i| i + 1));
            if let Some(first) = current.first_mut().filter(|l| l.transform().looks()) {
                first.look(&mut grads, params, &squares);
            }
            let pass = Pass {
                factor,
                sums_given,
                is_last: later.is_empty(),
            };
            let done = pass.run(current, params, &mut grads, &self.params, &self.lr_scales);
            squares.fill(0.0);
            if sums_given {
                self.squares.fill(0.0);
            }
            for (param, done) in done {
                squares[param] += done.left;
                self.squares[param] += done.given;
                if !done.finite {
                    overflowed.get_or_insert(param);
                }
            }
            if later.is_empty() {
                break;
            }
            sums_given = false;
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

/// Makes names unique by numbering repeated ones: `momentum`, `momentum#2`.
fn numbered(name: &str, used: &mut BTreeMap<String, usize>) -> String {
    let n = used.entry(name.to_owned()).or_default();
    *n += 1;
    match n {
        1 => name.to_owned(),
        n => format!("{name}#{n}"),
    }
}
