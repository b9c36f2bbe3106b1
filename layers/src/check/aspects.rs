//! The aspects that layers are checked for.

use ndarray::{Axis, Slice};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Params, Pool, Tensor, check, value_and_grad};

use super::{
    case::{Case, MODES, caught, in_mode},
    failure::{Failure, list},
    nodes::nodes,
};
use crate::{Ctx, Element, Meaning, Mode, Plan};

/// A property that is checked for each case.
pub struct Aspect {
    /// Its name.
    pub name: &'static str,
    /// The requirement, in one line.
    pub about: &'static str,
    /// Checks a case. The error says what was found and what was expected.
    pub look: fn(&Case<'_>) -> Result<Found, String>,
}

/// Statistics of a check that passed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Number of kinks.
    pub kinks: usize,
    /// The largest relative difference.
    pub worst: f64,
    /// The reason why there was nothing to check.
    pub skipped: Option<String>,
}

/// All aspects, in the order in which they are checked.
pub const ASPECTS: &[Aspect] = &[
    Aspect {
        name: "shape",
        about: "the output has the shape declared by `build`",
        look: shape,
    },
    Aspect {
        name: "gradients",
        about: "gradients with respect to parameters and input agree with finite differences, in training and evaluation, for inputs from 0.01 to 100",
        look: gradients,
    },
    Aspect {
        name: "layouts",
        about: "the memory layout of the input does not affect the output",
        look: layouts,
    },
    Aspect {
        name: "determinism",
        about: "runs with the same seed and step, and all runs in evaluation, are bit-identical",
        look: determinism,
    },
    Aspect {
        name: "batch",
        about: "samples of a batch do not affect each other, unless the layer declares that they do in training",
        look: batch,
    },
    Aspect {
        name: "precision",
        about: "outputs in f32 and f64 agree within rounding",
        look: precision,
    },
    Aspect {
        name: "threads",
        about: "values and gradients are bit-identical on one thread and on two",
        look: threads,
    },
    Aspect {
        name: "extremes",
        about: "values and gradients are finite in f32 for inputs of ±10 000",
        look: extremes,
    },
    Aspect {
        name: "round_trip",
        about: "rebuilt from its printed spec, the layer gives the same output for the same parameters",
        look: round_trip,
    },
    Aspect {
        name: "meaning",
        about: "the output has the declared meaning (such as probabilities), for every meaning of the input",
        look: meaning,
    },
    Aspect {
        name: "refusals",
        about: "every input shape is either refused with a message or works, with the declared shapes in the forward and backward pass",
        look: refusals,
    },
    Aspect {
        name: "nodes",
        about: "its ONNX nodes compute the same as `forward` in evaluation, for inputs from 0.01 to 100",
        look: nodes,
    },
];

/// The maximum allowed difference between `f32` and `f64`, relative to the larger of 1 and the
/// value.
const ROUNDING: f64 = 1e-4;

impl Aspect {
    /// Checks a case. A panic counts as a failure.
    pub(super) fn check(&self, case: &Case<'_>) -> Result<Found, String> {
        caught(|| (self.look)(case))
    }

    /// Shrinks the shape of a failed case while it still fails, and returns the failure of the
    /// smallest one.
    pub(super) fn smallest(&self, case: &Case<'_>, found: String) -> Failure {
        let (mut least, mut found) = (case.clone(), found);
        'smaller: loop {
            for axis in 0..least.shape.len() {
                let size = least.shape[axis];
                for smaller in [1, size / 2, size - 1] {
                    if !(1..size).contains(&smaller) {
                        continue;
                    }
                    let mut shape = least.shape.clone();
                    shape[axis] = smaller;
                    let Ok(case) = Case::chain(least.calls.clone(), &shape, least.registry) else {
                        continue;
                    };
                    if let Err(still) = self.check(&case) {
                        (least, found) = (case, still);
                        continue 'smaller;
                    }
                }
            }
            return least.failure(format!("{}: {found}", self.name));
        }
    }
}

fn shape(case: &Case<'_>) -> Result<Found, String> {
    case.passes().map(|()| Found::default())
}

