//! What PyTorch 2.15 returns for NaN, infinities, ties and dimensions without elements; and
//! normalizations of a single value, whose gradient is zero.

use proptest::prelude::*;
use tapeline_tensor::{
    Conv2d, Grads, Params, Tensor, Var, batch_norm, conv2d, group_norm, layer_norm, layer_norm2d,
    no_grad, plain, tensor, value_and_grad,
};

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

type F = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;

/// The inputs, the value, and the gradients of the sum of the value.
type Edge = (
    &'static str,
    F,
    &'static [&'static [f64]],
    &'static [f64],
    &'static [&'static [f64]],
);

#[rustfmt::skip]
const TABLE: &[Edge] = &[
    ("amax", |x| x[0].max_axis(0), &[&[1.0, NAN, 2.0]], &[NAN], &[&[NAN, NAN, NAN]]),
    ("amax", |x| x[0].max_axis(0), &[&[INF, 1.0, INF]], &[INF], &[&[0.5, 0.0, 0.5]]),
    ("amax", |x| x[0].max_axis(0), &[&[-INF, -INF]], &[-INF], &[&[0.5, 0.5]]),
    ("logsumexp", |x| x[0].logsumexp(0), &[&[-INF, -INF]], &[-INF], &[&[NAN, NAN]]),
    ("logsumexp", |x| x[0].logsumexp(0), &[&[-INF, 1000.0]], &[1000.0], &[&[0.0, 1.0]]),
    ("logsumexp", |x| x[0].logsumexp(0), &[&[INF, 1.0]], &[INF], &[&[NAN, 0.0]]),
    ("logsumexp", |x| x[0].logsumexp(0), &[&[NAN, 1.0]], &[NAN], &[&[NAN, NAN]]),
    ("maximum", |x| x[0].maximum(x[1]), &[&[2.0, NAN, NAN, INF, -INF], &[NAN, 2.0, NAN, INF, -INF]],
        &[NAN, NAN, NAN, INF, -INF], &[&[1.0, 1.0, 1.0, 0.5, 0.5], &[1.0, 1.0, 1.0, 0.5, 0.5]]),
    ("minimum", |x| x[0].minimum(x[1]), &[&[2.0, NAN, NAN, INF, -INF], &[NAN, 2.0, NAN, INF, -INF]],
        &[NAN, NAN, NAN, INF, -INF], &[&[1.0, 1.0, 1.0, 0.5, 0.5], &[1.0, 1.0, 1.0, 0.5, 0.5]]),
    ("clamp", |x| x[0].clamp(-1.0, 2.0), &[&[-1.0, 2.0, NAN, INF, -INF]], &[-1.0, 2.0, NAN, 2.0, -1.0], &[&[0.0; 5]]),
    ("abs", |x| x[0].abs(), &[&[0.0, -0.0, NAN, -INF]], &[0.0, 0.0, NAN, INF], &[&[0.0, 0.0, 0.0, -1.0]]),
    ("pow 0", |x| x[0].powi(0), &[&[-2.0, 0.0, NAN, INF]], &[1.0; 4], &[&[0.0; 4]]),
    ("pow 1", |x| x[0].powi(1), &[&[-2.0, 0.0, NAN, INF]], &[-2.0, 0.0, NAN, INF], &[&[1.0; 4]]),
    ("pow 2", |x| x[0].powi(2), &[&[-2.0, 0.0, NAN, -INF]], &[4.0, 0.0, NAN, INF], &[&[-4.0, 0.0, NAN, -INF]]),
    ("pow -1", |x| x[0].powi(-1), &[&[-2.0, 0.0, NAN, -INF]], &[-0.5, INF, NAN, -0.0], &[&[-0.25, -INF, NAN, -0.0]]),
    ("where", |x| x[0].where_(tensor([true, false, true]), x[1]), &[&[NAN, NAN, 1.0], &[2.0, 3.0, INF]],
        &[NAN, 3.0, 1.0], &[&[1.0, 0.0, 1.0], &[0.0, 1.0, 0.0]]),
    ("number sub", |x| 1.0 - x[0], &[&[NAN, INF, 1.0]], &[NAN, -INF, 0.0], &[&[-1.0; 3]]),
    ("number div", |x| 2.0 / x[0], &[&[NAN, INF, 0.0, -0.0, 1e-200]], &[NAN, 0.0, INF, -INF, 2e200],
        &[&[NAN, -0.0, -INF, -INF, -INF]]),
];

#[test]
fn what_is_not_finite_is_pytorchs() {
    for (name, f, inputs, value, grads) in TABLE {
        let inputs: Vec<Tensor<f64>> = inputs.iter().map(|&x| tensor(x)).collect();
        let (_, found, y) = value_and_grad(&Params::new(), &inputs, |_, _, x| {
            let y = f(x);
            (y.sum(), y.value())
        });
        assert!(same(&y, value), "{name} of {inputs:?}: {y:?}");
        for (found, grad) in found.inputs.iter().zip(*grads) {
            let found = found.as_ref().unwrap();
            assert!(
                same(found, grad),
                "{name} of {inputs:?}: gradient {found:?}"
            );
        }
    }
}

/// The sign of a zero counts, too.
fn same(found: &Tensor<f64>, wanted: &[f64]) -> bool {
    let equal = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    found.len() == wanted.len() && found.iter().zip(wanted).all(equal)
}

