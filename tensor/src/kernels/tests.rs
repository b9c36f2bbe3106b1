//! Kernels give the same bits at any width of vectors. What they compute is tested against their
//! plain twins, from outside.

use std::sync::Arc;

use ndarray::{Array2, Ix2, IxDyn, ShapeBuilder};
use proptest::prelude::*;

use super::{simd::forced::Width, transpose::transpose};
use crate::{
    Attention, Conv2d, MaxPool2d, Params, RecurrentCell, RecurrentWeights, Scalar, Tensor, Then,
    Var, adaptive_avg_pool2d, attention, batch_norm, batch_norm_relu, conv2d_then, group_norm,
    layer_norm, layer_norm2d, linear, max_pool2d, recurrent, rms_norm, value_and_grad,
};

/// Numbers between −2 and 2, of which a share is zero.
fn numbers<T: Scalar>(shape: &[usize], seed: u32, zeros: f64) -> Tensor<T> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    Tensor::from_shape_simple_fn(shape.to_vec(), || {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24)
        };
        T::of(if next() < zeros {
            0.0
        } else {
            4.0 * next() - 2.0
        })
    })
}

type Op<T> = dyn for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>;

/// Value and gradients as bits.
fn bits<T: Scalar>(inputs: &[Tensor<T>], op: &Op<T>) -> Vec<u64> {
    let (_, grads, value) = value_and_grad(&Params::new(), inputs, |_, _, x| {
        let y = op(x);
        ((y * y).sum(), y.value())
    });
    let all = grads.inputs.iter().flatten().chain([&value]);
    all.flat_map(|x| x.iter().map(|x| x.widen().to_bits()).collect::<Vec<_>>())
        .collect()
}

fn same<T: Scalar>(inputs: &[Tensor<T>], op: &Op<T>) -> Result<(), TestCaseError> {
    let wide = bits(inputs, op);
    for width in Width::ALL {
        let narrow = width.force(|| bits(inputs, op));
        let differ = wide.iter().zip(&narrow).filter(|(a, b)| a != b).count();
        let count = wide.len();
        prop_assert!(differ == 0, "{width:?}: {differ} of {count} numbers differ");
    }
    Ok(())
}

fn both(
    shapes: [&[usize]; 3],
    seed: u32,
    zeros: f64,
    op: (&Op<f32>, &Op<f64>),
) -> Result<(), TestCaseError> {
    fn inputs<T: Scalar>(shapes: [&[usize]; 3], seed: u32, zeros: f64) -> Vec<Tensor<T>> {
        let shares = [zeros, 0.0, 0.0];
        let shapes = shapes.into_iter().zip(shares).zip(seed..);
        shapes
            .map(|((shape, zeros), seed)| numbers(shape, seed, zeros))
            .collect()
    }
    same::<f32>(&inputs(shapes, seed, zeros), op.0)?;
    same::<f64>(&inputs(shapes, seed, zeros), op.1)
}

