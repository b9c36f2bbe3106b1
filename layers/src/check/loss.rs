//! The check of a loss.

use ndarray::Axis;
use rand::{Rng, seq::SliceRandom};
use tapeline_spec::{ArgInfo, Call, Registry, read_chain};
use tapeline_tensor::{
    Params, Tensor,
    check::{self, Check},
    no_grad, value_and_grad,
};

use super::{
    DRAWS, Failure,
    case::{caught, draw},
    inputs::{mixed, normal, round},
    points::OPERATIONS,
};
use crate::{AnyLoss, Element, LossDef, ctx::generator, one_hot};

/// Numbers of samples and classes of the outputs that are checked.
const SHAPES: [[usize; 2]; 5] = [[1, 2], [2, 1], [4, 3], [1, 10], [5, 10]];

/// Number of samples of the data set that is split into batches, and number of random splits.
const DATA: usize = 12;
const PARTITIONS: u64 = 4;

/// The result of checking a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossReport {
    /// Number of cases: arguments and a shape of the outputs.
    pub cases: usize,
    /// Number of cases that the loss refused.
    pub refused: usize,
    /// Number of points at a kink, where there is no derivative to compare with.
    pub kinks: usize,
    /// The largest relative difference between a gradient and finite differences.
    pub worst: f64,
    /// The largest relative difference that would have been allowed.
    pub allowed: f64,
}

/// Checks a loss with the arguments of its examples, and with others sampled from the ranges
/// declared for the check:
///
/// - its gradient with respect to the outputs agrees with finite differences, in `f64`;
/// - it is a mean over samples, with the weights summed by [`Loss::weight`](crate::Loss::weight):
///   over a data set it does not depend on the order of the samples or on how they are split into
///   batches;
/// - its [loss of mixed targets](crate::SoftLoss), if it has one, agrees with it on whole targets,
///   and has a right gradient on others;
/// - value and gradient are finite, also for outputs of ±10 000, and `f32` agrees with `f64` within
///   rounding.
///
/// # Errors
/// The first failure, with the case that shows it.
pub fn loss(def: &LossDef) -> Result<LossReport, Failure> {
    let registry = Registry::new("loss")
        .with(*def)
        .map_err(|e| Failure::new(def.name, e.to_string()))?;
    if def.examples.is_empty() {
        return Err(Failure::new(def.name, "its definition has no examples"));
    }
    let mut report = LossReport::default();
    for (&text, place) in def.examples.iter().zip(0..) {
        let calls = read_chain(text, &registry).map_err(|e| Failure::new(text, e.summary()))?;
        let [call] = &calls[..] else {
            return Err(Failure::new(
                text,
                format!("an example must contain one loss, got {}", calls.len()),
            ));
        };
        let before = report.cases;
        every_shape(call, &mut report)?;
        if report.cases == before {
            return Err(Failure::new(text, format!("it refuses all of {SHAPES:?}")));
        }
        let draws = DRAWS * u64::from(def.args.iter().any(ArgInfo::drawn));
        for n in 0..draws {
            let mut drawn = call.clone();
            draw(&mut drawn, &mut generator(n, place, 0, b"draw"))
                .map_err(|e| Failure::new(text, e.to_string()))?;
            every_shape(&drawn, &mut report)?;
        }
    }
    Ok(report)
}

fn every_shape(call: &Call<LossDef>, report: &mut LossReport) -> Result<(), Failure> {
    for shape @ [_, classes] in SHAPES {
        let checked = caught(|| {
            // Classes 0, 1, 2 … have 1, 2, 3 … samples.
            let counts: Vec<_> = (1..=classes).collect();
            let args = (call.def.for_counts)(&call.args, &counts);
            let loss = (call.def.build)(&args);
            if f64::loss(&*loss).expect_classes(classes).is_err() {
                report.refused += 1;
                return Ok(());
            }
            report.cases += 1;
            one(&*loss, shape, report)
        });
        checked.map_err(|found| Failure::new(format!("`{}` on {shape:?}", call.text()), found))?;
    }
    Ok(())
}

fn one(
    loss: &dyn AnyLoss,
    [rows, classes]: [usize; 2],
    report: &mut LossReport,
) -> Result<(), String> {
    let output = normal(&[rows, classes], 3);
    let targets: Vec<usize> = (0..rows).map(|row| row * 7 % classes).collect();

    let wide = finite::<f64>(loss, &output, &targets)?;
    let narrow = finite::<f32>(loss, &output, &targets)?;
    if (wide - narrow).abs() > 1e-5 * wide.abs().max(1.0) {
        return Err(format!("the loss is {narrow} in f32, but {wide} in f64"));
    }
    every_partition(loss, classes)?;
    let extreme = output.mapv(|y| if y < 0.0 { -1e4 } else { 1e4 });
    let extreme = extreme.into_shared();
    finite::<f64>(loss, &extreme, &targets)
        .and_then(|_| finite::<f32>(loss, &extreme, &targets))
        .map_err(|found| format!("for outputs of ±10000, {found}"))?;

    soft(loss, &output, &targets)?;
    let shape = [rows, classes];
    for (check, output) in [
        (Check::DEFAULT, output),
        (Check::DEFAULT, mixed(&shape, 3)),
        // Differences of outputs and targets are exactly at kinks, margins as well.
        (OPERATIONS, round(&shape, &[])),
    ] {
        let checked = check.gradients(&Params::new(), &[output], |_, _, inputs| {
            f64::loss(loss).value(inputs[0], &targets)
        });
        let checked = checked.map_err(|mismatch| mismatch.to_string())?;
        report.kinks += checked.kinks.len();
        report.worst = report.worst.max(checked.worst);
        report.allowed = report.allowed.max(checked.allowed);
    }
    Ok(())
}

