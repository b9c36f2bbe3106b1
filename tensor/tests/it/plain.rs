//! Each fast kernel and its plain twin agree, forward and backward.

use tapeline_tensor::{Params, Scalar, Tensor, Var, no_grad, plain};

use crate::{
    gradients::for_each_op,
    table::{Case, Fast, Input, Numbers, Op, Plain, ops, run},
};

/// The largest error allowed for a sum of `terms`: with numbers up to 2 each term is up to 4, and both partial sums and rounding errors
/// grow like the root of their number.
fn tolerance(epsilon: f64, terms: usize) -> f64 {
    8.0 * epsilon * (4 + terms) as f64
}

/// No sum has more terms than the inputs have elements.
fn terms(case: &Case) -> usize {
    case.inputs
        .iter()
        .map(|x| x.shape.iter().product())
        .max()
        .unwrap_or(1)
}

fn agree<T: Scalar>(
    case: &Case,
    (fast, plain): (&Fast<T>, Option<&Plain<T>>),
    tolerance: f64,
) -> Result<(), String> {
    let Some(plain) = plain else { return Ok(()) };
    let inputs = case.tensors::<T>();
    let (value, grads) = run(fast, &inputs, |shape| case.upstream(shape));
    let (plain_value, plain_grads) = plain(&inputs, &case.upstream(value.shape()));
    near("value", &value, &plain_value, tolerance)?;
    for (i, (a, b)) in grads.iter().zip(&plain_grads).enumerate() {
        near(&format!("gradient {i}"), a, b, tolerance)?;
    }
    Ok(())
}

fn near<T: Scalar>(what: &str, a: &Tensor<T>, b: &Tensor<T>, tolerance: f64) -> Result<(), String> {
    if a.shape() != b.shape() {
        return Err(format!(
            "{what}: shapes {:?} and {:?}",
            a.shape(),
            b.shape()
        ));
    }
    for ((at, a), b) in a.indexed_iter().zip(b) {
        let (a, b) = (a.widen(), b.widen());
        if a.is_nan() || (a - b).abs() > tolerance * b.abs().max(1.0) {
            return Err(format!(
                "{what} at {at:?}: {a}, but plainly {b}; {tolerance:e} is allowed"
            ));
        }
    }
    Ok(())
}

#[test]
fn f32() {
    for_each_op(64, |case| {
        let tolerance = tolerance(f32::EPSILON.into(), terms(case));
        agree(
            case,
            (&case.ways.f32.0, case.ways.f32.1.as_ref()),
            tolerance,
        )
    });
}

#[test]
fn f64() {
    for_each_op(64, |case| {
        agree(case, (&case.ways.f64.0, case.ways.f64.1.as_ref()), 1e-12)
    });
}

#[test]
fn f32_over_several_tasks() {
    for Op { large: case, .. } in ops() {
        // Sums of the large cases have some thousand terms at most, but for the sum of all.
        let tolerance = tolerance(f32::EPSILON.into(), terms(&case).min(1 << 14));
        agree(
            &case,
            (&case.ways.f32.0, case.ways.f32.1.as_ref()),
            tolerance,
        )
        .unwrap_or_else(|e| panic!("{case:?}: {e}"));
    }
}

/// A running sum in `f32` would lose some hundred ε here.
#[test]
fn sums_of_many_stay_accurate() {
    type Sum = fn(Var<'_>) -> Var<'_>;
    const MANY: usize = 1 << 20;
    let table: [(&[usize], Sum, f32); 3] = [
        (&[MANY], |x| x.sum(), 1.0),
        (&[2, MANY], |x| x.sum_axis(1), 1.0),
        (&[MANY, 2], |x| x.sum_axis(0), 16.0),
    ];
    for (shape, f, epsilons) in table {
        let x = Input::new(shape, Numbers::Positive).tensor::<f32>();
        let fast = no_grad(&Params::new(), |tape, _| {
            f(tape.constant(x.clone())).value()
        });
        let plain = match shape {
            [_] => Tensor::from_elem(vec![], plain::sum(&x)),
            _ => plain::sum_axis(&x, usize::from(shape[0] == 2)),
        };
        for (a, b) in fast.iter().zip(&plain) {
            assert!(
                (a / b - 1.0).abs() <= epsilons * f32::EPSILON,
                "{shape:?}: {a}, but plainly {b}"
            );
        }
    }
}
