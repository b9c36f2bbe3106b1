//! Operations at the sizes of the report's two models and of larger ones, forward and both ways: `cargo bench -p tapeline-tensor`.

use divan::{Bencher, black_box};
use ndarray::ShapeBuilder;
use tapeline_tensor::{
    Attention, Conv2d, MaxPool2d, Params, Pool, Tensor, Then, Var, attention, batch_norm, conv2d,
    conv2d_then, cross_entropy, group_norm, layer_norm, linear, max_pool2d, no_grad,
    value_and_grad,
};

fn main() {
    let pool = Pool::new(Pool::cores()).expect("threads");
    pool.install(divan::main);
}

/// Numbers between −1 and 1, of which a share is zero.
fn numbers(shape: &[usize], zeros: f32) -> Tensor {
    let mut state = 1u32;
    Tensor::from_shape_simple_fn(shape.to_vec(), || {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        if next() < zeros {
            0.0
        } else {
            2.0 * next() - 1.0
        }
    })
}

/// The same matrix with its first dimension running fastest, as `linear` lays its weights out.
fn column_major(x: Tensor) -> Tensor {
    let mut out = Tensor::zeros(x.raw_dim().f());
    out.assign(&x);
    out
}

type Op = for<'t> fn(&[Var<'t>]) -> Var<'t>;

