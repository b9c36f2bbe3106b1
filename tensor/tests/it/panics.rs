//! A wrong shape panics at the caller, with the operation's name and what does not fit.

use std::{
    any::Any,
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::table::pooling;
use tapeline_tensor::{
    Attention, AvgPool2d, Conv2d, Params, RecurrentCell, RecurrentWeights, Tape, Tensor, Var,
    adaptive_avg_pool2d, attention, avg_pool2d, batch_norm, concat, conv2d, cross_entropy,
    gather2d, group_norm, layer_norm, layer_norm2d, linear, max_pool2d, mse, no_grad, recurrent,
    rms_norm, stack, value_and_grad,
};

thread_local!(static CAUGHT: RefCell<Option<Caught>> = const { RefCell::new(None) });

/// A panic: the file that it points at, and its message.
#[derive(Clone, Default)]
pub struct Caught {
    pub file: String,
    pub message: String,
}

/// The same value for all weights of a recurrent layer.
fn all(x: Var<'_>) -> RecurrentWeights<'_, f32> {
    RecurrentWeights {
        weight_ih: x,
        weight_hh: x,
        bias_ih: x,
        bias_hh: x,
    }
}

fn text(payload: &dyn Any) -> String {
    let string = payload.downcast_ref::<String>().cloned();
    let literal = || payload.downcast_ref::<&str>().map(|text| (*text).into());
    string.or_else(literal).unwrap_or_default()
}

/// Attention without a mask or factors.
fn heads<T>(heads: usize) -> Attention<T> {
    Attention {
        heads,
        causal: false,
        factors: None,
    }
}

/// The panic of `f`.
pub fn caught(f: impl FnOnce()) -> Option<Caught> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let outer = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let expected = CAUGHT.with_borrow_mut(|caught| {
                let Some(caught) = caught else { return false };
                caught.file = info.location().map(|l| l.file().into()).unwrap_or_default();
                caught.message = text(info.payload());
                true
            });
            if !expected {
                outer(info);
            }
        }));
    });
    CAUGHT.set(Some(Caught::default()));
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let caught = CAUGHT.take();
    result.err().and(caught)
}

type F = for<'t> fn(&[Var<'t>]) -> Var<'t>;

