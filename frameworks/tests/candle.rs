//! The gradients of candle 0.9.2, operation by operation.

use candle_core::{D, Result, Tensor};
use candle_nn::{loss, ops};
use tapeline_frameworks::{candle::check, mixed, positive};
use tapeline_tensor::{
    check::{Fault, Mismatch},
    ndarray::ArrayD,
};

type Case = (
    &'static str,
    Vec<ArrayD<f64>>,
    fn(&[Tensor]) -> Result<Tensor>,
);

/// Operations whose gradients are right.
fn right() -> Vec<Case> {
    let (x, y) = (mixed(&[3, 4]), mixed(&[4, 3]).reversed_axes());
    let one = || vec![x.clone()];
    let two = || vec![x.clone(), y.clone() * 1.3];
    let up = || vec![positive(&[3, 4])];
    vec![
        ("add", two(), |x| &x[0] + &x[1]),
        ("sub", two(), |x| &x[0] - &x[1]),
        ("mul", two(), |x| &x[0] * &x[1]),
        ("div", two(), |x| &x[0] / &x[1]),
        ("maximum", two(), |x| x[0].maximum(&x[1])),
        ("minimum", two(), |x| x[0].minimum(&x[1])),
        ("broadcast_mul", vec![x.clone(), mixed(&[4])], |x| {
            x[0].broadcast_mul(&x[1])
        }),
        ("broadcast_div", vec![x.clone(), mixed(&[3, 1])], |x| {
            x[0].broadcast_div(&x[1])
        }),
        ("affine", one(), |x| x[0].affine(2.0, -3.0)),
        ("neg", one(), |x| x[0].neg()),
        ("exp", one(), |x| x[0].exp()),
        ("log", up(), |x| x[0].log()),
        ("sin", one(), |x| x[0].sin()),
        ("cos", one(), |x| x[0].cos()),
        ("tanh", one(), |x| x[0].tanh()),
        ("abs", one(), |x| x[0].abs()),
        ("recip", one(), |x| x[0].recip()),
        ("sqr", one(), |x| x[0].sqr()),
        ("sqrt", up(), |x| x[0].sqrt()),
        ("powf", up(), |x| x[0].powf(2.5)),
        ("relu", one(), |x| x[0].relu()),
        ("silu", one(), |x| x[0].silu()),
        ("elu", one(), |x| x[0].elu(0.7)),
        ("erf", one(), |x| x[0].erf()),
        ("round", one(), |x| x[0].round()),
        ("clamp", one(), |x| x[0].clamp(-6.0, 6.0)),
        ("sum", one(), |x| x[0].sum(1)),
        ("mean", one(), |x| x[0].mean(0)),
        ("var", one(), |x| x[0].var(1)),
        ("max", one(), |x| x[0].max(1)),
        ("min", one(), |x| x[0].min(0)),
        ("log_sum_exp", one(), |x| x[0].log_sum_exp(1)),
        ("transpose", one(), |x| x[0].t()? * 2.0),
        ("narrow", one(), |x| x[0].narrow(1, 1, 2)),
        ("cat", two(), |x| Tensor::cat(&[&x[0], &x[1]], 1)),
        ("gather", one(), |x| x[0].gather(&indices(&x[0], 3)?, 1)),
        ("index_select", one(), |x| {
            x[0].index_select(&Tensor::new(&[2_u32, 0, 2], x[0].device())?, 1)
        }),
        ("matmul", vec![x.clone(), mixed(&[4, 2])], |x| {
            x[0].matmul(&x[1])
        }),
        (
            "conv1d of one sample",
            vec![mixed(&[1, 3, 7]), mixed(&[4, 3, 3])],
            |x| x[0].conv1d(&x[1], 1, 1, 1, 1),
        ),
        (
            "conv2d",
            vec![mixed(&[2, 3, 5, 5]), mixed(&[2, 3, 3, 3])],
            |x| x[0].conv2d(&x[1], 1, 2, 1, 1),
        ),
        (
            "conv2d of groups",
            vec![mixed(&[2, 4, 5, 5]), mixed(&[4, 2, 3, 3])],
            |x| x[0].conv2d(&x[1], 1, 1, 1, 2),
        ),
        (
            "conv_transpose2d",
            vec![mixed(&[1, 2, 4, 4]), mixed(&[2, 3, 3, 3])],
            |x| x[0].conv_transpose2d(&x[1], 1, 0, 1, 1),
        ),
        ("avg_pool2d", vec![mixed(&[2, 2, 4, 6])], |x| {
            x[0].avg_pool2d(2)
        }),
        ("upsample_nearest2d", vec![mixed(&[2, 2, 3, 3])], |x| {
            x[0].upsample_nearest2d(6, 6)
        }),
        ("sigmoid", one(), |x| ops::sigmoid(&x[0])),
        ("leaky_relu", one(), |x| ops::leaky_relu(&x[0], 0.1)),
        ("mish", one(), |x| ops::mish(&x[0])),
        ("hard_sigmoid", one(), |x| ops::hard_sigmoid(&x[0])),
        ("swiglu", one(), |x| ops::swiglu(&x[0])),
        ("pixel_shuffle", vec![mixed(&[1, 4, 2, 2])], |x| {
            ops::pixel_shuffle(&x[0], 2)
        }),
        (
            "layer_norm_slow",
            vec![x.clone(), mixed(&[4]), mixed(&[4])],
            |x| ops::layer_norm_slow(&x[0], &x[1], &x[2], 1e-5),
        ),
        ("rms_norm_slow", vec![x.clone(), mixed(&[4])], |x| {
            ops::rms_norm_slow(&x[0], &x[1], 1e-5)
        }),
        ("mse", two(), |x| loss::mse(&x[0], &x[1])),
        ("cross_entropy", one(), |x| {
            loss::cross_entropy(&x[0], &Tensor::new(&[0_u32, 1, 3], x[0].device())?)
        }),
        ("cumsum", one(), |x| x[0].cumsum(1)),
        ("slice_scatter", vec![x.clone(), mixed(&[3, 2])], |x| {
            x[0].slice_scatter(&x[1], 1, 1)
        }),
        ("index_add", vec![x.clone(), mixed(&[3, 2])], |x| {
            x[0].index_add(&Tensor::new(&[2_u32, 0], x[0].device())?, &x[1], 1)
        }),
        ("softmax", one(), |x| ops::softmax(&x[0], D::Minus1)),
        ("log_softmax", one(), |x| ops::log_softmax(&x[0], D::Minus1)),
    ]
}

