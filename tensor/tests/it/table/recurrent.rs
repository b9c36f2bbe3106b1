//! Recurrent layers, and the same as a loop of operations on a tape.

use proptest::prelude::*;
use tapeline_tensor::{
    Params, RecurrentCell, RecurrentWeights, Scalar, Tensor, Var, recurrent, stack, value_and_grad,
};

use super::{
    Case, Input, Numbers, Op, Ways, case,
    draw::{input, size},
    fast, twin,
};

const CELLS: [RecurrentCell; 4] = [
    RecurrentCell::Lstm,
    RecurrentCell::Gru,
    RecurrentCell::Tanh,
    RecurrentCell::Relu,
];

pub fn ops() -> Vec<Op> {
    fn scan(inputs: Vec<Input>, arguments: (RecurrentCell, bool)) -> Case {
        case!(
            arguments.0.name(),
            inputs,
            arguments,
            |x| recurrent(arguments.0, x[0], weights(x), arguments.1),
            |x, g| by_loop(arguments, x, g)
        )
    }
    let inputs = |cell: RecurrentCell, [n, tokens, features, hidden]: [usize; 4]| {
        let width = cell.gates() * hidden;
        [
            vec![n, tokens, features],
            vec![width, features],
            vec![width, hidden],
            vec![width],
            vec![width],
        ]
    };
    let cells = CELLS
        .into_iter()
        .flat_map(|cell| [(cell, false), (cell, true)]);
    let op = move |(cell, reverse): (RecurrentCell, bool)| {
        let small = [
            size().boxed(),
            size().boxed(),
            size().boxed(),
            size().boxed(),
        ];
        let small = small.prop_flat_map(move |sizes| {
            inputs(cell, sizes).map(|shape| input(shape, Numbers::Any).boxed())
        });
        let large = inputs(cell, [37, 5, 30, 35]);
        Op {
            small: small
                .prop_map(move |inputs| scan(inputs.into(), (cell, reverse)))
                .boxed(),
            large: scan(
                large.map(|shape| Input::new(&shape, Numbers::Any)).into(),
                (cell, reverse),
            ),
        }
    };
    cells.map(op).collect()
}

/// The weights are divided by a number of terms, so that states stay small.
fn weights<'t, T: Scalar>(x: &[Var<'t, T>]) -> RecurrentWeights<'t, T> {
    let scaled = |x: Var<'t, T>| x * (1.0 / x.shape()[1] as f64);
    RecurrentWeights {
        weight_ih: scaled(x[1]),
        weight_hh: scaled(x[2]),
        bias_ih: x[3],
        bias_hh: x[4],
    }
}

/// Computes the definition in `f64`, one step after another.
fn by_loop<T: Scalar>(
    (cell, reverse): (RecurrentCell, bool),
    inputs: &[Tensor<T>],
    g: &Tensor<T>,
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let wide: Vec<Tensor<f64>> = inputs.iter().map(widened).collect();
    let (_, grads, value) = value_and_grad(&Params::new(), &wide, |tape, _, x| {
        let weights = weights(x);
        let (shape, hidden) = (x[0].shape(), weights.weight_hh.shape()[1]);
        let zeros = || tape.constant(Tensor::zeros(vec![shape[0], hidden]));
        let (mut h, mut c) = (zeros(), zeros());
        let mut states = vec![None; shape[1]];
        let mut order: Vec<_> = (0..shape[1]).collect();
        if reverse {
            order.reverse();
        }
        for token in order {
            let a = x[0].select(1, token).matmul(weights.weight_ih.t()) + weights.bias_ih;
            let s = h.matmul(weights.weight_hh.t()) + weights.bias_hh;
            let sum = |i| gate(a, i, hidden) + gate(s, i, hidden);
            let logistic = |i| sum(i).sigmoid();
            match cell {
                RecurrentCell::Lstm => {
                    let new = sum(2).tanh();
                    c = logistic(1) * c + logistic(0) * new;
                    h = logistic(3) * c.tanh();
                }
                RecurrentCell::Gru => {
                    let new = (gate(a, 2, hidden) + logistic(0) * gate(s, 2, hidden)).tanh();
                    let z = logistic(1);
                    h = (1.0 - z) * new + z * h;
                }
                RecurrentCell::Tanh => h = (a + s).tanh(),
                RecurrentCell::Relu => h = (a + s).relu(),
            }
            states[token] = Some(h);
        }
        let states: Vec<_> = states.into_iter().flatten().collect();
        let y = stack(&states, 1);
        let loss = (y * tape.constant(widened(g))).sum();
        (loss, y.value())
    });
    let narrow = |x: &Tensor<f64>| x.map(|&x| T::of(x)).into_shared();
    let grads = grads.inputs.iter().zip(&wide);
    let grads = grads.map(|(g, x)| narrow(g.as_ref().unwrap_or(&Tensor::zeros(x.shape()))));
    (narrow(&value), grads.collect())
}

fn widened<T: Scalar>(x: &Tensor<T>) -> Tensor<f64> {
    x.map(|x| x.widen()).into_shared()
}

fn gate(x: Var<'_, f64>, i: usize, hidden: usize) -> Var<'_, f64> {
    x.narrow(1, i * hidden, hidden)
}
