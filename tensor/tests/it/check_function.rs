//! The check of functions that are written without the tape.

use ndarray::{Array, ArrayD, Axis, Dimension};
use proptest::prelude::*;
use tapeline_tensor::check::{self, Fault, FunctionCheck, FunctionFailure, Mismatch, Report};

type Scalar = fn(f64) -> f64;

/// A function of one array, element by element, and its derivative.
fn elementwise(f: Scalar, derivative: fn(f64) -> f64) -> Result<Report, FunctionFailure> {
    let x = Array::from(vec![-1.2, -0.4, 0.3, 0.7, 1.6]).into_dyn();
    let value = move |x: &[ArrayD<f64>]| x[0].mapv(f);
    let gradient = move |x: &[ArrayD<f64>], g: &ArrayD<f64>| vec![g * &x[0].mapv(derivative)];
    check::function("f", &[x], value, gradient)
}

fn mismatch(result: Result<Report, FunctionFailure>) -> (Mismatch, Vec<ArrayD<f64>>) {
    let failure = result.unwrap_err();
    match failure.found {
        Fault::Mismatch(mismatch) => (*mismatch, failure.inputs),
        fault => panic!("{fault:?}"),
    }
}

#[test]
fn right_gradients_pass() {
    let cases: [(Scalar, Scalar); 6] = [
        (f64::sin, f64::cos),
        (f64::exp, f64::exp),
        (f64::atan, |x| 1.0 / (1.0 + x * x)),
        (|x| x.powi(3), |x| 3.0 * x * x),
        (|x| 1.0 / x, |x| -1.0 / (x * x)),
        (
            |x| x.clamp(0.0, 6.0),
            |x| if (0.0..6.0).contains(&x) { 1.0 } else { 0.0 },
        ),
    ];
    for (f, derivative) in cases {
        let report = elementwise(f, derivative).unwrap();
        assert!(report.rules == 11 && report.worst < 1e-7, "{report:?}");
    }
}

/// The gradients are right at the given point, and wrong at larger or smaller inputs.
#[test]
fn gradients_that_are_wrong_elsewhere_are_found() {
    // relu6 whose gradient forgets the cut, and a cut that isn't there.
    let (_, at) = mismatch(elementwise(
        |x| x.clamp(0.0, 6.0),
        |x| if x > 0.0 { 1.0 } else { 0.0 },
    ));
    assert!(at[0].iter().any(|&x| x > 6.0), "{at:?}");
    let (_, at) = mismatch(elementwise(
        |x| x * x,
        |x| if x > 4.0 { 0.0 } else { 2.0 * x },
    ));
    assert!(at[0].iter().any(|&x| x > 4.0), "{at:?}");
    let (_, at) = mismatch(elementwise(f64::sin, |x| {
        if x.abs() < 0.02 { 0.99 } else { x.cos() }
    }));
    assert!(at[0].iter().any(|&x| x.abs() < 0.02), "{at:?}");
    // Overflow to NaN on the way to the sigmoid's gradient.
    let sigmoid: Scalar = |x| 1.0 / (1.0 + (-x).exp());
    let overflows = |x: f64| (-x).exp().powi(20) / (-x).exp().powi(19) / (1.0 + (-x).exp()).powi(2);
    let (found, _) = mismatch(elementwise(sigmoid, overflows));
    assert!(
        matches!(found, Mismatch::Gradient { value, .. } if value.is_nan()),
        "{found}"
    );
}

#[test]
fn a_value_that_is_not_finite_is_found() {
    let (found, _) = mismatch(elementwise(f64::ln, |x| 1.0 / x));
    assert!(
        matches!(found, Mismatch::Value { ref place } if place.op == "f"),
        "{found}"
    );
}

#[test]
fn gradients_have_the_shapes_of_the_inputs() {
    let inputs = [ArrayD::ones(vec![2, 3]), ArrayD::from_elem(vec![3], 0.5)];
    let sum = |x: &[ArrayD<f64>]| &x[0] + &x[1];
    let right = |_: &[ArrayD<f64>], g: &ArrayD<f64>| vec![g.clone(), g.sum_axis(Axis(0))];
    check::function("sum", &inputs, sum, right).unwrap();

    let unreduced = |_: &[ArrayD<f64>], g: &ArrayD<f64>| vec![g.clone(), g.clone()];
    let failure = check::function("sum", &inputs, sum, unreduced).unwrap_err();
    let wanted = Fault::Shape {
        input: 1,
        expected: vec![3],
        returned: vec![2, 3],
    };
    assert_eq!(failure.found, wanted);
    assert!(
        failure
            .to_string()
            .starts_with("sum: input 1 is [3], but its gradient is [2, 3]")
    );

    let one = |_: &[ArrayD<f64>], g: &ArrayD<f64>| vec![g.clone()];
    let failure = check::function("sum", &inputs, sum, one).unwrap_err();
    assert_eq!(
        failure.found,
        Fault::Count {
            inputs: 2,
            gradients: 1
        }
    );
    assert!(
        failure
            .to_string()
            .starts_with("sum: 1 gradients for 2 inputs")
    );
}

/// A function that is only defined between -1 and 1 is checked there.
#[test]
fn factors_keep_inputs_in_a_domain() {
    let x = Array::from(vec![-0.9, 0.0, 0.5]).into_dyn();
    let asin = |x: &[ArrayD<f64>]| x[0].mapv(f64::asin);
    let rule = |x: &[ArrayD<f64>], g: &ArrayD<f64>| vec![g / &x[0].mapv(|x| (1.0 - x * x).sqrt())];
    let check = FunctionCheck {
        factors: 0.1..=1.0,
        ..FunctionCheck::default()
    };
    check
        .check("asin", std::slice::from_ref(&x), asin, rule)
        .unwrap();
    check::function("asin", &[x], asin, rule).unwrap_err();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Products of arrays of all shapes; sampled points keep signs and zeros.
    #[test]
    fn products_pass(shape in prop::collection::vec(1_usize..4, 0..4), points in 0_usize..6) {
        let a = ArrayD::from_shape_fn(shape, |i| {
            (0..i.ndim()).map(|axis| i[axis] as f64).sum::<f64>() - 1.0
        });
        let inputs = [a.clone(), &a * 0.5 + 2.0];
        let value = |x: &[ArrayD<f64>]| {
            let keeps_sign = |(a, x): (&f64, &f64)| match *a == 0.0 {
                // Zeros only move by the steps of the differences.
                true => x.abs() < 0.01,
                false => a * x > 0.0,
            };
            assert!(a.iter().zip(&x[0]).all(keeps_sign), "{}", x[0]);
            &x[0] * &x[1]
        };
        let rule = |x: &[ArrayD<f64>], g: &ArrayD<f64>| vec![g * &x[1], g * &x[0]];
        let check = FunctionCheck { points, ..FunctionCheck::default() };
        let report = check.check("mul", &inputs, value, rule).unwrap();
        prop_assert_eq!(report.rules, 2 * (points + 1));
    }
}