/// Checks the loss of mixed targets, if there is one: of whole targets, it is the loss itself; and its
/// gradient is right.
fn soft(loss: &dyn AnyLoss, output: &Tensor<f64>, targets: &[usize]) -> Result<(), String> {
    let (loss, [samples, classes]) = (f64::loss(loss), [output.shape()[0], output.shape()[1]]);
    let Some(mixed) = loss.soft() else {
        return Ok(());
    };
    let value = no_grad(&Params::new(), |tape, _| {
        let output = tape.constant(output.clone());
        let whole = loss.value(output, targets).value().sum();
        let soft = mixed.value(output, one_hot(output, targets)).value().sum();
        [whole * loss.weight(targets) / samples as f64, soft]
    });
    if (value[0] - value[1]).abs() > 1e-12 * value[0].abs().max(1.0) {
        return Err(format!(
            "the loss of one-hot shares is {}, but that of their classes has a sum of {} per sample",
            value[1], value[0]
        ));
    }
    let shares = normal(&[samples, classes], 7).mapv(f64::exp);
    let sums = shares.sum_axis(Axis(1)).insert_axis(Axis(1));
    let shares = (shares / sums).into_shared();
    let checked = check::gradients(
        &Params::new(),
        std::slice::from_ref(output),
        |tape, _, inputs| mixed.value(inputs[0], tape.constant(shares.clone())),
    );
    checked.map_err(|mismatch| format!("with mixed targets, {mismatch}"))?;
    Ok(())
}

/// Checks that the mean over a data set depends neither on the batches nor on the order.
fn every_partition(loss: &dyn AnyLoss, classes: usize) -> Result<(), String> {
    let output = normal(&[DATA, classes], 5);
    let targets: Vec<usize> = (0..DATA).map(|row| row * row % classes).collect();
    let whole = finite::<f64>(loss, &output, &targets)?;
    for n in 0..PARTITIONS {
        let mut rng = generator(n, 0, 0, b"part");
        let mut order: Vec<usize> = (0..DATA).collect();
        order.shuffle(&mut rng);
        let (mut sizes, mut sum, mut weights) = (Vec::new(), 0.0, 0.0);
        let mut rest = &order[..];
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(rng.random_range(1..=rest.len()));
            let targets: Vec<usize> = batch.iter().map(|&row| targets[row]).collect();
            let value = finite::<f64>(loss, &output.select(Axis(0), batch).into(), &targets)?;
            let weight = f64::loss(loss).weight(&targets);
            if !(weight > 0.0 && weight.is_finite()) {
                return Err(format!(
                    "the weight of a batch with targets {targets:?} is {weight}, which must be above 0"
                ));
            }
            sizes.push(batch.len());
            (sum, weights, rest) = (sum + value * weight, weights + weight, later);
        }
        let mean = sum / weights;
        if (mean - whole).abs() > 1e-12 * whole.abs().max(1.0) {
            return Err(format!(
                "over {DATA} samples, the loss is {whole} in one batch, but {mean} in batches of {sizes:?}; a loss is a mean over the batch, and \
                 `Loss::weight` returns the sum of the samples' weights"
            ));
        }
    }
    Ok(())
}

/// Returns the loss, after checking that its value and gradient are finite.
fn finite<T: Element>(
    loss: &dyn AnyLoss,
    output: &Tensor<f64>,
    targets: &[usize],
) -> Result<f64, String> {
    let output = output.mapv(T::of).into_shared();
    let (_, grads, value) = value_and_grad(&Params::new(), &[output], |_, _, inputs| {
        let y = T::loss(loss).value(inputs[0], targets);
        (y.sum(), y.value())
    });
    if value.len() != 1 || !value.sum().is_finite() {
        let float = T::NAME;
        return Err(format!(
            "its value in {float} is {value}, not a finite scalar"
        ));
    }
    let gradient = grads.inputs[0].iter().flatten();
    match gradient.copied().find(|g| !g.is_finite()) {
        Some(odd) => Err(format!("its gradient in {} contains {odd}", T::NAME)),
        None => Ok(value.sum().widen()),
    }
}
