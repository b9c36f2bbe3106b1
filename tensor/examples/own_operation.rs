//! An operation of one's own: recorded, checked, trained.
//!
//! `softplus`, ln(1 + eˣ), is a smooth `relu`. Two numbers learn where it bends.

#![allow(clippy::print_stdout)]

use tapeline_tensor::{Params, Role, Tensor, Var, check, tensor, value_and_grad};

/// ln(1 + eˣ), without overflow, beside its rule: the derivative is the sigmoid.
fn softplus(x: Var<'_, f64>) -> Var<'_, f64> {
    let input = x.value();
    let value = input.mapv(|x| x.max(0.0) + (-x.abs()).exp().ln_1p());
    x.tape().op("softplus", value, [x], move |g, _| {
        [Some(
            (g * input.mapv(|x| 1.0 / (1.0 + (-x).exp()))).into_shared(),
        )]
    })
}

fn main() -> Result<(), check::Mismatch> {
    // The rule against differences of the value.
    let report = check::gradients(
        &Params::new(),
        &[tensor([-30.0, -1.0, 0.0, 2.0])],
        |_, _, x| softplus(x[0]),
    )?;
    println!(
        "softplus: {} elements checked, error {:.0e}",
        report.elements, report.worst
    );

    // Points on a bend at 1 of slope 2.
    let x: Tensor<f64> = (-20..=20)
        .map(|i| f64::from(i) / 5.0)
        .collect::<ndarray::Array1<_>>()
        .into_dyn()
        .into_shared();
    let y = x.mapv(|x| (2.0 * (x - 1.0)).exp().ln_1p());
    let mut params = Params::new();
    let slope = params.push("slope", Role::Weight, tensor([1.0]));
    let place = params.push("place", Role::Weight, tensor([0.0]));
    for step in 0..=400 {
        let (loss, grads, ()) = value_and_grad(&params, &[], |tape, params, _| {
            let [x, y] = [x.clone(), y.clone().into_shared()].map(|v| tape.constant(v));
            let bent = softplus((x - params[place.index()]) * params[slope.index()]);
            ((bent - y).square().mean(), ())
        });
        if step % 100 == 0 {
            println!("step {step:3}: loss {loss:.2e}");
        }
        for id in [slope, place] {
            if let Some(gradient) = &grads.params[id.index()] {
                params.value_mut(id).scaled_add(-0.2, gradient);
            }
        }
    }
    println!(
        "slope {:.3}, place {:.3}",
        params.get(slope).value[0],
        params.get(place).value[0]
    );
    Ok(())
}
