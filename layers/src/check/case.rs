//! Cases: layers with arguments, built for an input shape.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::Axis;
use rand::Rng;
use tapeline_spec::{Call, Diagnostic, Named, Registry};
use tapeline_tensor::{Params, Tensor, Var, no_grad, value_and_grad};

use super::{
    failure::{Failure, list},
    inputs::normal,
};
use crate::{Batch, Ctx, Element, Init, Layer, LayerDef, Meaning, Mode, Plan, ctx::generator};

/// The training step in which cases are checked.
pub const TRAINING: Mode = Mode::Training { seed: 5, step: 3 };

/// The modes in which cases are checked, with their names.
pub const MODES: [(&str, Mode); 2] = [("training", TRAINING), ("evaluation", Mode::Evaluation)];

/// A layer, or a chain of layers, built for an input shape.
#[derive(Clone)]
pub struct Case<'r> {
    pub(super) calls: Vec<Call<LayerDef>>,
    /// Shape of the input, without the batch.
    pub(super) shape: Vec<usize>,
    pub(super) registry: &'r Registry<LayerDef>,
    pub(super) plan: std::sync::Arc<Plan>,
}

impl<'r> Case<'r> {
    /// Builds a chain of layers that has to build.
    pub(super) fn of(
        calls: &[Call<LayerDef>],
        shape: &[usize],
        registry: &'r Registry<LayerDef>,
    ) -> Result<Self, Failure> {
        let case = Case::chain(calls.to_vec(), shape, registry);
        case.map_err(|error| error.failure(&text(calls), shape))
    }

    pub(super) fn chain(
        calls: Vec<Call<LayerDef>>,
        shape: &[usize],
        registry: &'r Registry<LayerDef>,
    ) -> Result<Self, NotBuilt> {
        let plan = caught(|| Ok(Plan::of(&calls, shape, Meaning::Logits)));
        let plan = plan
            .map_err(|found| NotBuilt::Panicked(Failure::new(on(&text(&calls), shape), found)))?;
        Ok(Case {
            plan: plan.map_err(NotBuilt::Refused)?.into(),
            calls,
            shape: shape.to_vec(),
            registry,
        })
    }

    /// Returns its spec.
    pub fn text(&self) -> String {
        text(&self.calls)
    }

    /// Creates a failure of this case.
    pub(super) fn failure(&self, found: impl Into<String>) -> Failure {
        Failure::new(on(&self.text(), &self.shape), found)
    }

    /// Returns whether all its layers declare that samples don't affect each other, in training or
    /// not.
    pub(super) fn independent(&self) -> bool {
        fn all(calls: &[Call<LayerDef>]) -> bool {
            let independent = |call: &Call<LayerDef>| call.def.batch == Batch::Independent;
            let mut calls = calls.iter();
            calls.all(|call| independent(call) && call.bodies.iter().all(|body| all(body)))
        }
        all(&self.calls)
    }

    /// Samples other arguments of the layer `name`, from the ranges declared for the check, and
    /// another shape. Every third case keeps the arguments, and every third keeps the shape.
    pub(super) fn drawn(&self, name: &str, n: u64) -> Result<Self, NotBuilt> {
        let mut rng = generator(n, 0, 0, b"draw");
        let mut calls = self.calls.clone();
        if n % 3 != 1 {
            for call in calls.iter_mut().filter(|call| call.def.name == name) {
                draw(call, &mut rng).map_err(|e| NotBuilt::Refused(vec![e]))?;
            }
        }
        let mut shape = self.shape.clone();
        if n % 3 != 2 {
            for size in &mut shape {
                *size = match rng.random_range(0..4) {
                    0 => 1,
                    1 => *size,
                    _ => rng.random_range(1..=7),
                };
            }
        }
        Case::chain(calls, &shape, self.registry)
    }

