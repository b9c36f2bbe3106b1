//! Updates of buffers, such as running statistics.

use tapeline_tensor::{Params, Role, Tensor, no_grad};

use super::{
    super::case::{Case, TRAINING},
    Found, near,
};
use crate::{Ctx, Mode, Updates};

/// Checks the updates of one pass, then compares them with those of the same layer in a chain of two.
pub fn updates(case: &Case<'_>) -> Result<Found, String> {
    let (params, x) = (case.params(), case.input(3));
    let (_, none) = pass(case, &params, &x, Mode::Evaluation);
    if let Some((id, _)) = none.first() {
        let name = &params.get(*id).name;
        return Err(format!("in evaluation, it updates `{name}`"));
    }
    let (_, updates) = pass(case, &params, &x, TRAINING);
    for (n, (id, value)) in updates.iter().enumerate() {
        let param = params.get(*id);
        let name = &param.name;
        let refused = if param.role != Role::Buffer {
            format!("it updates `{name}`, which is not a buffer")
        } else if value.shape() != param.value.shape() {
            let (found, expected) = (value.shape(), param.value.shape());
            format!("the update of `{name}` has shape {found:?}, expected {expected:?}")
        } else if updates[..n].iter().any(|(other, _)| other == id) {
            format!("it updates `{name}` twice in one pass")
        } else if value.iter().any(|value| !value.is_finite()) {
            format!("the update of `{name}` is not finite")
        } else {
            continue;
        };
        return Err(format!("in training, {refused}"));
    }
    match updates.len() {
        0 => Ok(Found::default()),
        count => in_a_chain(case, &x, count),
    }
}

/// Runs the case twice in a row, if its output can be its input, and expects of each copy the updates
/// that it makes alone.
fn in_a_chain(case: &Case<'_>, x: &Tensor<f64>, updates: usize) -> Result<Found, String> {
    let twice = [&case.calls[..], &case.calls[..]].concat();
    let twice = match case.plan.output == case.shape {
        true => Case::chain(twice, &case.shape, case.registry).ok(),
        false => None,
    };
    // The random numbers of the second copy are its own, so it can't be compared.
    let other = Mode::Training { seed: 6, step: 3 };
    let random = case.run(&case.params(), x, TRAINING) != case.run(&case.params(), x, other);
    let Some(twice) = twice.filter(|_| !random) else {
        return Ok(Found::default());
    };
    let params = twice.params();
    let (_, both) = pass(&twice, &params, x, TRAINING);
    if both.len() != 2 * updates {
        let (found, expected) = (both.len(), 2 * updates);
        return Err(format!(
            "two copies in a row make {found} updates, expected {expected}"
        ));
    }
    let mut input = x.clone();
    for (copy, found) in both.chunks(updates).enumerate() {
        let mut own = Params::new();
        let values = params.iter().skip(copy * params.len() / 2);
        for (param, value) in case.params().iter().zip(values) {
            own.push(&param.name, param.role, value.value.clone());
        }
        let (output, expected) = pass(case, &own, &input, TRAINING);
        for ((id, found), (_, expected)) in found.iter().zip(&expected) {
            let what = format!("update of `{}`", params.get(*id).name);
            near(&what, "in a chain of two", found, expected, 1e-12)?;
        }
        input = output;
    }
    Ok(Found::default())
}

/// Returns the output and the updates of one pass.
fn pass(
    case: &Case<'_>,
    params: &Params<f64>,
    x: &Tensor<f64>,
    mode: Mode,
) -> (Tensor<f64>, Updates<f64>) {
    no_grad(params, |tape, on_tape| {
        let cx = Ctx::new(tape, on_tape, mode);
        let y = case.forward(&cx, tape.constant(x.clone())).value();
        (y, cx.take_updates())
    })
}
