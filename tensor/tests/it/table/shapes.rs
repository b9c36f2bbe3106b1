//! Sums, and other shapes of the same elements.

use ndarray::Axis;
use tapeline_tensor::{Scalar, Tensor, plain};

use super::{Case, LONG, Numbers, Op, Ways, case, fast, twin, unary};

pub fn ops() -> Vec<Op> {
    vec![
        unary(0..=4, Numbers::Any, &LONG, |input| {
            let arguments = ();
            case!("sum", vec![input], arguments, |x| x[0].sum(), |x, g| {
                let g = g.first().copied().unwrap();
                (
                    Tensor::from_elem(vec![], plain::sum(&x[0])),
                    vec![Tensor::from_elem(x[0].shape(), g)],
                )
            })
        }),
        unary(0..=4, Numbers::Any, &LONG, |input| {
            let arguments = ();
            case!("mean", vec![input], arguments, |x| x[0].mean())
        }),
        unary(2..=2, Numbers::Any, &LONG, |input| {
            let arguments = ();
            case!("t", vec![input], arguments, |x| x[0].t(), |x, g| {
                (x[0].t().to_shared(), vec![g.t().to_shared()])
            })
        }),
        unary(0..=4, Numbers::Any, &LONG, |input| {
            let mut arguments = input.shape.clone();
            arguments.reverse();
            arguments.push(1);
            case!(
                "reshape",
                vec![input],
                arguments,
                |x| x[0].reshape(&arguments),
                |x, g| { (filled(&arguments, &x[0]), vec![filled(x[0].shape(), g)]) }
            )
        }),
        unary(1..=4, Numbers::Any, &LONG, |input| {
            let arguments = input.seed as usize % (input.shape.len() + 1);
            case!(
                "flatten",
                vec![input],
                arguments,
                |x| x[0].flatten(arguments),
                |x, g| {
                    let (kept, flat) = x[0].shape().split_at(arguments);
                    let shape = [kept, &[flat.iter().product()]].concat();
                    (filled(&shape, &x[0]), vec![filled(x[0].shape(), g)])
                }
            )
        }),
        unary(1..=4, Numbers::Any, &[3, 1100, 17], |input| {
            let arguments = input.seed as usize % input.shape.len();
            case!(
                "sum_axis",
                vec![input],
                arguments,
                |x| x[0].sum_axis(arguments),
                |x, g| {
                    let g = g.clone().insert_axis(Axis(arguments));
                    let g = g.broadcast(x[0].raw_dim()).unwrap().to_shared();
                    (plain::sum_axis(&x[0], arguments), vec![g])
                }
            )
        }),
    ]
}

/// A shape, filled in row-major order.
fn filled<T: Scalar>(shape: &[usize], x: &Tensor<T>) -> Tensor<T> {
    Tensor::from_shape_vec(shape, x.iter().copied().collect()).unwrap()
}
