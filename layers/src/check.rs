//! One line that holds a layer or a loss to what is expected of it.
//!
//! A layer is built from its examples and from arguments drawn from what its keys say is to be tried, and run in training and in evaluation,
//! on one sample and on several:
//!
//! - the gradients of its parameters and its input agree with finite differences, in `f64`;
//! - its output has the shape that building announced;
//! - the same seed and step give the same bits;
//! - `f32` gives what `f64` gives, within rounding.

use std::fmt;

use ndarray::{Array, Dimension};
use ndarray_rand::{RandomExt, rand_distr::StandardNormal};
use tapeline_spec::{Args, Call, Diagnostic, Presets, Registry, read};
use tapeline_tensor::{Params, Tensor, check, no_grad};

use crate::{Ctx, Element, Layer, LayerDef, LossDef, Mode, Plan, ctx::generator, layers, loss};

/// How many sets of arguments are drawn for each example.
const DRAWS: u64 = 12;

/// What was checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Number of cases that were run: arguments, input shape, batch size and mode.
    pub cases: usize,
    /// Number of drawn arguments that the layer refused for an input shape.
    pub refused: usize,
    /// Number of points where the function has a kink, so that there is no derivative to compare with.
    pub kinks: usize,
    /// The largest relative difference between a gradient and finite differences.
    pub worst: f64,
}

/// What was found wrong, and in which case.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The case: a spec, an input shape with the batch, a mode.
    pub case: String,
    /// What was found and what was expected.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.case, self.found)
    }
}

impl std::error::Error for Failure {}

/// Checks a layer; its bodies in examples may use the layers of this crate.
///
/// # Errors
/// The first failure, with the case that shows it.
pub fn layer(def: &LayerDef) -> Result<Report, Failure> {
    let fail = |case: &str, found: String| Failure {
        case: case.into(),
        found,
    };
    let registry = if layers().get(def.name).is_some() {
        Ok(layers())
    } else {
        layers().with(*def)
    };
    let registry = registry.map_err(|e| fail(def.name, e.to_string()))?;
    if def.examples.is_empty() {
        return Err(fail(def.name, "its definition has no examples".into()));
    }

    let mut report = Report::default();
    for &(text, shape) in def.examples {
        let resolved = read(text, &registry, &Presets::new()).map_err(|e| fail(text, list(&e)))?;
        let calls = resolved.calls();
        let plan = Plan::build(&calls, shape).map_err(|e| fail(text, list(&e)))?;
        every_mode(&plan, text, &mut report)?;
        let [call] = &calls[..] else {
            return Err(fail(
                text,
                format!("an example holds one layer, not {}", calls.len()),
            ));
        };
        for n in 0..DRAWS {
            let drawn = draw(call, n).map_err(|e| fail(text, e.message))?;
            match Plan::build(std::slice::from_ref(&drawn), shape) {
                Ok(plan) => every_mode(&plan, &drawn.full(), &mut report)?,
                Err(_) => report.refused += 1,
            }
        }
    }
    Ok(report)
}

fn list(errors: &[Diagnostic]) -> String {
    let lines: Vec<_> = errors.iter().map(Diagnostic::to_string).collect();
    lines.join("; ")
}

/// The call with other arguments: what its keys say is to be tried.
fn draw<'r>(call: &Call<'r, LayerDef>, n: u64) -> Result<Call<'r, LayerDef>, Diagnostic> {
    let infos = call.def.args;
    let values = infos.iter().zip(0..).filter_map(|(info, place)| {
        let value = info.draw(
            n.wrapping_mul(0x9E37_79B9)
                .wrapping_add(place * 0x85EB_CA6B),
        );
        value.map(|value| (info.name, value))
    });
    let mut drawn = call.clone();
    drawn.args = Args::of(infos, &values.collect::<Vec<_>>())?;
    Ok(drawn)
}

fn every_mode(plan: &Plan, text: &str, report: &mut Report) -> Result<(), Failure> {
    for mode in [Mode::Training { seed: 5, step: 3 }, Mode::Evaluation] {
        for batch in [1, 3] {
            let mut shape = vec![batch];
            shape.extend(&plan.input);
            one(plan, &shape, mode, report).map_err(|found| {
                let mode = if mode == Mode::Evaluation {
                    "evaluation"
                } else {
                    "training"
                };
                Failure {
                    case: format!("`{text}` on {shape:?} in {mode}"),
                    found,
                }
            })?;
            report.cases += 1;
        }
    }
    Ok(())
}

