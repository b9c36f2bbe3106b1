//! Operations along one dimension: parts of it, its sum and the like, and its place among the others.

use ndarray::{ArrayD, Axis, Slice, Zip};
use proptest::prelude::*;
use tapeline_tensor::{Scalar, Tensor, concat, stack};

use super::{
    Case, Input, LONG, Numbers, Op, Ways, case,
    draw::{input, shape},
    fast, twin, unary,
};

const LARGE: [usize; 3] = [31, 40, 23];

pub fn ops() -> Vec<Op> {
    let pairs = shape(0..=4).prop_flat_map(|shape| {
        (
            input(shape.clone(), Numbers::Any),
            input(shape, Numbers::Any),
        )
    });
    let mut ops = orders();
    ops.extend(parts());
    ops.extend(folds());
    ops.push(Op {
        small: pairs.prop_map(|(a, b)| stacked(a, b)).boxed(),
        large: stacked(
            Input::new(&LONG, Numbers::Any),
            Input {
                seed: 7,
                ..Input::new(&LONG, Numbers::Any)
            },
        ),
    });
    ops
}

fn orders() -> Vec<Op> {
    vec![
        unary(0..=4, Numbers::Any, &LARGE, |input| {
            let arguments = input.seed as usize % (input.shape.len() + 1);
            case!(
                "unsqueeze",
                vec![input],
                arguments,
                |x| x[0].unsqueeze(arguments),
                |x, g| {
                    let axis = Axis(arguments);
                    let g = g.index_axis(axis, 0).to_shared();
                    (x[0].clone().insert_axis(axis), vec![g])
                }
            )
        }),
        unary(1..=4, Numbers::Any, &LARGE, |input| {
            let seed = input.seed as usize;
            let mut arguments: Vec<_> = (0..input.shape.len()).collect();
            arguments.rotate_left(seed % input.shape.len());
            if seed % 2 == 1 {
                arguments.reverse();
            }
            case!(
                "permute",
                vec![input],
                arguments,
                |x| x[0].permute(&arguments),
                |x, g| {
                    let sizes: Vec<_> = arguments.iter().map(|&axis| x[0].shape()[axis]).collect();
                    let mut value = ArrayD::zeros(sizes);
                    let mut grad = ArrayD::zeros(x[0].shape());
                    for (at, value) in value.indexed_iter_mut() {
                        let mut from = vec![0; arguments.len()];
                        for (i, &axis) in arguments.iter().enumerate() {
                            from[axis] = at[i];
                        }
                        *value = x[0][&from[..]];
                        grad[&from[..]] = g[&at];
                    }
                    (value.into_shared(), vec![grad.into_shared()])
                }
            )
        }),
    ]
}

fn parts() -> Vec<Op> {
    vec![
        unary(1..=4, Numbers::Any, &LARGE, |input| {
            let (axis, start, length) = within(&input);
            let arguments = (axis, start, length);
            case!(
                "narrow",
                vec![input],
                arguments,
                |x| x[0].narrow(arguments.0, arguments.1, arguments.2),
                |x, g| part(&x[0], g, arguments)
            )
        }),
        unary(1..=4, Numbers::Any, &LARGE, |input| {
            let (axis, index, _) = within(&input);
            let arguments = (axis, index, 1);
            case!(
                "select",
                vec![input],
                arguments,
                |x| x[0].select(arguments.0, arguments.1),
                |x, g| {
                    let g = g.clone().insert_axis(Axis(arguments.0));
                    let (value, grads) = part(&x[0], &g, arguments);
                    (value.index_axis_move(Axis(arguments.0), 0), grads)
                }
            )
        }),
        // The parts in the other order.
        unary(1..=4, Numbers::Any, &LARGE, |input| {
            let (axis, start, _) = within(&input);
            let arguments = (axis, [start, input.shape[axis] - start]);
            case!(
                "split",
                vec![input],
                arguments,
                |x| {
                    let (axis, sizes) = arguments;
                    let [a, b] = x[0].split(axis, sizes);
                    concat(&[b, a], axis)
                },
                |x, g| {
                    let (axis, [first, second]) = arguments;
                    (swapped(&x[0], axis, first), vec![swapped(g, axis, second)])
                }
            )
        }),
    ]
}