fn gradients(case: &Case<'_>) -> Result<Found, String> {
    let mut all = Found::default();
    for batch in [1, 3] {
        for (name, mode) in MODES {
            for (magnitude, x) in [
                ("", case.input(batch)),
                (" of mixed magnitudes", case.mixed_input(batch)),
            ] {
                let found = agree(case, &x, mode)
                    .map_err(|mismatch| format!("with {batch} samples{magnitude}, {mismatch}"));
                let found = in_mode(name, found)?;
                all.kinks += found.kinks.len();
                all.worst = all.worst.max(found.worst);
            }
        }
    }
    Ok(all)
}

/// Compares the gradients with finite differences.
fn agree(case: &Case<'_>, x: &Tensor<f64>, mode: Mode) -> Result<check::Report, check::Mismatch> {
    // The output of another layer is not necessarily contiguous.
    check::gradients(&case.params(), &[scattered(x)], |tape, params, inputs| {
        case.forward(&Ctx::new(tape, params, mode), inputs[0])
    })
}

/// Copies the values into an array with gaps between its elements.
fn scattered<T: Element>(x: &Tensor<T>) -> Tensor<T> {
    let doubled: Vec<_> = x.shape().iter().map(|size| 2 * size).collect();
    let mut larger = Tensor::zeros(doubled);
    for axis in 0..larger.ndim() {
        larger.slice_axis_inplace(Axis(axis), Slice::new(0, None, 2));
    }
    larger.assign(x);
    larger
}

/// Copies the values into an array whose first dimension is contiguous.
fn column_major(x: &Tensor<f64>) -> Tensor<f64> {
    let shape: Vec<_> = x.shape().iter().rev().copied().collect();
    let mut out = Tensor::zeros(shape).reversed_axes();
    out.assign(x);
    out
}

fn layouts(case: &Case<'_>) -> Result<Found, String> {
    let (params, x) = (case.params(), case.input(3));
    for (name, mode) in MODES {
        let expected = case.run(&params, &x, mode);
        for (layout, x) in [
            ("with gaps in memory", scattered(&x)),
            ("in column-major order", column_major(&x)),
        ] {
            let found = case.run(&params, &x, mode);
            let what = format!("for an input {layout}");
            in_mode(name, near(&what, &found, &expected, 1e-12))?;
        }
    }
    Ok(Found::default())
}

fn determinism(case: &Case<'_>) -> Result<Found, String> {
    let (params, x) = (case.params(), case.input(3));
    for (name, mode) in MODES {
        if case.run(&params, &x, mode) != case.run(&params, &x, mode) {
            return in_mode(
                name,
                Err("a second run with the same seed and step gave different values".into()),
            );
        }
    }
    Ok(Found::default())
}

fn batch(case: &Case<'_>) -> Result<Found, String> {
    let (params, x) = (case.params(), case.input(3));
    for (name, mode) in MODES {
        if mode == Mode::Evaluation || case.independent() {
            let (found, expected) = (
                case.run(&params, &x, mode),
                case.one_by_one(&params, &x, mode),
            );
            let found = near("in a batch", &found, &expected, 1e-12);
            let claim = "samples affect each other; if this is intended, declare `batch: Batch::MixedInTraining`";
            in_mode(name, found.map_err(|found| format!("{found}: {claim}")))?;
        }
    }
    Ok(Found::default())
}

fn precision(case: &Case<'_>) -> Result<Found, String> {
    let (params, x) = (case.params(), case.input(3));
    let mut worst = 0.0f64;
    for (name, mode) in MODES {
        let wide = case.run(&params, &x, mode);
        let narrow = case.run(&params.cast::<f32>(), &cast(&x), mode);
        let found = near(
            "in f32",
            &narrow.mapv(f64::from).into_shared(),
            &wide,
            ROUNDING,
        );
        worst = worst.max(in_mode(name, found)?);
    }
    Ok(Found {
        worst,
        ..Found::default()
    })
}