fn one(plan: &Plan, shape: &[usize], mode: Mode, report: &mut Report) -> Result<(), String> {
    let params = plan.init::<f64>(1);
    let x = normal(shape, 2);
    let y = run(plan, &params, &x, mode);

    let announced = [&shape[..1], &plan.output].concat();
    if y.shape() != announced {
        return Err(format!(
            "its output has shape {:?}, but it announced {announced:?}",
            y.shape()
        ));
    }
    if run(plan, &params, &x, mode) != y {
        return Err("a second run with the same seed and step gave other values".into());
    }
    let single = run(
        plan,
        &params.cast::<f32>(),
        &x.mapv(|x| x as f32).into_shared(),
        mode,
    );
    for ((index, &wide), &narrow) in y.indexed_iter().zip(&single) {
        if (wide - f64::from(narrow)).abs() > 1e-4 * wide.abs().max(1.0) {
            return Err(format!(
                "output {:?} is {narrow} in f32, but {wide} in f64",
                index.as_array_view().to_vec()
            ));
        }
    }
    let checked = check::gradients(&params, &[x], |tape, params, inputs| {
        plan.chain.forward(&Ctx::new(tape, params, mode), inputs[0])
    });
    count(report, checked.map_err(|mismatch| mismatch.to_string())?);
    Ok(())
}

fn count(report: &mut Report, checked: check::Report) {
    report.kinks += checked.kinks.len();
    report.worst = report.worst.max(checked.worst);
}

fn run<T: Element>(plan: &Plan, params: &Params<T>, x: &Tensor<T>, mode: Mode) -> Tensor<T> {
    no_grad(params, |tape, params| {
        let x = tape.constant(x.clone());
        plan.chain.forward(&Ctx::new(tape, params, mode), x).value()
    })
}

/// Values from a normal distribution; exact in `f32`, so that both types of number see the same.
fn normal(shape: &[usize], seed: u64) -> Tensor<f64> {
    let values =
        Array::<f32, _>::random_using(shape, StandardNormal, &mut generator(seed, 0, 0, b"test"));
    values.mapv(f64::from).into_shared()
}

/// Checks a loss: its gradient by the outputs agrees with finite differences, it is one finite number, and `f32` gives what `f64` gives,
/// within rounding.
///
/// # Errors
/// The first failure, with the case that shows it.
pub fn loss(def: &LossDef) -> Result<Report, Failure> {
    let fail = |case: &str, found: String| Failure {
        case: case.into(),
        found,
    };
    let registry = Registry::new("loss")
        .with(*def)
        .map_err(|e| fail(def.name, e.to_string()))?;
    if def.examples.is_empty() {
        return Err(fail(def.name, "its definition has no examples".into()));
    }
    let mut report = Report::default();
    for &text in def.examples {
        let loss = loss::read(text, &registry).map_err(|e| fail(text, list(&e)))?;
        for (rows, classes) in [(1, 2), (1, 10), (4, 3), (5, 10)] {
            let found = one_loss(&*loss.loss, rows, classes, &mut report);
            found.map_err(|found| fail(&format!("`{text}` on [{rows}, {classes}]"), found))?;
            report.cases += 1;
        }
    }
    Ok(report)
}

fn one_loss(
    loss: &dyn crate::AnyLoss,
    rows: usize,
    classes: usize,
    report: &mut Report,
) -> Result<(), String> {
    let output = normal(&[rows, classes], 3);
    let targets: Vec<usize> = (0..rows).map(|row| row * 7 % classes).collect();
    let wide = value::<f64>(loss, output.clone(), &targets);
    let narrow = value::<f32>(loss, output.mapv(|y| y as f32).into_shared(), &targets);
    if wide.len() != 1 || !wide.sum().is_finite() {
        return Err(format!("its value is {wide}, not one finite number"));
    }
    if (wide.sum() - f64::from(narrow.sum())).abs() > 1e-5 * wide.sum().abs().max(1.0) {
        return Err(format!("it is {narrow} in f32, but {wide} in f64"));
    }
    let checked = check::gradients(&Params::new(), &[output], |_, _, inputs| {
        f64::loss(loss).value(inputs[0], &targets)
    });
    count(report, checked.map_err(|mismatch| mismatch.to_string())?);
    Ok(())
}

fn value<T: Element>(loss: &dyn crate::AnyLoss, output: Tensor<T>, targets: &[usize]) -> Tensor<T> {
    no_grad(&Params::new(), |tape, _| {
        T::loss(loss).value(tape.constant(output), targets).value()
    })
}
