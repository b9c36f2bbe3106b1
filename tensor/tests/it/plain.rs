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
    let wanted = plain(&inputs, &case.upstream(value.shape()));
    let moved = match is_smooth(case) {
        true => plain(&rounded(&inputs), &case.upstream(value.shape())),
        false => wanted.clone(),
    };
    near("value", &value, [&wanted.0, &moved.0], tolerance)?;
    for (i, a) in grads.iter().enumerate() {
        let wanted = [&wanted.1[i], &moved.1[i]];
        near(&format!("gradient {i}"), a, wanted, tolerance)?;
    }
    Ok(())
}

/// No two of its numbers are equal, so no choice depends on their last bits.
fn is_smooth(case: &Case) -> bool {
    !case.inputs.iter().any(|x| x.numbers == Numbers::Few)
}

/// The inputs with a rounding error in each number, up and down in turn.
fn rounded<T: Scalar>(inputs: &[Tensor<T>]) -> Vec<Tensor<T>> {
    let mut sign = 1.0;
    let mut round = |x: &T| {
        sign = -sign;
        T::of(x.widen() * (1.0 + sign * T::epsilon().widen()))
    };
    let inputs = inputs.iter().map(|x| x.map(&mut round).into_shared());
    inputs.collect()
}

/// What rounding errors of the inputs do to the result, as a norm of nearly equal numbers does, they may do in a kernel, too.
fn near<T: Scalar>(
    what: &str,
    a: &Tensor<T>,
    [b, moved]: [&Tensor<T>; 2],
    tolerance: f64,
) -> Result<(), String> {
    if a.shape() != b.shape() {
        return Err(format!(
            "{what}: shapes {:?} and {:?}",
            a.shape(),
            b.shape()
        ));
    }
    for (((at, a), b), moved) in a.indexed_iter().zip(b).zip(moved) {
        let [a, b, moved] = [a, b, moved].map(|x| x.widen());
        let condition = (b - moved).abs() / T::epsilon().widen();
        let allowed = tolerance * b.abs().max(1.0).max(condition);
        if a.is_nan() || (a - b).abs() > allowed {
            return Err(format!(
                "{what} at {at:?}: {a}, but plainly {b}; {allowed:e} is allowed"
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