/// Indices `[rows, count]` into the last axis.
fn indices(x: &Tensor, count: usize) -> Result<Tensor> {
    let columns = x.dim(1)?;
    let all = (0..x.dim(0)? * count).map(|i| (i * 3 % columns) as u32);
    Tensor::from_iter(all, x.device())?.reshape((x.dim(0)?, count))
}

/// Operations whose gradients are wrong in this version. README.md says what is wrong with them.
fn wrong() -> Vec<Case> {
    let one = || vec![mixed(&[3, 4])];
    vec![
        ("max_pool2d", vec![mixed(&[2, 2, 4, 6])], |x| {
            x[0].max_pool2d(2)
        }),
        (
            "avg_pool2d of an odd size",
            vec![mixed(&[1, 1, 5, 5])],
            |x| x[0].avg_pool2d(2),
        ),
        (
            "upsample_nearest2d of a value used twice",
            vec![mixed(&[1, 1, 2, 2])],
            |x| {
                let up = x[0].upsample_nearest2d(4, 4)?;
                Tensor::cat(&[up.flatten_all()?, x[0].sqr()?.flatten_all()?], 0)
            },
        ),
        (
            "conv1d of two samples",
            vec![mixed(&[2, 3, 7]), mixed(&[4, 3, 3])],
            |x| x[0].conv1d(&x[1], 1, 1, 1, 1),
        ),
        ("scatter", vec![mixed(&[3, 4]), mixed(&[3, 2])], |x| {
            x[0].scatter(&indices(&x[0], 2)?, &x[1], 1)
        }),
        ("scatter_add", vec![mixed(&[3, 4]), mixed(&[3, 4])], |x| {
            x[0].scatter_add(&indices(&x[0], 4)?, &x[1], 1)
        }),
        ("softmax_last_dim", one(), |x| ops::softmax_last_dim(&x[0])),
        ("gelu", one(), |x| x[0].gelu()),
        ("gelu_erf", one(), |x| x[0].gelu_erf()),
    ]
}

#[test]
fn right_gradients_pass() {
    for (name, inputs, f) in right() {
        check(name, &inputs, f).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

/// When an operation gets right in another version, it belongs to the others.
#[test]
fn wrong_gradients_are_found() {
    for (name, inputs, f) in wrong() {
        let found = check(name, &inputs, f);
        assert!(found.is_err(), "{name} is right now");
    }
}

/// A unique maximum of a pooling window of four gets a quarter of the gradient, which is reported
/// with the element and both values.
#[test]
fn the_gradient_of_max_pool2d_is_a_quarter() {
    let found = check("max_pool2d", &[mixed(&[1, 1, 2, 2])], |x| {
        x[0].max_pool2d(2)
    });
    let fault = found.unwrap_err().found;
    let Fault::Mismatch(mismatch) = &fault else {
        panic!("{fault:?}")
    };
    let Mismatch::Wrong {
        analytic, numeric, ..
    } = **mismatch
    else {
        panic!("{mismatch}")
    };
    assert!((analytic / numeric - 0.25).abs() < 1e-9, "{mismatch}");
}
