//! Operations on each element, of one tensor or of two.

use ndarray::{ArrayD, Dimension, IxDyn};
use proptest::{collection::vec, prelude::*};
use tapeline_tensor::{Scalar, Tensor, broadcast, mse};

use super::{
    Case, Input, LONG, Numbers, Op, Ways, case,
    draw::{input, shape},
    fast, twin, unary,
};

pub fn ops() -> Vec<Op> {
    let mut ops = of_one();
    ops.extend(of_two());
    ops
}

fn of_one() -> Vec<Op> {
    // The function and its derivative, as plain twin.
    macro_rules! op {
        ($name:literal, $numbers:ident, |$x:ident| $f:expr, |$v:ident| $twin:expr) => {
            unary(0..=4, Numbers::$numbers, &LONG, |input| {
                let arguments = ();
                case!(
                    $name,
                    vec![input],
                    arguments,
                    |x| {
                        let $x = x[0];
                        $f
                    },
                    |x, g| { pointwise(x, g, |$v| $twin) }
                )
            })
        };
    }
    vec![
        op!("relu", Few, |x| x.relu(), |v| if v > 0.0 {
            (v, 1.0)
        } else {
            (0.0, 0.0)
        }),
        op!("sigmoid", Any, |x| x.sigmoid(), |v| {
            let e = (-v).exp();
            (1.0 / (1.0 + e), e / ((1.0 + e) * (1.0 + e)))
        }),
        op!("tanh", Any, |x| x.tanh(), |v| (v.tanh(), v.cosh().powi(-2))),
        op!("exp", Any, |x| x.exp(), |v| (v.exp(), v.exp())),
        op!("log", Positive, |x| x.log(), |v| (v.ln(), 1.0 / v)),
        op!("sqrt", Positive, |x| x.sqrt(), |v| (
            v.sqrt(),
            0.5 / v.sqrt()
        )),
        op!("square", Any, |x| x.square(), |v| (v * v, 2.0 * v)),
        op!("powi 3", Any, |x| x.powi(3), |v| (v * v * v, 3.0 * v * v)),
        op!("powi -2", Positive, |x| x.powi(-2), |v| (
            1.0 / (v * v),
            -2.0 / (v * v * v)
        )),
        op!("abs", Few, |x| x.abs(), |v| (
            v.max(-v),
            f64::from(v > 0.0) - f64::from(v < 0.0)
        )),
        op!("clamp", Few, |x| x.clamp(-1.0, 0.75), |v| match v {
            v if v >= 0.75 => (0.75, 0.0),
            v if v <= -1.0 => (-1.0, 0.0),
            v => (v, 1.0),
        }),
        op!("neg", Any, |x| -x, |v| (-v, -1.0)),
        op!("add number", Any, |x| x + 0.75, |v| (v + 0.75, 1.0)),
        op!("sub number", Any, |x| x - 0.75, |v| (v - 0.75, 1.0)),
        op!("mul number", Any, |x| x * -1.5, |v| (v * -1.5, -1.5)),
        op!("div number", Any, |x| x / -1.5, |v| (v / -1.5, 1.0 / -1.5)),
        op!("number add", Any, |x| 0.75 + x, |v| (0.75 + v, 1.0)),
        op!("number sub", Any, |x| 0.75 - x, |v| (0.75 - v, -1.0)),
        op!("number mul", Any, |x| -1.5 * x, |v| (-1.5 * v, -1.5)),
        op!("number div", Positive, |x| -1.5 / x, |v| (
            -1.5 / v,
            1.5 / (v * v)
        )),
    ]
}

/// `f` and its derivative at each element.
fn pointwise<T: Scalar>(
    x: &[Tensor<T>],
    g: &Tensor<T>,
    f: fn(f64) -> (f64, f64),
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let value = x[0].map(|v| T::of(f(v.widen()).0));
    let mut gradient = x[0].map(|v| T::of(f(v.widen()).1));
    gradient *= g;
    (value.into_shared(), vec![gradient.into_shared()])
}

