//! What a loss is held to.

use tapeline_spec::Registry;
use tapeline_tensor::{Params, Tensor, check, no_grad};

use super::{Failure, case::normal, list};
use crate::{Element, LossDef, loss};

/// What was checked of a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossReport {
    /// Number of cases: arguments and a shape of the outputs.
    pub cases: usize,
    /// Number of points where it has a kink, so that there is no derivative to compare with.
    pub kinks: usize,
    /// The largest relative difference between a gradient and finite differences.
    pub worst: f64,
}

/// Checks a loss: its gradient by the outputs agrees with finite differences, it is one finite number, and `f32` gives what `f64` gives,
/// within rounding.
///
/// # Errors
/// The first failure, with the case that shows it.
pub fn loss(def: &LossDef) -> Result<LossReport, Failure> {
    let fail = |case: &str, found: String| Failure::new(case, found);
    let registry = Registry::new("loss")
        .with(*def)
        .map_err(|e| fail(def.name, e.to_string()))?;
    if def.examples.is_empty() {
        return Err(fail(def.name, "its definition has no examples".into()));
    }
    let mut report = LossReport::default();
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
    report: &mut LossReport,
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
    let checked = checked.map_err(|mismatch| mismatch.to_string())?;
    report.kinks += checked.kinks.len();
    report.worst = report.worst.max(checked.worst);
    Ok(())
}

fn value<T: Element>(loss: &dyn crate::AnyLoss, output: Tensor<T>, targets: &[usize]) -> Tensor<T> {
    no_grad(&Params::new(), |tape, _| {
        T::loss(loss).value(tape.constant(output), targets).value()
    })
}
