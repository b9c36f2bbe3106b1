//! Dropout at its edges, and what its randomness depends on.

use tapeline_layers::{Ctx, Layer, Mode, Plan, layers};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Params, Tensor, tensor, value_and_grad};

fn run(
    text: &str,
    mode: Mode,
    x: Tensor<f64>,
    upstream: &Tensor<f64>,
) -> (Tensor<f64>, Tensor<f64>) {
    let registry = layers();
    let spec = read(text, &registry, &Presets::new()).unwrap();
    let plan = Plan::build(&spec, &[x.len()]).unwrap();
    let (_, grads, y) = value_and_grad(&Params::new(), &[x], |tape, params, inputs| {
        let y = plan.chain.forward(&Ctx::new(tape, params, mode), inputs[0]);
        ((y * tape.constant(upstream.clone())).sum(), y.value())
    });
    (y, grads.inputs[0].clone().unwrap())
}

const STEP: Mode = Mode::Training { seed: 4, step: 9 };

#[test]
fn nothing_and_everything_can_be_dropped() {
    let x = tensor([1.5, -2.0, 0.0, 3.25]);
    let upstream = tensor([1.0, 2.0, 3.0, 4.0]);
    assert_eq!(
        run("dropout(0)", STEP, x.clone(), &upstream),
        (x.clone(), upstream.clone())
    );
    let zeros = tensor([0.0; 4]);
    assert_eq!(
        run("dropout(1)", STEP, x.clone(), &upstream),
        (zeros.clone(), zeros)
    );
    assert_eq!(
        run("dropout(1)", Mode::Evaluation, x.clone(), &upstream),
        (x, upstream)
    );
}

#[test]
fn what_is_kept_is_scaled_and_about_as_much_as_asked() {
    let n = 10_000;
    let ones = tensor(vec![1.0; n]);
    let (y, dx) = run("dropout(0.2)", STEP, ones.clone(), &ones);
    assert_eq!(y, dx);
    assert!(y.iter().all(|&y| y == 0.0 || (y - 1.25).abs() < 1e-12));
    let kept = y.iter().filter(|&&y| y != 0.0).count() as f64;
    // Five standard deviations of a binomial distribution.
    assert!(
        (kept - 8000.0).abs() < 5.0 * (n as f64 * 0.16).sqrt(),
        "{kept}"
    );
}

#[test]
fn the_mask_is_a_function_of_seed_step_and_stream() {
    let ones = tensor(vec![1.0; 64]);
    let mask =
        |text: &str, seed, step| run(text, Mode::Training { seed, step }, ones.clone(), &ones).0;
    assert_eq!(mask("dropout", 1, 1), mask("dropout", 1, 1));
    assert_ne!(mask("dropout", 1, 1), mask("dropout", 2, 1));
    assert_ne!(mask("dropout", 1, 1), mask("dropout", 1, 2));
    // Two masks of one stream would be equal, and leave half of the values; two of their own leave about a quarter.
    let both = mask("dropout dropout", 1, 1)
        .iter()
        .filter(|&&y| y != 0.0)
        .count();
    let one = mask("dropout", 1, 1).iter().filter(|&&y| y != 0.0).count();
    assert!(both < one, "{both} of {one}");
}

#[test]
fn impossible_probabilities_are_refused() {
    for p in ["-0.1", "1.5"] {
        let error = read(&format!("dropout({p})"), &layers(), &Presets::new())
            .err()
            .unwrap();
        assert_eq!(
            error.diagnostics[0].message,
            format!("`p` of `dropout` is {p}; it must be a number, 0 to 1")
        );
    }
}
