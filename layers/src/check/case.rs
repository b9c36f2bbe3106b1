//! A layer with arguments, on an input shape.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{Array, Axis};
use ndarray_rand::{RandomExt, rand_distr::StandardNormal};
use rand::Rng;
use tapeline_spec::{Call, Diagnostic, Named, Registry};
use tapeline_tensor::{Params, Tensor, Var, no_grad};

use super::{Aspect, Failure, Found};
use crate::{Batch, Ctx, Element, Layer, LayerDef, Mode, Plan, ctx::generator};

/// The step of training that is looked at.
pub const TRAINING: Mode = Mode::Training { seed: 5, step: 3 };

/// A layer, or a chain of them, built for an input shape.
#[derive(Clone)]
pub struct Case<'r> {
    pub(super) calls: Vec<Call<'r, LayerDef>>,
    /// Shape of the input, without the batch.
    pub(super) shape: Vec<usize>,
    pub(super) registry: &'r Registry<LayerDef>,
    pub(super) plan: std::sync::Arc<Plan>,
}

impl<'r> Case<'r> {
    pub(super) fn new(
        call: Call<'r, LayerDef>,
        shape: &[usize],
        registry: &'r Registry<LayerDef>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Case::chain(vec![call], shape, registry)
    }

    pub(super) fn chain(
        calls: Vec<Call<'r, LayerDef>>,
        shape: &[usize],
        registry: &'r Registry<LayerDef>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Ok(Case {
            plan: Plan::build(&calls, shape)?.into(),
            calls,
            shape: shape.to_vec(),
            registry,
        })
    }

    /// Its spec in full.
    pub fn text(&self) -> String {
        let calls: Vec<_> = self.calls.iter().map(Call::text).collect();
        calls.join(" ")
    }

    /// Whether each of its layers claims that samples don't see each other, training or not.
    pub(super) fn independent(&self) -> bool {
        fn all(calls: &[Call<'_, LayerDef>]) -> bool {
            let independent = |call: &Call<'_, LayerDef>| call.def.batch == Batch::Independent;
            let mut calls = calls.iter();
            calls.all(|call| independent(call) && call.bodies.iter().all(|body| all(body)))
        }
        all(&self.calls)
    }

    /// The same layer with other arguments, which its keys say are to be tried, on another shape; every third time with the same arguments,
    /// every third time on the same shape.
    pub(super) fn drawn(&self, n: u64) -> Result<Self, Vec<Diagnostic>> {
        let mut rng = generator(n, 0, 0, b"draw");
        let mut call = self.calls[0].clone();
        if n % 3 != 1 {
            draw(&mut call, &mut rng).map_err(|e| vec![e])?;
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
        Case::new(call, &shape, self.registry)
    }

    /// Looks at one aspect. A panic is a fault like any other.
    pub(super) fn look(&self, aspect: &Aspect) -> Result<Found, String> {
        catch_unwind(AssertUnwindSafe(|| (aspect.look)(self))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            Err(format!(
                "it panics: {}",
                text.unwrap_or("without a message")
            ))
        })
    }

    /// What was found, in the smallest case that still shows a fault.
    pub(super) fn smallest(&self, aspect: &Aspect, found: String) -> Failure {
        let (mut least, mut found) = (self.clone(), found);
        'smaller: loop {
            for axis in 0..least.shape.len() {
                let size = least.shape[axis];
                for smaller in [1, size / 2, size - 1] {
                    if !(1..size).contains(&smaller) {
                        continue;
                    }
                    let mut shape = least.shape.clone();
                    shape[axis] = smaller;
                    let Ok(case) = Case::chain(least.calls.clone(), &shape, self.registry) else {
                        continue;
                    };
                    if let Err(still) = case.look(aspect) {
                        (least, found) = (case, still);
                        continue 'smaller;
                    }
                }
            }
            let case = format!("`{}` on {:?}", least.text(), least.shape);
            return Failure::new(case, format!("{}: {found}", aspect.name));
        }
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

    /// What comes out, sample by sample.
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

    /// Whether a batch in training is another thing than its samples one by one.
    pub(super) fn mixes_in_training(&self) -> bool {
        let (params, x) = (self.params(), self.input(3));
        self.run(&params, &x, TRAINING) != self.one_by_one(&params, &x, TRAINING)
    }

    /// First values, and something in the place of zeros and ones, which hide faults.
    pub(super) fn params(&self) -> Params<f64> {
        let mut params = self.plan.init::<f64>(1);
        for (n, mut value) in params.values_mut().enumerate() {
            let noise = normal(value.shape(), 100 + n as u64);
            value.zip_mut_with(&noise, |value, noise| *value += 0.1 * noise.abs());
        }
        params
    }

    pub(super) fn input(&self, batch: usize) -> Tensor<f64> {
        normal(&[&[batch], &self.shape[..]].concat(), 2)
    }
}

/// Gives a call other arguments, which its keys say are to be tried.
pub fn draw<D: Named>(call: &mut Call<'_, D>, rng: &mut impl Rng) -> Result<(), Diagnostic> {
    for info in call.def.args().iter().filter(|info| info.drawn()) {
        if let Some(value) = info.draw(rng.random()) {
            call.args = call.args.with(info.name, value)?;
        }
    }
    Ok(())
}

/// Values from a normal distribution; exact in `f32`, so that both types of number see the same.
pub fn normal(shape: &[usize], seed: u64) -> Tensor<f64> {
    let values =
        Array::<f32, _>::random_using(shape, StandardNormal, &mut generator(seed, 0, 0, b"test"));
    values.mapv(f64::from).into_shared()
}