fn threads(case: &Case<'_>) -> Result<Found, String> {
    // 65 samples are enough that a layer that splits its work creates several tasks.
    let (params, x) = (case.params().cast::<f32>(), cast(&case.input(65)));
    for (name, mode) in MODES {
        let on = |threads| -> Result<Vec<u32>, String> {
            let pool = Pool::new(threads).map_err(|e| e.to_string())?;
            Ok(pool.install(|| bits(case, &params, &x, mode)))
        };
        if on(1)? != on(2)? {
            return in_mode(
                name,
                Err("values or gradients differ between one thread and two".into()),
            );
        }
    }
    Ok(Found::default())
}

/// Returns the bits of the value and of all gradients.
fn bits(case: &Case<'_>, params: &Params<f32>, x: &Tensor<f32>, mode: Mode) -> Vec<u32> {
    let (_, grads, value) = value_and_grad(params, std::slice::from_ref(x), |tape, params, x| {
        let y = case.forward(&Ctx::new(tape, params, mode), x[0]);
        (y.square().sum(), y.value())
    });
    let grads = grads.params.iter().chain(&grads.inputs).flatten();
    let all = grads.chain([&value]).flatten();
    all.map(|x| x.to_bits()).collect()
}

fn extremes(case: &Case<'_>) -> Result<Found, String> {
    let x = case.input(2).mapv(|x| if x < 0.0 { -1e4 } else { 1e4 });
    let (params, x) = (case.params().cast::<f32>(), cast(&x.into_shared()));
    for (name, mode) in MODES {
        let (_, grads, value) =
            value_and_grad(&params, std::slice::from_ref(&x), |tape, params, x| {
                let y = case.forward(&Ctx::new(tape, params, mode), x[0]);
                (y.sum(), y.value())
            });
        let grads = grads.params.iter().chain(&grads.inputs).flatten();
        let mut all = [("value", &value)]
            .into_iter()
            .chain(grads.map(|g| ("gradient", g)));
        if let Some((what, _)) = all.find(|(_, x)| x.iter().any(|x| !x.is_finite())) {
            return in_mode(
                name,
                Err(format!("a {what} for inputs of ±10000 is not finite")),
            );
        }
    }
    Ok(Found::default())
}

fn round_trip(case: &Case<'_>) -> Result<Found, String> {
    let full: Vec<_> = case.calls.iter().map(|call| call.full()).collect();
    let full = full.join(" ");
    let spec = read(&full, case.registry, &Presets::new());
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
        in_mode(name, near("after rebuilding", &found, &expected, 1e-12))?;
    }
    Ok(Found::default())
}

fn meaning(case: &Case<'_>) -> Result<Found, String> {
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
    let sums = exponentials.sum_axis(Axis(1)).insert_axis(Axis(1));
    let probabilities = exponentials / sums;
    match meaning {
        Meaning::Logits => x.clone(),
        Meaning::UnitInterval => x.mapv(|x| 1.0 / (1.0 + (-x).exp())).into_shared(),
        Meaning::Probabilities => probabilities.into_shared(),
        Meaning::LogProbabilities => probabilities.mapv(f64::ln).into_shared(),
    }
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
    let sums = y.sum_axis(Axis(1));
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

fn refusals(case: &Case<'_>) -> Result<Found, String> {
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

fn cast(x: &Tensor<f64>) -> Tensor<f32> {
    x.mapv(|x| x as f32).into_shared()
}

/// Returns the maximum difference, relative to the larger of 1 and the expected value, or an error
/// if it exceeds `tolerance`.
pub(super) fn near(
    what: &str,
    found: &Tensor<f64>,
    expected: &Tensor<f64>,
    tolerance: f64,
) -> Result<f64, String> {
    let mut worst = 0.0f64;
    for ((index, &expected), &found) in expected.indexed_iter().zip(found) {
        let apart = (found - expected).abs() / expected.abs().max(1.0);
        if apart.is_nan() || apart > tolerance {
            use ndarray::Dimension;
            let index = index.as_array_view().to_vec();
            return Err(format!(
                "output {index:?} {what} is {found}, expected {expected}"
            ));
        }
        worst = worst.max(apart);
    }
    Ok(worst)
}
