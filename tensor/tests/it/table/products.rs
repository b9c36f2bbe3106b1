//! Products and windows.

use std::ops::RangeInclusive;

use proptest::{array::uniform2, prelude::*};
use tapeline_tensor::{
    Conv2d, MaxPool2d, Then, Window, conv2d, conv2d_then, linear, max_pool2d, plain,
};

use super::{
    Case, Input, Layout, Numbers, Op, Ways, case,
    draw::{input, kinked, size},
    fast, pooling, twin,
};

pub fn ops() -> Vec<Op> {
    fn matmul(inputs: Vec<Input>) -> Case {
        let arguments = ();
        case!(
            "matmul",
            inputs,
            arguments,
            |x| x[0].matmul(x[1]),
            |x, g| {
                (
                    plain::matmul(&x[0], &x[1]),
                    plain::matmul_gradients(&x[0], &x[1], g).to_vec(),
                )
            }
        )
    }
    fn convolution(inputs: Vec<Input>, arguments: Conv2d) -> Case {
        case!(
            "conv2d",
            inputs,
            arguments,
            |x| conv2d(x[0], x[1], x.get(2).copied(), arguments),
            |x, g| {
                let mut grads = plain::conv2d_gradients(&x[0], &x[1], arguments, g).to_vec();
                grads.truncate(x.len());
                (plain::conv2d(&x[0], &x[1], x.get(2), arguments), grads)
            }
        )
    }
    fn fully_connected(inputs: Vec<Input>) -> Case {
        let arguments = ();
        case!(
            "linear",
            inputs,
            arguments,
            |x| linear(x[0], x[1], x.get(2).copied()),
            |x, g| {
                let mut grads = plain::linear_gradients(&x[0], &x[1], g).to_vec();
                grads.truncate(x.len());
                (plain::linear(&x[0], &x[1], x.get(2)), grads)
            }
        )
    }
    fn joined(inputs: Vec<Input>, arguments: (Conv2d, Then)) -> Case {
        case!(
            "conv2d_then",
            inputs,
            arguments,
            |x| {
                let (options, then) = arguments;
                conv2d_then(x[0], x[1], x.get(2).copied(), options, then)
            },
            |x, g| {
                let (options, then) = arguments;
                let convolved = plain::conv2d(&x[0], &x[1], x.get(2), options);
                let cut = match then.relu {
                    true => convolved.map(|&v| v.max(0.0)).into_shared(),
                    false => convolved.clone(),
                };
                let (value, g) = match then.max_pool {
                    Some(MaxPool2d {
                        kernel,
                        stride,
                        padding,
                    }) => (
                        plain::max_pool2d(&cut, kernel, stride, padding),
                        plain::max_pool2d_gradient(&cut, kernel, stride, padding, g),
                    ),
                    None => (cut, g.clone()),
                };
                let mut g = g;
                if then.relu {
                    g.zip_mut_with(&convolved, |g, &v| *g = if v > 0.0 { *g } else { 0.0 });
                }
                let mut grads = plain::conv2d_gradients(&x[0], &x[1], options, &g).to_vec();
                grads.truncate(x.len());
                (value, grads)
            }
        )
    }
    fn pooled(input: Input, arguments: [[usize; 2]; 3]) -> Case {
        case!(
            "max_pool2d",
            vec![input],
            arguments,
            |x| {
                let [kernel, stride, padding] = arguments;
                max_pool2d(x[0], pooling(kernel, stride, padding))
            },
            |x, g| {
                let [kernel, stride, padding] = arguments;
                let dx = plain::max_pool2d_gradient(&x[0], kernel, stride, padding, g);
                (plain::max_pool2d(&x[0], kernel, stride, padding), vec![dx])
            }
        )
    }

    let matrices = [size().boxed(), size().boxed(), size().boxed()].prop_flat_map(|[m, k, n]| {
        (
            input(vec![m, k], Numbers::Any),
            input(vec![k, n], Numbers::Any),
        )
    });
    // Sizes at which there are several vectors, and a rest.
    let wide = || prop_oneof![3 => size(), 1 => 6..=40usize];
    // Enough outputs for a sparse product, too.
    let outputs = prop_oneof![3 => wide(), 1 => 96..=130usize];
    let layers = (size(), 0..=4usize, wide(), outputs, any::<bool>());
    let layers = layers.prop_flat_map(|(n, tokens, from, to, bias)| {
        let shape = match tokens {
            0 => vec![n, from],
            _ => vec![n, tokens, from],
        };
        let x = prop_oneof![
            input(shape.clone(), Numbers::Any),
            input(shape, Numbers::Sparse),
        ];
        let inputs = (
            x,
            input(vec![to, from], Numbers::Any),
            input(vec![to], Numbers::Any),
        );
        inputs.prop_map(move |(x, w, b)| match bias {
            true => vec![x, w, b],
            false => vec![x, w],
        })
    });
    let two = |range: RangeInclusive<usize>| uniform2(range);
    // Groups, and channels of a group: a few large groups or many small ones.
    let channels = prop_oneof![
        (1..=3usize, 1..=9usize, 1..=10usize),
        (2..=35usize, 1..=2usize, 1..=3usize),
    ];
    // Windows of single cells without padding have kernels of their own.
    let windows = prop_oneof![
        3 => (two(1..=3), two(1..=3), uniform2(two(0..=2))),
        1 => (Just([1; 2]), two(1..=2), Just([[0; 2]; 2])),
    ];
    let images = (
        (1..=3usize, channels),
        windows,
        two(1..=2),
        two(0..=4),
        any::<bool>(),
    );
    let images = images.prop_flat_map(
        |((n, (groups, channels, outs)), (kernel, stride, padding), dilation, more, bias)| {
            // As large as a window needs after padding, and some cells more.
            let extent = Window {
                dilation,
                ..Window::new([1, 1], kernel)
            }
            .extent();
            let plane = [0, 1].map(|i| {
                (extent[i] + more[i])
                    .saturating_sub(padding[i][0] + padding[i][1])
                    .max(1)
            });
            let options = Conv2d {
                stride,
                padding,
                dilation,
                groups,
            };
            let x = vec![n, channels * groups, plane[0], plane[1]];
            let w = vec![outs * groups, channels, kernel[0], kernel[1]];
            let b = input(vec![outs * groups], Numbers::Any);
            let inputs = (input(x, Numbers::Any), input(w, Numbers::Any), b);
            let inputs = inputs.prop_map(move |(x, w, b)| match bias {
                true => vec![x, w, b],
                false => vec![x, w],
            });
            (inputs, Just(options))
        },
    );
    // Enough channels for a convolution by tiles.
    let many = || prop_oneof![Just(16usize), Just(32), Just(48)];
    let tiled = (1..=2usize, many(), many(), two(3..=9), uniform2(two(0..=2)));
    let tiled = tiled.prop_flat_map(|(n, channels, outs, plane, padding)| {
        let x = input(vec![n, channels, plane[0], plane[1]], Numbers::Any);
        let w = input(vec![outs, channels, 3, 3], Numbers::Any);
        let b = input(vec![outs], Numbers::Any);
        let options = Conv2d {
            padding,
            ..Conv2d::default()
        };
        ((x, w, b).prop_map(|(x, w, b)| vec![x, w, b]), Just(options))
    });
    // A pooling window is never larger than what was convolved, which may be a single pixel.
    let joins = (images.clone(), any::<bool>(), 0..=2usize, any::<bool>());
    let joins = joins.prop_map(|(convolution, relu, kernel, overlap)| {
        let max_pool = (kernel > 0).then(|| {
            let size = [1, kernel];
            let stride = if overlap { [1, 1] } else { size };
            pooling(size, stride, size.map(|k| k / 2))
        });
        (convolution, Then { relu, max_pool })
    });
    let planes = (two(1..=3), two(1..=3), two(1..=3), two(0..=3), two(0..=1));
    let planes = planes.prop_flat_map(|(outer, kernel, stride, more, padding)| {
        let padding = [0, 1].map(|i| padding[i] * (kernel[i] / 2));
        let plane = [0, 1].map(|i| (kernel[i] + more[i] - padding[i]).max(1));
        let shape = vec![outer[0], outer[1], plane[0], plane[1]];
        (kinked(shape), Just([kernel, stride, padding]))
    });
    let odd = Conv2d {
        stride: [2, 1],
        padding: [[1, 2], [0, 3]],
        dilation: [1, 2],
        groups: 2,
    };
    vec![
        Op {
            small: matrices.prop_map(|(a, b)| matmul(vec![a, b])).boxed(),
            large: matmul(vec![
                Input::new(&[301, 129], Numbers::Any),
                Input {
                    layout: Layout::ColumnMajor,
                    ..Input::new(&[129, 257], Numbers::Any)
                },
            ]),
        },
        Op {
            small: layers.prop_map(fully_connected).boxed(),
            large: fully_connected(vec![
                Input::new(&[201, 301], Numbers::Sparse),
                Input {
                    layout: Layout::ColumnMajor,
                    ..Input::new(&[211, 301], Numbers::Any)
                },
                Input::new(&[211], Numbers::Any),
            ]),
        },
        Op {
            small: images
                .clone()
                .prop_map(|(inputs, options)| convolution(inputs, options))
                .boxed(),
            large: convolution(
                vec![
                    Input::new(&[21, 8, 33, 35], Numbers::Any),
                    Input::new(&[24, 4, 5, 3], Numbers::Any),
                    Input::new(&[24], Numbers::Any),
                ],
                odd,
            ),
        },
        Op {
            small: images
                .clone()
                .prop_map(|(inputs, options)| convolution(inputs, options))
                .boxed(),
            large: convolution(
                vec![
                    Input::new(&[21, 19, 33, 35], Numbers::Any),
                    Input::new(&[38, 1, 5, 3], Numbers::Any),
                    Input::new(&[38], Numbers::Any),
                ],
                Conv2d { groups: 19, ..odd },
            ),
        },
        Op {
            small: images
                .clone()
                .prop_map(|(inputs, options)| convolution(inputs, options))
                .boxed(),
            large: convolution(
                vec![
                    Input::new(&[21, 19, 33, 35], Numbers::Any),
                    Input::new(&[38, 19, 1, 1], Numbers::Any),
                    Input::new(&[38], Numbers::Any),
                ],
                Conv2d::default(),
            ),
        },
        Op {
            small: tiled
                .prop_map(|(inputs, options)| convolution(inputs, options))
                .boxed(),
            // One image, whose lines are divided into tasks.
            large: convolution(
                vec![
                    Input::new(&[1, 32, 27, 25], Numbers::Any),
                    Input::new(&[48, 32, 3, 3], Numbers::Any),
                    Input::new(&[48], Numbers::Any),
                ],
                Conv2d {
                    padding: [[1, 0], [1, 1]],
                    ..Conv2d::default()
                },
            ),
        },
        Op {
            small: joins
                .clone()
                .prop_map(|((inputs, options), then)| joined(inputs, (options, then)))
                .boxed(),
            // One image, whose lines are divided into tasks.
            large: joined(
                vec![
                    Input::new(&[1, 16, 27, 25], Numbers::Any),
                    Input::new(&[24, 8, 3, 3], Numbers::Any),
                    Input::new(&[24], Numbers::Any),
                ],
                (
                    Conv2d {
                        padding: [[1, 0], [1, 1]],
                        groups: 2,
                        ..Conv2d::default()
                    },
                    Then {
                        relu: true,
                        max_pool: None,
                    },
                ),
            ),
        },
        Op {
            small: joins
                .prop_map(|((inputs, options), then)| joined(inputs, (options, then)))
                .boxed(),
            large: joined(
                vec![
                    Input::new(&[21, 3, 28, 28], Numbers::Any),
                    Input::new(&[8, 3, 5, 5], Numbers::Any),
                    Input::new(&[8], Numbers::Any),
                ],
                (
                    Conv2d {
                        padding: [[2, 2]; 2],
                        ..Conv2d::default()
                    },
                    Then {
                        relu: true,
                        max_pool: Some(pooling([2, 2], [2, 2], [0, 0])),
                    },
                ),
            ),
        },
        Op {
            small: planes
                .prop_map(|(x, arguments)| pooled(x, arguments))
                .boxed(),
            large: pooled(
                Input::new(&[11, 5, 29, 31], Numbers::Any),
                [[3, 2], [2, 2], [1, 1]],
            ),
        },
    ]
}
