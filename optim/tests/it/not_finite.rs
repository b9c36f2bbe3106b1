//! Numbers that aren't finite never reach weights unseen.

use crate::common::{elements, examples, flat, grads, start, weights};
use tapeline_optim::{State, StepError, Stepper};
use tapeline_tensor::{Grads, Params, Role, Tensor};

/// Long enough for several tasks, and not a multiple of a piece.
const SHAPE: [usize; 2] = [130, 170];

fn params() -> Params {
    let mut params = Params::new();
    params.push("matrix", Role::Weight, wave(1));
    params.push("mean", Role::Buffer, flat(&[1.0]));
    params.push("bias", Role::Weight, flat(&[0.5, -0.25]));
    params
}

fn wave(phase: usize) -> Tensor {
    let element = |i| ((i * 37 + phase * 11) % 64) as f32 / 32.0 - 1.0;
    let elements = (0..SHAPE[0] * SHAPE[1]).map(element).collect();
    Tensor::from_shape_vec(&SHAPE[..], elements).unwrap()
}

fn gradients(phase: usize) -> Grads {
    Grads {
        params: vec![Some(wave(phase)), None, Some(flat(&[0.25, -1.0]))],
        inputs: vec![],
    }
}

/// Everything that a step may change.
fn all(params: &Params, stepper: &Stepper) -> (Params, State, Vec<f64>) {
    let norms = stepper.gradient_norms().map(|(_, norm)| norm);
    (params.clone(), stepper.state(), norms.collect())
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    for text in examples() {
        let mut params = params();
        let mut stepper = start(text, &params);
        for phase in 0..2 {
            let before = all(&params, &stepper);
            let last = SHAPE[0] * SHAPE[1] - 1;
            for (entry, place) in [(0, 0), (0, 17_000), (0, last), (2, 1)] {
                for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut grads = gradients(phase);
                    let gradient = grads.params[entry].as_mut().unwrap();
                    gradient.as_slice_memory_order_mut().unwrap()[place] = odd;
                    let name = ["matrix", "mean", "bias"][entry].to_string();
                    let refused = stepper.step(&mut params, grads, 1.0);
                    assert_eq!(refused, Err(StepError::Gradient { name }), "{text}: {odd}");
                    assert!(all(&params, &stepper) == before, "{text}: {odd} at {place}");
                }
            }
            stepper.step(&mut params, gradients(phase), 1.0).unwrap();
        }
    }
}

/// The backward pass ends at the first weights, so it met what is not finite at the last one first.
#[test]
fn the_gradient_nearest_to_the_loss_is_named() {
    let mut params = weights::<f32>(&[&[1.0], &[1.0], &[1.0]]);
    let odd = grads(&[&[f64::NAN], &[f64::INFINITY], &[1.0]]);
    let refused = start("sgd", &params).step(&mut params, odd, 1.0);
    let found = refused.unwrap_err().to_string();
    assert_eq!(found, "the gradient of `1` isn't finite");
}

/// In `f64`, squares of finite numbers may overflow.
#[test]
fn large_gradients_are_finite() {
    let mut params = weights::<f64>(&[&[1.0]]);
    let mut stepper = start("sgd(lr=1e-200)", &params);
    stepper.step(&mut params, grads(&[&[1e200]]), 1.0).unwrap();
    assert_eq!(elements(&params), [0.0]);
}

#[test]
fn an_update_that_overflows_is_found_at_that_step() {
    let mut overflowed = Vec::new();
    for text in examples() {
        for size in [1.0, 1e10, 1e20, 1e30, 3e38] {
            let mut params = weights::<f32>(&[&[3e38, 1.0], &[1.0]]);
            let mut stepper = start(text, &params);
            for sign in [-1.0, -1.0, 1.0] {
                let gradient = [sign * size, size / 2.0];
                let stepped = stepper.step(&mut params, grads(&[&gradient, &[size]]), 1.0);
                let values = params.iter().map(|p| (p.name.clone(), p.value.clone()));
                let mut all = values.chain(stepper.state().moments);
                let odd = all.find(|(_, value)| value.iter().any(|x| !x.is_finite()));
                match stepped {
                    Ok(()) => assert_eq!(odd, None, "{text} at {size:e}"),
                    Err(StepError::Gradient { name }) => panic!("{text}: the gradient of {name}"),
                    Err(StepError::Update { name }) => {
                        let values = params.iter().map(|p| (p.name.clone(), p.value.clone()));
                        let mut all = values.chain(stepper.state().moments);
                        let named = all.find(|(other, _)| *other == name);
                        let (_, value) = named.unwrap_or_else(|| panic!("{text}: no {name}"));
                        assert!(value.iter().any(|x| !x.is_finite()), "{text}: {name}");
                        overflowed.push((text, name));
                        break;
                    }
                }
            }
        }
    }
    let has = |optimizer: &str, wanted: &str| {
        let mut found = overflowed.iter();
        found.any(|(text, name)| text.contains(optimizer) && name == wanted)
    };
    // The weight of `sgd`, and what `adam` keeps of squares, without which its steps would be 0 for ever.
    assert!(
        has("sgd", "0") && has("adam", "exp_avg_sq.0"),
        "{overflowed:?}"
    );
}