/// Each element of a product is one chain of fused multiply-adds, in the order of the terms,
/// whatever the memory order of the factors.
fn one_chain<T: Scalar>(
    [m, k, n]: [usize; 3],
    by_column: [bool; 2],
    with_bias: bool,
    special: (usize, f64),
    seed: u32,
) -> Result<(), TestCaseError> {
    let matrix = |shape: [usize; 2], by_column: bool, seed| {
        let mut values = numbers::<T>(&shape, seed, 0.1);
        let place = special.0 % values.len().max(1);
        if let Some(value) = values.iter_mut().nth(place) {
            *value = T::of(special.1);
        }
        let mut matrix = Array2::zeros(shape.set_f(by_column));
        matrix.assign(&values.into_dimensionality::<Ix2>().expect("a matrix"));
        matrix
    };
    let a = matrix([m, k], by_column[0], seed);
    let b = matrix([k, n], by_column[1], seed ^ 1);
    let bias = with_bias.then(|| {
        numbers::<T>(&[n], seed ^ 2, 0.0)
            .into_iter()
            .collect::<Vec<_>>()
    });
    let product = T::matmul(a.view(), b.view(), bias.as_deref());
    for ((i, j), &found) in product.indexed_iter() {
        let start = bias.as_ref().map_or(T::zero(), |bias| bias[j]);
        let terms = a.row(i).into_iter().zip(b.column(j));
        let expected = terms.fold(start, |sum, (&a, &b)| a.mul_add(b, sum));
        let same = found.widen().to_bits() == expected.widen().to_bits();
        prop_assert!(
            same || found.is_nan() && expected.is_nan(),
            "at ({i}, {j}): {found}, but plainly {expected}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Up to several tasks, blocks of terms and panels, with and without copies of the factors.
    #[test]
    fn dense_products(
        (m, k, n) in (1..220usize, prop_oneof![1 => 0..2usize, 9 => 0..600usize], 1..300usize)
            .prop_filter("small enough", |(m, k, n)| m * k * n < 4_000_000),
        by_column: [bool; 2],
        with_bias: bool,
        special in (any::<usize>(), prop::sample::select(vec![f64::NAN, f64::INFINITY, -0.0])),
        seed: u32,
    ) {
        one_chain::<f32>([m, k, n], by_column, with_bias, special, seed)?;
        one_chain::<f64>([m, k, n], by_column, with_bias, special, seed)?;
        for width in Width::ALL {
            width.force(|| one_chain::<f32>([m, k, n], by_column, with_bias, special, seed))?;
        }
    }

    /// Any sizes, so that blocks and what is left of them occur; nothing else is written.
    #[test]
    fn transposes(rows in 1..40usize, columns in 0..40usize, gaps in (0..9usize, 0..9usize), seed: u32) {
        fn check<T: Scalar>([rows, columns, from, to]: [usize; 4], seed: u32) -> Result<(), TestCaseError> {
            let x = numbers::<T>(&[rows, from], seed, 0.0).into_iter().collect::<Vec<_>>();
            let mut out = vec![T::of(9.0); columns * to];
            transpose(
                (&x[..((rows - 1) * from + columns).min(rows * from)], from),
                [rows, columns],
                (&mut out[..(columns * to + rows).saturating_sub(to)], to),
            );
            for (place, &found) in out.iter().enumerate() {
                let (column, row) = (place / to, place % to);
                let expected = if row < rows { x[row * from + column] } else { T::of(9.0) };
                prop_assert!(found == expected, "at ({row}, {column}): {found} for {expected}");
            }
            Ok(())
        }
        let sizes = [rows, columns, columns + gaps.0, rows + gaps.1];
        check::<f32>(sizes, seed)?;
        check::<f64>(sizes, seed)?;
    }

    #[test]
    fn products(n in 1..9usize, from in 1..80usize, to in 1..220usize, seed: u32, zeros in 0.0..1.0) {
        // Laid out by input, as `linear` lays its weights out, so that sparse inputs are walked.
        fn op<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
            linear(x[0], x[1].t(), Some(x[2]))
        }
        both([&[n, from], &[from, to], &[to]], seed, zeros, (&op, &op))?;
    }

    /// What isn't zero is summed in the order in which a dense product sums it. With fewer outputs,
    /// both are dense.
    #[test]
    fn sparse_and_dense(n in 1..9usize, from in 1..700usize, to in 96..200usize, seed: u32, zeros in 0.5..1.0) {
        fn all<T: Scalar>(x: &Tensor<T>, weight: Tensor<T>, bias: &Tensor<T>) -> Vec<Tensor<T>> {
            let inputs = [x.clone(), weight, bias.clone()];
            let (_, grads, value) = value_and_grad(&Params::new(), &inputs, |_, _, x| {
                let y = linear(x[0], x[1], Some(x[2]));
                ((y * y).sum(), y.value())
            });
            grads.inputs.into_iter().flatten().chain([value]).collect()
        }
        fn same<T: Scalar>(sizes: [usize; 3], seed: u32, zeros: f64) -> Result<(), TestCaseError> {
            let [n, from, to] = sizes;
            let x = numbers::<T>(&[n, from], seed, zeros);
            let (weight, bias) = (numbers(&[to, from], seed ^ 1, 0.0), numbers(&[to], seed ^ 2, 0.0));
            let mut by_input = Tensor::zeros(IxDyn(&[to, from]).f());
            by_input.assign(&weight);
            prop_assert_eq!(all(&x, weight, &bias), all(&x, by_input, &bias));
            Ok(())
        }
        same::<f32>([n, from, to], seed, zeros)?;
        same::<f64>([n, from, to], seed, zeros)?;
    }

    #[test]
    fn attentions(
        n in 1..10usize,
        tokens in prop_oneof![1..40usize, 60..100usize],
        heads in 1..3usize,
        size in 1..40usize,
        causal: bool,
        seed: u32,
    ) {
        fn op<'t, T: Scalar>(x: Var<'t, T>, heads: usize, causal: bool) -> Var<'t, T> {
            let alternate = |first: usize, values: &mut [T]| {
                for (position, value) in (first..).zip(values) {
                    *value = T::of((position % 3) as f64);
                }
            };
            attention(x, Attention { heads, causal, factors: causal.then(|| Arc::new(alternate) as _) })
        }
        let x: [&[usize]; 3] = [&[n, tokens, 3 * heads * size], &[], &[]];
        both(x, seed, 0.0, (
            &move |x| op(x[0], heads, causal),
            &move |x| op(x[0], heads, causal),
        ))?;
    }

    #[test]
    fn convolutions(
        sizes in (1..3usize, 1..10usize, 1..19usize, 3..9usize, 1..4usize),
        stride in 1..3usize,
        dilation in 1..3usize,
        then in (any::<bool>(), any::<bool>()),
        seed: u32,
    ) {
        let (n, channels, outs, size, kernel) = sizes;
        let options = Conv2d {
            stride: [stride, 1],
            padding: [[1, 2], [3, 0]],
            dilation: [1, dilation],
            groups: 1,
        };
        let then = Then {
            relu: then.0,
            max_pool: then.1.then_some(MaxPool2d { kernel: [2, 2], stride: [1, 2], padding: [1, 1] }),
        };
        prop_assume!(dilation * (kernel - 1) < size + 3);
        let shapes: [&[usize]; 3] = [&[n, channels, size, size], &[outs, channels, kernel, kernel], &[outs]];
        both(shapes, seed, 0.0, (
            &move |x| conv2d_then(x[0], x[1], Some(x[2]), options, then),
            &move |x| conv2d_then(x[0], x[1], Some(x[2]), options, then),
        ))?;
    }

    #[test]
    fn convolutions_by_tiles(
        n in 1..3usize,
        channels in prop_oneof![Just([16, 32usize]), Just([32, 16]), Just([32, 48])],
        plane in (3..9usize, 3..9usize),
        padding in 0..3usize,
        relu: bool,
        seed: u32,
    ) {
        let options = Conv2d { padding: [[1, padding], [padding, 1]], ..Conv2d::default() };
        let then = Then { relu, max_pool: None };
        let [channels, outs] = channels;
        let shapes: [&[usize]; 3] = [&[n, channels, plane.0, plane.1], &[outs, channels, 3, 3], &[outs]];
        both(shapes, seed, 0.0, (
            &move |x| conv2d_then(x[0], x[1], Some(x[2]), options, then),
            &move |x| conv2d_then(x[0], x[1], Some(x[2]), options, then),
        ))?;
    }

    #[test]
    fn grouped_convolutions(
        sizes in (1..3usize, 2..36usize, 1..3usize, 1..4usize, 3..9usize, 1..4usize),
        stride in 1..3usize,
        dilation in 1..3usize,
        then in (any::<bool>(), any::<bool>()),
        seed: u32,
    ) {
        let (n, groups, channels, outs, size, kernel) = sizes;
        let options = Conv2d {
            stride: [stride, 1],
            padding: [[1, 2], [3, 0]],
            dilation: [1, dilation],
            groups,
        };
        let then = Then {
            relu: then.0,
            max_pool: then.1.then_some(MaxPool2d { kernel: [2, 2], stride: [1, 2], padding: [1, 1] }),
        };
        prop_assume!(dilation * (kernel - 1) < size + 3);
        let shapes: [&[usize]; 3] = [
            &[n, channels * groups, size, size],
            &[outs * groups, channels, kernel, kernel],
            &[outs * groups],
        ];
        both(shapes, seed, 0.0, (
            &move |x| conv2d_then(x[0], x[1], Some(x[2]), options, then),
            &move |x| conv2d_then(x[0], x[1], Some(x[2]), options, then),
        ))?;
    }

    #[test]
    fn normalizations(n in 1..10usize, channels in 1..20usize, size in 1..7usize, seed: u32) {
        fn image<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
            let affine = Some([x[1], x[2]]);
            let channels = x[1].shape()[0];
            let y = batch_norm(x[0], affine, None, 1e-5).0 + batch_norm_relu(x[0], affine, None, 1e-5).0;
            let y = y + group_norm(x[0], if channels.is_multiple_of(2) { 2 } else { 1 }, affine, 1e-5);
            y + layer_norm2d(x[0], affine, 1e-5)
        }
        fn row<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
            layer_norm(x[0], Some([x[1], x[2]]), 1e-5) + rms_norm(x[0], Some(x[1]), 1e-5)
        }
        both([&[n, channels, size, size], &[channels], &[channels]], seed, 0.0, (&image, &image))?;
        let columns = channels * size * size;
        both([&[n, columns], &[columns], &[columns]], seed, 0.0, (&row, &row))?;
    }

    #[test]
    fn functions(n in 1..40usize, columns in 1..80usize, seed: u32) {
        fn op<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
            let positive = x[0].square() + 0.1;
            let y = x[0].tanh() + x[0].sigmoid() + x[0].exp() + positive.log() + positive.sqrt();
            y + x[0].relu() + x[0].softmax(1) + x[0].log_softmax(1) + x[0].softmax(0)
        }
        both([&[n, columns], &[], &[]], seed, 0.0, (&op, &op))?;
    }

    #[test]
    fn pooling(n in 1..4usize, channels in 1..20usize, size in 3..12usize, seed: u32) {
        fn op<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
            let max = MaxPool2d { kernel: [2, 3], stride: [1, 2], padding: [1, 1] };
            max_pool2d(x[0], max).sum() + adaptive_avg_pool2d(x[0], [2, 3]).sum()
        }
        both([&[n, channels, size, size], &[], &[]], seed, 0.0, (&op, &op))?;
    }

    #[test]
    fn recurrences(
        (n, tokens, features) in (1..40usize, 1..5usize, 1..9usize),
        hidden in 1..40usize,
        reverse: bool,
        seed: u32,
    ) {
        fn op<'t, T: Scalar>(cell: RecurrentCell, x: &[Var<'t, T>], reverse: bool) -> Var<'t, T> {
            let bias = x[2].sum_axis(1);
            let weights = RecurrentWeights { weight_ih: x[1], weight_hh: x[2], bias_ih: bias, bias_hh: bias };
            recurrent(cell, x[0], weights, reverse)
        }
        for cell in [RecurrentCell::Lstm, RecurrentCell::Gru, RecurrentCell::Tanh, RecurrentCell::Relu] {
            let width = cell.gates() * hidden;
            let shapes: [&[usize]; 3] = [&[n, tokens, features], &[width, features], &[width, hidden]];
            both(shapes, seed, 0.0, (&move |x| op(cell, x, reverse), &move |x| op(cell, x, reverse)))?;
        }
    }
}