/// Two shapes that broadcast: each lacks some dimensions in front, or has size 1 in some.
pub fn pair() -> impl Strategy<Value = [Vec<usize>; 2]> {
    let cut = |shape: &[usize], drop: usize, ones: &[bool]| -> Vec<usize> {
        let kept = shape.iter().zip(ones).skip(drop.min(shape.len()));
        kept.map(|(&size, &one)| if one { 1 } else { size })
            .collect()
    };
    let ones = || vec(prop::bool::weighted(0.3), 4);
    let drop = || prop_oneof![2 => Just(0), 1 => 0..=4usize];
    (shape(0..=4), (drop(), ones()), (drop(), ones()))
        .prop_map(move |(shape, a, b)| [cut(&shape, a.0, &a.1), cut(&shape, b.0, &b.1)])
}
fn of_two() -> Vec<Op> {
    macro_rules! op {
        ($name:literal, $second:ident, |$x:ident| $f:expr, |$a:ident, $b:ident| $twin:expr) => {{
            fn case(inputs: Vec<Input>) -> Case {
                let arguments = ();
                case!($name, inputs, arguments, |$x| $f, |x, g| {
                    binary(x, g, |$a, $b| $twin)
                })
            }
            let inputs =
                pair().prop_flat_map(|[a, b]| (input(a, Numbers::Any), input(b, Numbers::$second)));
            Op {
                small: inputs.prop_map(|(a, b)| case(vec![a, b])).boxed(),
                large: case(vec![
                    Input::new(&[3, 67, 263], Numbers::Any),
                    Input::new(&[67, 1], Numbers::$second),
                ]),
            }
        }};
    }
    let mut ops = vec![
        op!("add", Any, |x| x[0] + x[1], |a, b| [a + b, 1.0, 1.0]),
        op!("sub", Any, |x| x[0] - x[1], |a, b| [a - b, 1.0, -1.0]),
        op!("mul", Any, |x| x[0] * x[1], |a, b| [a * b, b, a]),
        op!("div", Positive, |x| x[0] / x[1], |a, b| [
            a / b,
            1.0 / b,
            -a / (b * b)
        ]),
    ];
    let case = |inputs: Vec<Input>| {
        let arguments = ();
        case!("mse", inputs, arguments, |x| mse(x[0], x[1]))
    };
    let inputs = shape(0..=4).prop_flat_map(|shape| {
        (
            input(shape.clone(), Numbers::Any),
            input(shape, Numbers::Any),
        )
    });
    ops.push(Op {
        small: inputs.prop_map(move |(a, b)| case(vec![a, b])).boxed(),
        large: case(vec![
            Input::new(&LONG, Numbers::Any),
            Input {
                seed: 7,
                ..Input::new(&LONG, Numbers::Any)
            },
        ]),
    });
    ops
}

/// The index of an element of `shape` that is stretched to the index `at` of a common shape.
pub fn own(at: &IxDyn, shape: &[usize]) -> Vec<usize> {
    let lacking = at.ndim() - shape.len();
    let sizes = shape.iter().enumerate();
    sizes
        .map(|(i, &n)| if n == 1 { 0 } else { at[i + lacking] })
        .collect()
}

/// `f(a, b)`, with its two derivatives, at each element of the common shape; gradients of what is stretched add up.
pub fn binary<T: Scalar>(
    x: &[Tensor<T>],
    g: &Tensor<T>,
    f: fn(f64, f64) -> [f64; 3],
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let shape = broadcast::shape(x[0].shape(), x[1].shape()).expect("shapes that broadcast");
    let mut value = ArrayD::zeros(shape.clone());
    let mut grads = [0, 1].map(|i| ArrayD::zeros(x[i].shape()));
    for (at, value) in value.indexed_iter_mut() {
        let (i, j) = (own(&at, x[0].shape()), own(&at, x[1].shape()));
        let [y, da, db] = f(x[0][&i[..]].widen(), x[1][&j[..]].widen());
        *value = T::of(y);
        grads[0][&i[..]] += da * g[&at].widen();
        grads[1][&j[..]] += db * g[&at].widen();
    }
    let grads = grads.map(|g: ArrayD<f64>| g.map(|&g| T::of(g)).into_shared());
    (value.into_shared(), grads.to_vec())
}