/// What to call with two zero tensors of these shapes, and the whole message.
const TABLE: &[(&[usize], &[usize], F, &str)] = &[
    (
        &[2, 3],
        &[4],
        |x| x[0] + x[1],
        "add: shapes [2, 3] and [4] do not broadcast",
    ),
    (
        &[2, 3],
        &[4],
        |x| x[0] - x[1],
        "sub: shapes [2, 3] and [4] do not broadcast",
    ),
    (
        &[2, 3],
        &[4],
        |x| x[0] * x[1],
        "mul: shapes [2, 3] and [4] do not broadcast",
    ),
    (
        &[2, 3],
        &[4],
        |x| x[0] / x[1],
        "div: shapes [2, 3] and [4] do not broadcast",
    ),
    (
        &[2, 3],
        &[4, 5],
        |x| x[0].matmul(x[1]),
        "matmul: shapes [2, 3] and [4, 5] do not fit",
    ),
    (
        &[3],
        &[3, 5],
        |x| x[0].matmul(x[1]),
        "matmul: shapes [3] and [3, 5] do not fit",
    ),
    (
        &[2, 3],
        &[2, 4],
        |x| mse(x[0], x[1]),
        "mse: shapes [2, 3] and [2, 4] differ",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].reshape(&[4, 2]),
        "reshape: [2, 3] does not fill [4, 2]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].flatten(3),
        "flatten: no dimension 3 in shape [2, 3]",
    ),
    (
        &[2, 3, 4],
        &[],
        |x| x[0].t(),
        "t: a matrix is wanted, not shape [2, 3, 4]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].sum_axis(2),
        "sum_axis: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].softmax(2),
        "softmax: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].log_softmax(2),
        "log_softmax: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].clamp(1.0, 0.5),
        "clamp: limits 1 to 0.5",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].clamp(f64::NAN, 0.5),
        "clamp: limits NaN to 0.5",
    ),
    (
        &[2, 3],
        &[4],
        |x| x[0].maximum(x[1]),
        "maximum: shapes [2, 3] and [4] do not broadcast",
    ),
    (
        &[2, 3],
        &[4],
        |x| x[0].minimum(x[1]),
        "minimum: shapes [2, 3] and [4] do not broadcast",
    ),
    (
        &[2, 3],
        &[2, 1],
        |x| x[0].where_(Tensor::from_elem(vec![2], true), x[1]),
        "where: shapes [2], [2, 3] and [2, 1] do not broadcast",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].mean_axis(2),
        "mean_axis: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].max_axis(2),
        "max_axis: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 0],
        &[],
        |x| x[0].max_axis(1),
        "max_axis: dimension 1 in shape [2, 0] has no elements",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].logsumexp(2),
        "logsumexp: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].narrow(2, 0, 1),
        "narrow: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].narrow(1, 2, 2),
        "narrow: no elements 2..4 along dimension 1 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].select(2, 0),
        "select: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].select(1, 3),
        "select: no index 3 along dimension 1 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].split(2, [1])[0],
        "split: no dimension 2 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].split(1, [1, 1])[0],
        "split: sizes [1, 1] do not sum to dimension 1 in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].unsqueeze(3),
        "unsqueeze: no place 3 for a dimension in shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].permute(&[0]),
        "permute: [0] are not the dimensions of shape [2, 3]",
    ),
    (
        &[2, 3],
        &[],
        |x| x[0].permute(&[1, 1]),
        "permute: [1, 1] are not the dimensions of shape [2, 3]",
    ),
    (
        &[2, 3],
        &[2, 4],
        |x| stack(x, 0),
        "stack: shapes [[2, 3], [2, 4]] do not fit along a new dimension 0",
    ),
    (
        &[2, 3],
        &[2, 3],
        |x| stack(x, 3),
        "stack: shapes [[2, 3], [2, 3]] do not fit along a new dimension 3",
    ),
    (
        &[3],
        &[],
        |x| cross_entropy(x[0], &[0], 0.0),
        "cross_entropy: a matrix is wanted, not shape [3]",
    ),
    (
        &[2, 3],
        &[],
        |x| cross_entropy(x[0], &[0], 0.0),
        "cross_entropy: 2 rows, but 1 targets",
    ),
    (
        &[2, 3],
        &[],
        |x| cross_entropy(x[0], &[0, 3], 0.0),
        "cross_entropy: target 3 among 3 classes",
    ),
    (
        &[1, 3, 5, 5],
        &[4, 3, 3, 3],
        |x| conv2d(x[0], x[1], Some(x[0]), Conv2d::default()),
        "conv2d: weight [4, 3, 3, 3] and bias [1, 3, 5, 5] do not fit",
    ),
    (
        &[2, 3],
        &[2, 4],
        |x| concat(x, 0),
        "concat: shapes [[2, 3], [2, 4]] do not fit along dimension 0",
    ),
    (
        &[2, 3],
        &[2, 3],
        |x| concat(x, 2),
        "concat: shapes [[2, 3], [2, 3]] do not fit along dimension 2",
    ),
    (
        &[2, 3],
        &[4],
        |x| batch_norm(x[0], Some([x[1], x[1]]), None, 1e-5).0,
        "batch_norm: 3 channels, and [4] of them",
    ),
    (
        &[2, 3, 4],
        &[3],
        |x| batch_norm(x[0], None, None, 1e-5).0,
        "batch_norm: two or four dimensions with channels are wanted, not [2, 3, 4]",
    ),
    (
        &[1, 1, 2, 2],
        &[1],
        |x| gather2d(x[0], &[Some(0)], &[None, Some(2)]),
        "gather2d: no column 2 among 2",
    ),
    (
        &[1, 2],
        &[1],
        |x| adaptive_avg_pool2d(x[0], [1, 1]),
        "adaptive_avg_pool2d: four dimensions are wanted, not [1, 2]",
    ),
    (
        &[1, 1, 2, 2],
        &[1],
        |x| adaptive_avg_pool2d(x[0], [0, 1]),
        "adaptive_avg_pool2d: planes of [2, 2] to [0, 1]",
    ),
    (
        &[1, 1, 2, 2],
        &[1],
        |x| {
            let options = AvgPool2d {
                kernel: [2, 3],
                stride: [1, 1],
                padding: [1, 2],
                count_include_pad: true,
            };
            avg_pool2d(x[0], options)
        },
        "avg_pool2d: padding [1, 2] is more than half of kernel [2, 3]",
    ),
    (
        &[2, 3],
        &[2],
        |x| layer_norm(x[0], Some([x[1], x[1]]), 1e-5),
        "layer_norm: samples of [3], and weight or bias [2]",
    ),
    (
        &[2, 3],
        &[2],
        |x| layer_norm2d(x[0], None, 1e-5),
        "layer_norm2d: images are wanted, not shape [2, 3]",
    ),
    (
        &[2, 3, 2, 1],
        &[2],
        |x| layer_norm2d(x[0], Some([x[1], x[1]]), 1e-5),
        "layer_norm2d: 3 channels, and weight or bias [2]",
    ),
    (
        &[2, 3],
        &[2],
        |x| rms_norm(x[0], Some(x[1]), 1e-5),
        "rms_norm: samples of [3], and weight or bias [2]",
    ),
    (
        &[2, 6],
        &[1],
        |x| group_norm(x[0], 4, None, 1e-5),
        "group_norm: 4 groups of 6 channels",
    ),
    (
        &[2, 6],
        &[2],
        |x| group_norm(x[0], 3, Some([x[1], x[1]]), 1e-5),
        "group_norm: 6 channels, and [2] of them",
    ),
    (
        &[2, 6],
        &[1],
        |x| attention(x[0], heads(2)),
        "attention: [n, tokens, 3 · features] is wanted, not [2, 6]",
    ),
    (
        &[2, 3, 9],
        &[1],
        |x| attention(x[0], heads(2)),
        "attention: 2 heads of 3 · features = 9",
    ),
    (
        &[6],
        &[1],
        |x| group_norm(x[0], 3, None, 1e-5),
        "group_norm: samples with channels are wanted, not [6]",
    ),
    (
        &[2, 3],
        &[4, 2],
        |x| linear(x[0], x[1], None),
        "linear: input [2, 3] and weight [4, 2] do not fit",
    ),
    (
        &[2, 3],
        &[4, 3],
        |x| linear(x[0], x[1], Some(x[0])),
        "linear: weight [4, 3] and bias [2, 3] do not fit",
    ),
    (
        &[2, 3, 4],
        &[6, 5],
        |x| recurrent(RecurrentCell::Lstm, x[0], all(x[1]), false),
        "lstm: input [2, 3, 4], weights [6, 5] and [6, 5] and biases [6, 5] and [6, 5] do not fit",
    ),
    (
        &[2, 3],
        &[6, 5],
        |x| recurrent(RecurrentCell::Gru, x[0], all(x[1]), true),
        "gru: input [2, 3] and weight [6, 5] must have 3 and 2 dimensions",
    ),
    (
        &[2, 3],
        &[1, 1, 2, 2],
        |x| conv2d(x[0], x[1], None, Conv2d::default()),
        "conv2d: four dimensions are wanted, not [2, 3] and [1, 1, 2, 2]",
    ),
    (
        &[1, 3, 5, 5],
        &[4, 2, 3, 3],
        |x| conv2d(x[0], x[1], None, Conv2d::default()),
        "conv2d: input [1, 3, 5, 5] and weight [4, 2, 3, 3] do not fit in 1 groups",
    ),
    (
        &[1, 4, 5, 5],
        &[3, 2, 3, 3],
        |x| {
            conv2d(
                x[0],
                x[1],
                None,
                Conv2d {
                    groups: 2,
                    ..Conv2d::default()
                },
            )
        },
        "conv2d: input [1, 4, 5, 5] and weight [3, 2, 3, 3] do not fit in 2 groups",
    ),
    (
        &[1, 1, 4, 5],
        &[1, 1, 3, 3],
        |x| {
            conv2d(
                x[0],
                x[1],
                None,
                Conv2d {
                    dilation: [2, 2],
                    ..Conv2d::default()
                },
            )
        },
        "conv2d: a window of 5x5 is larger than the plane of 4x5",
    ),
    (
        &[1, 1, 4, 5],
        &[1, 1, 3, 3],
        |x| {
            conv2d(
                x[0],
                x[1],
                None,
                Conv2d {
                    stride: [1, 0],
                    ..Conv2d::default()
                },
            )
        },
        "conv2d: stride 1x0: must be at least 1",
    ),
    (
        &[2, 3],
        &[],
        |x| max_pool2d(x[0], pooling([2, 2], [2, 2], [0, 0])),
        "max_pool2d: four dimensions are wanted, not [2, 3]",
    ),
    (
        &[1, 1, 4, 5],
        &[],
        |x| max_pool2d(x[0], pooling([3, 3], [1, 1], [2, 1])),
        "max_pool2d: padding [2, 1] is more than half of kernel [3, 3]",
    ),
    (
        &[1, 1, 1, 1],
        &[],
        |x| max_pool2d(x[0], pooling([4, 2], [1, 1], [1, 0])),
        "max_pool2d: a window of 4x2 is larger than the padded plane of 3x1",
    ),
    (
        &[1, 1, 0, 4],
        &[],
        |x| max_pool2d(x[0], pooling([2, 2], [1, 1], [1, 0])),
        "max_pool2d: plane 0x4: must be at least 1",
    ),
];