    pub(super) fn forward<'t, T: Element>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.plan.chain.forward(cx, x)
    }

    pub(super) fn run<T: Element>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        mode: Mode,
    ) -> Tensor<T> {
        no_grad(params, |tape, params| {
            let x = tape.constant(x.clone());
            self.forward(&Ctx::new(tape, params, mode), x).value()
        })
    }

    /// Runs the forward and backward pass on one sample and on three, in both modes. Returns an
    /// error if a shape differs from the declared one.
    pub(super) fn passes(&self) -> Result<(), String> {
        let params = self.plan.init::<f32>(1);
        for batch in [1, 3] {
            let x = self.input(batch).mapv(|x| x as f32).into_shared();
            for (name, mode) in MODES {
                let (_, grads, found) =
                    value_and_grad(&params, std::slice::from_ref(&x), |tape, params, x| {
                        let y = self.forward(&Ctx::new(tape, params, mode), x[0]);
                        (y.sum(), y.shape())
                    });
                let announced = [&[batch], &self.plan.output[..]].concat();
                let what = if found == announced {
                    let wanted = params.iter().map(|p| &p.value).chain([&x]);
                    let pairs = grads.params.iter().chain(&grads.inputs).zip(wanted);
                    let mut pairs = pairs.filter_map(|(grad, of)| Some((grad.as_ref()?, of)));
                    let wrong = pairs.find(|(grad, of)| grad.shape() != of.shape());
                    wrong.map(|(grad, of)| {
                        let [grad, of] = [grad, of].map(|x| x.shape().to_vec());
                        format!("the gradient of an array of shape {of:?} has shape {grad:?}")
                    })
                } else {
                    Some(format!(
                        "its output has shape {found:?}, but `build` declared {announced:?}"
                    ))
                };
                in_mode(name, what.map_or(Ok(()), Err))?;
            }
        }
        Ok(())
    }

    /// Runs each sample alone and concatenates the outputs.
    pub(super) fn one_by_one(
        &self,
        params: &Params<f64>,
        x: &Tensor<f64>,
        mode: Mode,
    ) -> Tensor<f64> {
        let rows = x.axis_chunks_iter(Axis(0), 1);
        let outputs: Vec<_> = rows
            .map(|row| self.run(params, &row.to_owned().into_shared(), mode))
            .collect();
        let views: Vec<_> = outputs.iter().map(|output| output.view()).collect();
        let all = ndarray::concatenate(Axis(0), &views);
        all.unwrap_or_else(|e| panic!("outputs of one shape: {e}"))
            .into_shared()
    }

    /// Returns whether a batch in training differs from its samples run one at a time.
    pub(super) fn mixes_in_training(&self) -> bool {
        let (params, x) = (self.params(), self.input(3));
        self.run(&params, &x, TRAINING) != self.one_by_one(&params, &x, TRAINING)
    }

    /// Initial parameters, with noise added to constant ones, since zeros and ones hide faults. The
    /// others keep their values, so that activations of a deep network neither grow nor saturate.
    pub(super) fn params(&self) -> Params<f64> {
        let mut params = self.plan.init::<f64>(1);
        let declared = self.plan.declared.iter().enumerate();
        for ((n, declared), mut value) in declared.zip(params.values_mut()) {
            if matches!(declared.init, Init::Constant(_)) {
                let noise = normal(value.shape(), 100 + n as u64);
                value.zip_mut_with(&noise, |value, noise| *value += 0.1 * noise.abs());
            }
        }
        params
    }
}

/// Adds the name of the mode to an error.
pub fn in_mode<T>(mode: &str, result: Result<T, String>) -> Result<T, String> {
    result.map_err(|found| format!("in {mode}, {found}"))
}

fn text(calls: &[Call<LayerDef>]) -> String {
    let calls: Vec<_> = calls.iter().map(Call::text).collect();
    calls.join(" ")
}

fn on(text: &str, shape: &[usize]) -> String {
    format!("`{text}` on {shape:?}")
}

/// The reason why a case could not be built.
pub enum NotBuilt {
    /// A layer refused its arguments or the shape.
    Refused(Vec<Diagnostic>),
    /// A layer panicked while it was built.
    Panicked(Failure),
}

impl NotBuilt {
    /// Converts to the failure of a case that has to build.
    pub fn failure(self, text: &str, shape: &[usize]) -> Failure {
        match self {
            NotBuilt::Refused(errors) => Failure::new(on(text, shape), list(&errors)),
            NotBuilt::Panicked(failure) => failure,
        }
    }
}

/// Runs code that calls a layer or a loss. A panic counts as a failure.
pub fn caught<T>(f: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        Err(format!(
            "it panics: {}",
            text.unwrap_or("without a message")
        ))
    })
}

/// Samples the arguments of a call from the ranges declared for the check.
pub fn draw<D: Named>(call: &mut Call<D>, rng: &mut impl Rng) -> Result<(), Diagnostic> {
    for info in call.def.args().iter().filter(|info| info.drawn()) {
        if let Some(value) = info.draw(rng.random()) {
            call.args = call.args.with(info.name, value)?;
        }
    }
    Ok(())
}
