//! Runs that must agree: repeated, in batches, in both scalar types, on any number of threads.

use tapeline_tensor::{Params, Pool, Tensor, no_grad, value_and_grad};

use super::{
    super::{
        case::{Case, MODES, in_mode},
        failure::list,
    },
    Found, near,
};
use crate::{Ctx, Element, Meaning, Mode, Plan, Saved, SavedId};

/// The maximum allowed difference between `f32` and `f64`, relative to the larger of 1 and the
/// value.
const ROUNDING: f64 = 1e-4;

pub fn determinism(case: &Case<'_>) -> Result<Found, String> {
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

pub fn batch(case: &Case<'_>) -> Result<Found, String> {
    let (params, x) = (case.params(), case.input(3));
    for (name, mode) in MODES {
        if mode == Mode::Evaluation || case.independent() {
            let (found, expected) = (
                case.run(&params, &x, mode),
                case.one_by_one(&params, &x, mode),
            );
            let found = near("output", "in a batch", &found, &expected, 1e-12);
            let claim = "samples affect each other; if this is intended, declare `batch: Batch::MixedInTraining`";
            in_mode(name, found.map_err(|found| format!("{found}: {claim}")))?;
        }
    }
    Ok(Found::default())
}

/// Compares the scalar types layer by layer: a chain may amplify rounding errors without limit, as
/// normalizations of a constant do.
pub fn precision(case: &Case<'_>) -> Result<Found, String> {
    let mut worst = 0.0f64;
    for (name, mode) in MODES {
        let (mut x, mut shape) = (case.input(3), case.shape.clone());
        let mut saved: Vec<(Saved, Tensor<f32>)> = Vec::new();
        for call in &case.calls {
            let before: Vec<_> = saved.iter().map(|(value, _)| value.clone()).collect();
            let plan = Plan::after(
                std::slice::from_ref(call),
                (&shape, Meaning::Logits),
                &before,
            );
            let layer = Case {
                calls: vec![call.clone()],
                shape,
                plan: plan.map_err(|e| list(&e))?.into(),
                ..*case
            };
            let params = layer.params();
            let wide = after(&saved, &layer, &params, &x, mode);
            let narrow = after(&saved, &layer, &params.cast::<f32>(), &cast(&x), mode);
            let new = layer.plan.saved.iter();
            saved.extend(new.map(|value| (value.clone(), cast(&x))));
            let narrow = narrow.mapv(f64::from).into_shared();
            let found = near("output", "in f32", &narrow, &wide, ROUNDING);
            worst = worst.max(in_mode(name, found)?);
            // Both types get the same input, so it must be exact in `f32`.
            x = cast(&wide).mapv(f64::from).into_shared();
            shape = layer.plan.output.clone();
        }
    }
    Ok(Found {
        worst,
        ..Found::default()
    })
}

/// Runs a layer after those that saved some values.
fn after<T: Element>(
    saved: &[(Saved, Tensor<f32>)],
    case: &Case<'_>,
    params: &Params<T>,
    x: &Tensor<T>,
    mode: Mode,
) -> Tensor<T> {
    no_grad(params, |tape, params| {
        let cx = Ctx::new(tape, params, mode);
        for (place, (_, value)) in saved.iter().enumerate() {
            let value = value.mapv(|x| T::of(x.into())).into_shared();
            cx.save(SavedId(place), tape.constant(value));
        }
        case.forward(&cx, tape.constant(x.clone())).value()
    })
}

pub fn threads(case: &Case<'_>) -> Result<Found, String> {
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

pub fn extremes(case: &Case<'_>) -> Result<Found, String> {
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

fn cast(x: &Tensor<f64>) -> Tensor<f32> {
    x.mapv(|x| x as f32).into_shared()
}