#[test]
fn wrong_shapes_panic_at_the_caller() {
    let mut failures = Vec::new();
    for (a, b, f, message) in TABLE {
        let found = caught(|| {
            no_grad(&Params::<f32>::new(), |tape, _| {
                let x = [a, b].map(|shape| tape.constant(Tensor::zeros(shape.to_vec())));
                f(&x);
            });
        });
        let found = found.unwrap_or_default();
        if found.message != *message || found.file != file!() {
            failures.push(format!(
                "{message}\n  found in {}: {}",
                found.file, found.message
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_loss_is_one_number() {
    let found = caught(|| {
        value_and_grad(
            &Params::<f32>::new(),
            &[Tensor::zeros(vec![3])],
            |_, _, x| (x[0], ()),
        );
    });
    let found = found.unwrap();
    assert_eq!(
        found.message,
        "value_and_grad: the loss is one number, not [3]"
    );
    assert_eq!(found.file, file!());
}

#[test]
fn a_value_of_another_tape_panics() {
    let found = caught(|| {
        no_grad(&Params::<f32>::new(), |outer: &Tape, _| {
            let x = outer.constant(Tensor::zeros(vec![3]));
            no_grad(&Params::<f32>::new(), |inner: &Tape, _| {
                let _ = inner.constant(Tensor::zeros(vec![3])) + x;
            });
        });
    });
    let found = found.unwrap();
    assert_eq!(found.message, "add: a parent is of another tape");
    assert_eq!(found.file, file!());
}

#[test]
fn a_second_parameter_of_a_name_panics() {
    let found = caught(|| {
        let mut params = Params::<f32>::new();
        for _ in 0..2 {
            params.push(
                "weight",
                tapeline_tensor::Role::Weight,
                Tensor::zeros(vec![1]),
            );
        }
    });
    let found = found.unwrap();
    assert_eq!(found.message, "Params::push: a second `weight`");
    assert_eq!(found.file, file!());
}