/// A dimension, and the first element and the length of a part of it.
fn within(input: &Input) -> (usize, usize, usize) {
    let seed = input.seed as usize;
    let axis = seed % input.shape.len();
    let start = seed % input.shape[axis];
    let length = 1 + seed.wrapping_mul(7) % (input.shape[axis] - start);
    (axis, start, length)
}

fn part<T: Scalar>(
    x: &Tensor<T>,
    g: &Tensor<T>,
    (axis, start, length): (usize, usize, usize),
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let range = Slice::from(start..start + length);
    let mut grad = Tensor::zeros(x.shape());
    grad.slice_axis_mut(Axis(axis), range).assign(g);
    (x.slice_axis(Axis(axis), range).to_shared(), vec![grad])
}

fn swapped<T: Scalar>(x: &Tensor<T>, axis: usize, first: usize) -> Tensor<T> {
    let (a, b) = x.view().split_at(Axis(axis), first);
    let joined = ndarray::concatenate(Axis(axis), &[b, a]).unwrap();
    joined.into_shared()
}

fn folds() -> Vec<Op> {
    // The value of a line and the derivatives by its elements, as plain twin.
    macro_rules! op {
        ($name:literal, $numbers:ident, |$x:ident, $axis:ident| $f:expr, |$line:ident| $twin:expr) => {
            unary(1..=4, Numbers::$numbers, &LARGE, |input| {
                let arguments = input.seed as usize % input.shape.len();
                case!(
                    $name,
                    vec![input],
                    arguments,
                    |x| {
                        let ($x, $axis) = (x[0], arguments);
                        $f
                    },
                    |x, g| folded(&x[0], g, arguments, |$line| $twin)
                )
            })
        };
    }
    vec![
        op!("mean_axis", Any, |x, axis| x.mean_axis(axis), |line| {
            let n = line.len() as f64;
            (line.iter().sum::<f64>() / n, vec![1.0 / n; line.len()])
        }),
        op!("max_axis", Few, |x, axis| x.max_axis(axis), |line| {
            let max = line.iter().fold(f64::NEG_INFINITY, |max, &x| max.max(x));
            let count = line.iter().filter(|&&x| x == max).count() as f64;
            let shares = line.iter().map(|&x| f64::from(x == max) / count);
            (max, shares.collect())
        }),
        op!("logsumexp", Any, |x, axis| x.logsumexp(axis), |line| {
            let sum: f64 = line.iter().map(|x| x.exp()).sum();
            (sum.ln(), line.iter().map(|x| x.exp() / sum).collect())
        }),
    ]
}

fn folded<T: Scalar>(
    x: &Tensor<T>,
    g: &Tensor<T>,
    axis: usize,
    f: fn(&[f64]) -> (f64, Vec<f64>),
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let (mut value, mut grad) = (Tensor::zeros(g.shape()), Tensor::zeros(x.shape()));
    Zip::from(&mut value)
        .and(g)
        .and(x.lanes(Axis(axis)))
        .and(grad.lanes_mut(Axis(axis)))
        .for_each(|value, g, x, mut grad| {
            let line: Vec<_> = x.iter().map(|x| x.widen()).collect();
            let (y, slopes) = f(&line);
            *value = T::of(y);
            for (grad, slope) in grad.iter_mut().zip(slopes) {
                *grad = T::of(slope * g.widen());
            }
        });
    (value, vec![grad])
}

fn stacked(a: Input, b: Input) -> Case {
    let arguments = a.seed as usize % (a.shape.len() + 1);
    case!(
        "stack",
        vec![a, b],
        arguments,
        |x| stack(x, arguments),
        |x, g| {
            let axis = Axis(arguments);
            let value = ndarray::stack(axis, &[x[0].view(), x[1].view()]);
            let parts = [0, 1].map(|i| g.index_axis(axis, i).to_shared());
            (value.unwrap().into_shared(), parts.into())
        }
    )
}