#[test]
fn dimensions_without_elements() {
    let folds: [(F, f64); 3] = [
        (|x| x[0].sum_axis(1), 0.0),
        (|x| x[0].mean_axis(1), NAN),
        (|x| x[0].logsumexp(1), -INF),
    ];
    let none = [Tensor::zeros(vec![2, 0])];
    for (f, expected) in folds {
        let (_, Grads { inputs, .. }, y) = value_and_grad(&Params::new(), &none, |_, _, x| {
            let y = f(x);
            (y.sum(), y.value())
        });
        assert!(same(&y, &[expected; 2]), "{y:?}");
        assert_eq!(inputs[0].as_ref().unwrap().shape(), [2, 0]);
    }
    let max = |x: &[Var<'_, f64>]| x[0].max_axis(0).shape();
    value_and_grad(&Params::new(), &none, |_, _, x| {
        assert_eq!(max(x), [0]);
        (x[0].sum(), ())
    });
}

/// Normalizations with a single value for each mean.
const OF_ONE_VALUE: [(&str, F, &[usize]); 5] = [
    (
        "batch_norm",
        |x| batch_norm(x[0], Some([x[1], x[2]]), None, 1e-5).0,
        &[1, 6],
    ),
    (
        "batch_norm",
        |x| batch_norm(x[0], Some([x[1], x[2]]), None, 1e-5).0,
        &[1, 6, 1, 1],
    ),
    (
        "group_norm",
        |x| group_norm(x[0], 6, Some([x[1], x[2]]), 1e-5),
        &[3, 6],
    ),
    (
        "layer_norm",
        |x| layer_norm(x[0], Some([x[1], x[2]]), 1e-5),
        &[6, 1],
    ),
    (
        "layer_norm2d",
        |x| layer_norm2d(x[0], Some([x[1], x[2]]), 1e-5),
        &[1, 1, 2, 3],
    ),
];

proptest! {
    /// The result is the bias, so no rounding error may pass for a derivative.
    #[test]
    fn nothing_flows_through_the_normalization_of_one_value(
        values in prop::collection::vec(-100.0..100.0, 18),
        (weight, bias) in (-100.0..100.0, -100.0..100.0),
        upstream in prop::collection::vec(-100.0..100.0, 18),
    ) {
        for (name, f, shape) in OF_ONE_VALUE {
            let of_shape = |values: &[f64]| {
                let size = shape.iter().product();
                Tensor::from_shape_vec(shape, values[..size].to_vec()).unwrap()
            };
            let columns = vec![shape[1]];
            let inputs = [
                of_shape(&values),
                Tensor::from_elem(columns.clone(), weight),
                Tensor::from_elem(columns, bias),
                of_shape(&upstream),
            ];
            let (_, found, y) = value_and_grad(&Params::new(), &inputs, |_, _, x| {
                let y = f(x);
                ((y * x[3]).sum(), y.value())
            });
            prop_assert!(y.iter().all(|&y| y == bias), "{name}: {y:?}");
            let dx = found.inputs[0].as_ref().unwrap();
            prop_assert!(dx.iter().all(|&d| d == 0.0), "{name}: {dx:?}");
        }
    }
}

/// Convolutions of many channels transform tiles of cells, which must not spread what isn't finite.
#[test]
fn an_infinite_cell_reaches_the_windows_that_contain_it() {
    for cell in (0..35).map(|i| [i / 7, i % 7]) {
        let mut x = Tensor::from_elem(vec![1, 32, 5, 7], 0.5f32);
        x[[0, 3, cell[0], cell[1]]] = f32::INFINITY;
        let w = Tensor::from_elem(vec![16, 32, 3, 3], 0.25);
        let options = Conv2d {
            padding: [[1, 1], [0, 1]],
            ..Conv2d::default()
        };
        let (_, _, y) = value_and_grad(&Params::new(), &[x, w], |_, _, x| {
            let y = conv2d(x[0], x[1], None, options);
            (y.sum(), y.value())
        });
        for (at, y) in y.indexed_iter() {
            // Windows begin one line above their pixel.
            let is_in = cell[0].abs_diff(at[2]) <= 1 && (at[3]..at[3] + 3).contains(&cell[1]);
            assert_eq!(!y.is_finite(), is_in, "{cell:?}: {y} at {at:?}");
        }
    }
}

/// The root mean square of the errors, in units of the root mean square of the pixels.
#[test]
fn convolutions_of_many_channels_are_as_exact_as_stated() {
    let numbers = |shape: &[usize], seed: u32| {
        let mut state = seed;
        Tensor::from_shape_simple_fn(shape.to_vec(), || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
    };
    let (x, w) = (numbers(&[2, 64, 14, 14], 1), numbers(&[64, 64, 3, 3], 2));
    let wanted = plain::conv2d(
        &x.mapv(f64::from).into_shared(),
        &w.mapv(f64::from).into_shared(),
        None,
        Conv2d::default(),
    );
    let y = no_grad(&Params::new(), |tape, _| {
        conv2d(tape.constant(x), tape.constant(w), None, Conv2d::default()).value()
    });
    let squares = |x: &Tensor<f64>| x.iter().map(|x| x * x).sum::<f64>();
    let errors = y.mapv(f64::from).into_shared() - &wanted;
    let error = (squares(&errors) / squares(&wanted)).sqrt();
    assert!(error < 3e-7, "{error:e}");
}