struct Case {
    name: &'static str,
    /// The first is a constant where `first_is_data`, and then gets no gradient.
    inputs: Vec<Tensor>,
    first_is_data: bool,
    op: Op,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Four heads.
const HEADS: Attention<f32> = Attention {
    heads: 4,
    causal: false,
    factors: None,
};

const SAME_5: Conv2d = Conv2d {
    stride: [1, 1],
    padding: [[2, 2], [2, 2]],
    dilation: [1, 1],
    groups: 1,
};
/// A convolution of equal strides and paddings in all directions.
const fn of(stride: usize, padding: usize, groups: usize) -> Conv2d {
    Conv2d {
        stride: [stride; 2],
        padding: [[padding; 2]; 2],
        dilation: [1; 2],
        groups,
    }
}

const HALVES: MaxPool2d = MaxPool2d {
    kernel: [2, 2],
    stride: [2, 2],
    padding: [0, 0],
};

fn cases() -> Vec<Case> {
    let fully_connected = |name, from: usize, to: usize, zeros: f32| Case {
        name,
        inputs: vec![
            numbers(&[100, from], zeros),
            column_major(numbers(&[to, from], 0.0)),
            numbers(&[to], 0.0),
        ],
        first_is_data: from == 784,
        op: |x| linear(x[0], x[1], Some(x[2])),
    };
    let convolution = |name, channels: usize, outs: usize, size: usize, op: Op| Case {
        name,
        inputs: vec![
            numbers(&[100, channels, size, size], 0.0),
            numbers(&[outs, channels, 5, 5], 0.0),
            numbers(&[outs], 0.0),
        ],
        first_is_data: channels == 1,
        op,
    };
    let alone: Op = |x| conv2d(x[0], x[1], Some(x[2]), SAME_5);
    let joined: Op = |x| {
        let then = Then {
            relu: true,
            max_pool: Some(HALVES),
        };
        conv2d_then(x[0], x[1], Some(x[2]), SAME_5, then)
    };
    let convolved = |name, shape: [usize; 4], weight: [usize; 4], op: Op| Case {
        name,
        inputs: vec![
            numbers(&shape, 0.0),
            numbers(&weight, 0.0),
            numbers(&[weight[0]], 0.0),
        ],
        first_is_data: false,
        op,
    };
    let one = |name, shape: &[usize], op: Op| Case {
        name,
        inputs: vec![numbers(shape, 0.0)],
        first_is_data: false,
        op,
    };
    // Channels last in memory, as convolutions leave images.
    let normalized = |name, op: Op| {
        let images = numbers(&[100, 14, 14, 32], 0.0);
        Case {
            name,
            inputs: vec![
                images.permuted_axes(&[0, 3, 1, 2][..]),
                numbers(&[32], 0.0),
                numbers(&[32], 0.0),
            ],
            first_is_data: false,
            op,
        }
    };
    vec![
        fully_connected(
            "linear 784 to 456, four of five inputs zero",
            784,
            456,
            0.81,
        ),
        fully_connected("linear 784 to 456, dense", 784, 456, 0.0),
        fully_connected("linear 456 to 128, half zero", 456, 128, 0.5),
        fully_connected("linear 128 to 10, half zero", 128, 10, 0.5),
        fully_connected("linear 2048 to 2048, half zero", 2048, 2048, 0.5),
        fully_connected("linear 512 to 512", 512, 512, 0.0),
        convolution("conv2d 1 to 8, 28x28, relu, pooled", 1, 8, 28, joined),
        convolution("conv2d 1 to 8, 28x28", 1, 8, 28, alone),
        convolution("conv2d 8 to 16, 14x14, relu, pooled", 8, 16, 14, joined),
        convolution("conv2d 8 to 16, 14x14", 8, 16, 14, alone),
        convolution("conv2d 9 to 17, 15x15", 9, 17, 15, alone),
        convolved(
            "conv2d 32, 5x5 depthwise, 7x7",
            [100, 32, 7, 7],
            [32, 1, 5, 5],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 2, 32)),
        ),
        convolved(
            "conv2d 32, 3x3 depthwise, stride 2, 14x14",
            [100, 32, 14, 14],
            [32, 1, 3, 3],
            |x| conv2d(x[0], x[1], Some(x[2]), of(2, 1, 32)),
        ),
        convolved(
            "conv2d 20 to 40, 3x3 depthwise, 14x14",
            [100, 20, 14, 14],
            [40, 1, 3, 3],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 1, 20)),
        ),
        convolved(
            "conv2d 32, 3x3 in groups of 2, 14x14",
            [100, 32, 14, 14],
            [32, 2, 3, 3],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 1, 16)),
        ),
        convolved(
            "conv2d 32, 3x3 in groups of 4, 14x14",
            [100, 32, 14, 14],
            [32, 4, 3, 3],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 1, 8)),
        ),
        convolved(
            "conv2d 32, 3x3 in groups of 8, 14x14",
            [100, 32, 14, 14],
            [32, 8, 3, 3],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 1, 4)),
        ),
        convolved(
            "conv2d 32 to 32, 1x1, 7x7",
            [100, 32, 7, 7],
            [32, 32, 1, 1],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 0, 1)),
        ),
        convolved(
            "conv2d 16 to 32, 1x1, stride 2, 28x28",
            [100, 16, 28, 28],
            [32, 16, 1, 1],
            |x| conv2d(x[0], x[1], Some(x[2]), of(2, 0, 1)),
        ),
        convolved(
            "conv2d 32 to 32, 3x3, 14x14",
            [100, 32, 14, 14],
            [32, 32, 3, 3],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 1, 1)),
        ),
        convolved(
            "conv2d 16 to 32, 3x3, stride 2, 28x28",
            [100, 16, 28, 28],
            [32, 16, 3, 3],
            |x| conv2d(x[0], x[1], Some(x[2]), of(2, 1, 1)),
        ),
        convolved(
            "conv2d 32 to 32, 5x5, 14x14",
            [100, 32, 14, 14],
            [32, 32, 5, 5],
            |x| conv2d(x[0], x[1], Some(x[2]), of(1, 2, 1)),
        ),
        normalized("batch_norm 32x14x14", |x| {
            batch_norm(x[0], Some([x[1], x[2]]), None, 1e-5).0
        }),
        normalized("group_norm 32x14x14, 8 groups", |x| {
            group_norm(x[0], 8, Some([x[1], x[2]]), 1e-5)
        }),
        one("layer_norm 512", &[100, 512], |x| {
            layer_norm(x[0], None, 1e-5)
        }),
        one("attention 49x64, 4 heads", &[100, 49, 192], |x| {
            attention(x[0], HEADS)
        }),
        one("softmax 512", &[100, 512], |x| x[0].softmax(1)),
        one("log_softmax 512", &[100, 512], |x| x[0].log_softmax(1)),
        one("max_pool2d 8x28x28", &[100, 8, 28, 28], |x| {
            max_pool2d(x[0], HALVES)
        }),
        one("relu 8x28x28", &[100, 8, 28, 28], |x| x[0].relu()),
        one("cross_entropy 100x10", &[100, 10], |x| {
            cross_entropy(x[0], &[3; 100], 0.0)
        }),
    ]
}

#[divan::bench(args = cases())]
fn forward(bencher: Bencher, case: &Case) {
    bencher.bench_local(|| {
        no_grad(&Params::<f32>::new(), |tape, _| {
            let inputs: Vec<_> = case
                .inputs
                .iter()
                .map(|x| tape.constant(x.clone()))
                .collect();
            black_box((case.op)(&inputs));
        });
    });
}

#[divan::bench(args = cases())]
fn both_ways(bencher: Bencher, case: &Case) {
    bencher.bench_local(|| {
        let (data, wanted) = case.inputs.split_at(usize::from(case.first_is_data));
        let (_, grads, ()) = value_and_grad(&Params::<f32>::new(), wanted, |tape, _, wanted| {
            let data = data.iter().map(|x| tape.constant(x.clone()));
            let inputs: Vec<_> = data.chain(wanted.iter().copied()).collect();
            ((case.op)(&inputs).sum(), ())
        });
        black_box(&grads);
        grads.give_back();
    });
}
