//! What the definition declares: shapes, the printed spec, the meaning of the output, refusals.

use ndarray::Axis;
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Params, Tensor};

use super::{
    super::{
        case::{Case, MODES, in_mode},
        failure::list,
    },
    Found, near,
};
use crate::{Meaning, Mode, Plan, features, with_input_sizes};

pub fn shape(case: &Case<'_>) -> Result<Found, String> {
    case.passes().map(|()| Found::default())
}

pub fn round_trip(case: &Case<'_>) -> Result<Found, String> {
    let full: Vec<_> = case.calls.iter().map(|call| call.full()).collect();
    let full = full.join(" ");
    let spec = read(&full, case.registry, &with_input_sizes(Presets::new()));
    let spec = spec.map_err(|e| format!("`{full}` can't be read: {}", e.summary()))?;
    let plan = Plan::build(&spec, &case.shape);
    let plan = plan.map_err(|e| format!("`{full}` can't be built: {}", e.summary()))?;
    if plan.declared != case.plan.declared {
        return Err(format!("`{full}` declares different parameters"));
    }
    let again = Case {
        plan: plan.into(),
        ..case.clone()
    };
    // The form in which files store parameters: by name, in row-major order.
    let mut params = Params::new();
    for param in &case.params() {
        let value = param.value.as_standard_layout().into_owned().into_shared();
        params.push(&param.name, param.role, value);
    }
    let x = case.input(3);
    for (name, mode) in MODES {
        let (found, expected) = (
            again.run(&params, &x, mode),
            case.run(&case.params(), &x, mode),
        );
        in_mode(
            name,
            near("output", "after rebuilding", &found, &expected, 1e-12),
        )?;
    }
    Ok(Found::default())
}

pub fn meaning(case: &Case<'_>) -> Result<Found, String> {
    use Meaning::{LogProbabilities, Logits, Probabilities, UnitInterval};
    let (params, x) = (case.params(), case.input(3));
    for given in [Logits, UnitInterval, Probabilities, LogProbabilities] {
        let plan = Plan::of(&case.calls, &case.shape, given).map_err(|e| list(&e))?;
        let claimed = plan.meaning();
        let case = Case {
            plan: plan.into(),
            ..case.clone()
        };
        let y = case.run(&params, &meant(&x, given), Mode::Evaluation);
        holds(&y, claimed).map_err(|found| {
            format!("for an input of {given:?}, it declares {claimed:?}, but {found}")
        })?;
    }
    Ok(Found::default())
}

/// Transforms `x` into values that have the given meaning.
fn meant(x: &Tensor<f64>, meaning: Meaning) -> Tensor<f64> {
    let exponentials = x.mapv(f64::exp);
    let classes = class_axis(x.shape());
    let sums = exponentials.sum_axis(classes).insert_axis(classes);
    let probabilities = exponentials / sums;
    match meaning {
        Meaning::Logits => x.clone(),
        Meaning::UnitInterval => x.mapv(|x| 1.0 / (1.0 + (-x).exp())).into_shared(),
        Meaning::Probabilities => probabilities.into_shared(),
        Meaning::LogProbabilities => probabilities.mapv(f64::ln).into_shared(),
    }
}

/// Returns the axis of the classes in a batch.
fn class_axis(shape: &[usize]) -> Axis {
    Axis(1 + features::axis(&shape[1..]))
}

fn holds(y: &Tensor<f64>, meaning: Meaning) -> Result<(), String> {
    const TOLERANCE: f64 = 1e-9;
    let y = match meaning {
        Meaning::Logits => return Ok(()),
        Meaning::UnitInterval | Meaning::Probabilities => y.to_owned(),
        Meaning::LogProbabilities => y.mapv(f64::exp),
    };
    let bounds = -TOLERANCE..=1.0 + TOLERANCE;
    if let Some(value) = y.iter().find(|value| !bounds.contains(value)) {
        return Err(format!("{value} is not between 0 and 1"));
    }
    if meaning == Meaning::UnitInterval {
        return Ok(());
    }
    let sums = y.sum_axis(class_axis(y.shape()));
    match sums.iter().find(|&sum| (sum - 1.0).abs() > TOLERANCE) {
        Some(sum) => Err(format!("the classes at one position sum to {sum}, not 1")),
        None => Ok(()),
    }
}

/// Shapes of up to five dimensions, some with sizes of 0 and 1.
const SHAPES: [&[usize]; 14] = [
    &[],
    &[0],
    &[1],
    &[5],
    &[2, 3],
    &[3, 0],
    &[1, 1, 1],
    &[3, 2, 5],
    &[4, 5, 1],
    &[0, 2, 2],
    &[2, 0, 3],
    &[2, 3, 2, 2],
    &[1, 1, 1, 1],
    &[2, 1, 3, 1, 2],
];

pub fn refusals(case: &Case<'_>) -> Result<Found, String> {
    for shape in SHAPES {
        match Plan::of(&case.calls, shape, Meaning::Logits) {
            Ok(plan) => {
                let again = Case {
                    plan: plan.into(),
                    shape: shape.to_vec(),
                    ..case.clone()
                };
                again
                    .passes()
                    .map_err(|found| format!("on {shape:?} {found}"))?;
            }
            Err(errors) if errors.iter().any(|e| e.message.trim().is_empty()) => {
                return Err(format!("it refuses {shape:?} without a message"));
            }
            Err(_) => {}
        }
    }
    Ok(Found::default())
}
