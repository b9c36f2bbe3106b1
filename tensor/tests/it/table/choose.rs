//! Choices between the elements of two tensors.

use ndarray::ArrayD;
use proptest::prelude::*;
use tapeline_tensor::{Scalar, Tensor, broadcast};

use super::{
    Case, Input, Numbers, Op, Ways, case,
    draw::kinked,
    elementwise::{binary, own, pair},
    fast, twin,
};

pub fn ops() -> Vec<Op> {
    macro_rules! extreme {
        ($name:literal, |$x:ident| $f:expr, |$a:ident, $b:ident| $wins:expr) => {{
            fn case(inputs: Vec<Input>) -> Case {
                let arguments = ();
                case!($name, inputs, arguments, |$x| $f, |x, g| {
                    binary(x, g, |$a, $b| match $wins {
                        _ if $a == $b => [$a, 0.5, 0.5],
                        true => [$a, 1.0, 0.0],
                        false => [$b, 0.0, 1.0],
                    })
                })
            }
            let inputs = pair().prop_flat_map(|[a, b]| (kinked(a), kinked(b)));
            Op {
                small: inputs.prop_map(|(a, b)| case(vec![a, b])).boxed(),
                large: case(large()),
            }
        }};
    }
    let inputs = pair().prop_flat_map(|[a, b]| (kinked(a), kinked(b), 0..5usize));
    vec![
        extreme!("maximum", |x| x[0].maximum(x[1]), |a, b| a > b),
        extreme!("minimum", |x| x[0].minimum(x[1]), |a, b| a < b),
        Op {
            small: inputs.prop_map(|(a, b, which)| choice(a, b, which)).boxed(),
            large: {
                let [a, b] = large().try_into().unwrap();
                choice(a, b, 2)
            },
        },
    ]
}

fn large() -> Vec<Input> {
    vec![
        Input::new(&[3, 67, 263], Numbers::Any),
        Input::new(&[67, 1], Numbers::Any),
    ]
}

/// `where_`, with a condition of the shape of an input, of both, of one element, or of more dimensions.
fn choice(a: Input, b: Input, which: usize) -> Case {
    let common = broadcast::shape(&a.shape, &b.shape).unwrap();
    let shape = match which {
        0 => a.shape.clone(),
        1 => b.shape.clone(),
        2 => common,
        3 => vec![],
        _ => [&[2], &common[..]].concat(),
    };
    let mut random = a.seed;
    let arguments: Tensor<bool> = Tensor::from_shape_simple_fn(shape, || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        random >> 63 == 0
    });
    case!(
        "where",
        vec![a, b],
        arguments,
        |x| x[0].where_(arguments.clone(), x[1]),
        |x, g| chosen(&arguments, x, g)
    )
}

fn chosen<T: Scalar>(
    condition: &Tensor<bool>,
    x: &[Tensor<T>],
    g: &Tensor<T>,
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let mut value = ArrayD::zeros(g.shape());
    let mut grads = [0, 1].map(|i| ArrayD::<f64>::zeros(x[i].shape()));
    for (at, value) in value.indexed_iter_mut() {
        let which = usize::from(!condition[&own(&at, condition.shape())[..]]);
        let own = own(&at, x[which].shape());
        *value = x[which][&own[..]];
        grads[which][&own[..]] += g[&at].widen();
    }
    let grads = grads.map(|grad| grad.mapv(T::of).into_shared());
    (value.into_shared(), grads.into())
}
