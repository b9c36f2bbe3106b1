//! Softmax, and what is built on it.

use proptest::prelude::*;
use tapeline_tensor::{Tensor, cross_entropy, plain};

use super::{
    Case, Input, Numbers, Op, Ways, case,
    draw::{input, shape},
    fast, twin, unary,
};

pub fn ops() -> Vec<Op> {
    let cross_entropy_case = |input: Input, smoothing: f64| {
        let [rows, classes] = input.shape[..] else {
            unreachable!()
        };
        let seed = input.seed as usize;
        let targets: Vec<_> = (0..rows)
            .map(|row| (seed % 97 + row * 7) % classes)
            .collect();
        let arguments = (targets, smoothing);
        case!(
            "cross_entropy",
            vec![input],
            arguments,
            |x| cross_entropy(x[0], &arguments.0, arguments.1),
            |x, g| {
                let g = g.first().copied().unwrap();
                let (loss, dx) = plain::cross_entropy(&x[0], &arguments.0, arguments.1);
                (
                    Tensor::from_elem(vec![], loss),
                    vec![(dx * g).into_shared()],
                )
            }
        )
    };
    let smoothing = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0];
    let logits = shape(2..=2).prop_flat_map(|shape| input(shape, Numbers::Any));
    vec![
        unary(1..=4, Numbers::Any, &[31, 40, 23], |input| {
            let arguments = input.seed as usize % input.shape.len();
            case!(
                "softmax",
                vec![input],
                arguments,
                |x| x[0].softmax(arguments),
                |x, g| {
                    (
                        plain::softmax(&x[0], arguments),
                        vec![plain::softmax_gradient(&x[0], arguments, g)],
                    )
                }
            )
        }),
        unary(1..=4, Numbers::Any, &[31, 40, 23], |input| {
            let arguments = input.seed as usize % input.shape.len();
            case!(
                "log_softmax",
                vec![input],
                arguments,
                |x| x[0].log_softmax(arguments),
                |x, g| {
                    (
                        plain::log_softmax(&x[0], arguments),
                        vec![plain::log_softmax_gradient(&x[0], arguments, g)],
                    )
                }
            )
        }),
        Op {
            small: (logits, smoothing)
                .prop_map(move |(input, smoothing)| cross_entropy_case(input, smoothing))
                .boxed(),
            large: cross_entropy_case(Input::new(&[257, 100], Numbers::Any), 0.1),
        },
    ]
}
