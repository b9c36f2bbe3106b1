//! Planes gathered and averaged, and tensors behind each other.

use std::ops::Range;

use proptest::{array::uniform2, prelude::*};
use tapeline_tensor::{
    AvgPool2d, Scalar, Tensor, adaptive_avg_pool2d, avg_pool2d, concat, gather2d,
};

use super::{
    Case, Input, Numbers, Op, Ways, case,
    draw::{input, shape, size},
    fast, twin,
};

/// Which cells of a plane, with which factor, make a cell of the value; one entry for each of its cells in row-major order.
type Cells = Vec<Vec<([usize; 2], f64)>>;

/// Value and gradient of a function that makes planes of planes.
fn plainly<T: Scalar>(
    x: &Tensor<T>,
    g: &Tensor<T>,
    size: [usize; 2],
    cells: &Cells,
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let (n, channels) = (x.shape()[0], x.shape()[1]);
    let mut y = Tensor::zeros(vec![n, channels, size[0], size[1]]);
    let mut dx = Tensor::zeros(x.shape());
    for image in 0..n {
        for channel in 0..channels {
            for (place, from) in cells.iter().enumerate() {
                let to = [image, channel, place / size[1], place % size[1]];
                for &([i, j], factor) in from {
                    let at = [image, channel, i, j];
                    y[&to[..]] += x[&at[..]] * T::of(factor);
                    dx[&at[..]] += g[&to[..]] * T::of(factor);
                }
            }
        }
    }
    (y, vec![dx])
}

fn gathered(input: Input, rows: Vec<Option<usize>>, columns: Vec<Option<usize>>) -> Case {
    let arguments = (rows, columns);
    case!(
        "gather2d",
        vec![input],
        arguments,
        |x| gather2d(x[0], &arguments.0, &arguments.1),
        |x, g| {
            let (rows, columns) = &arguments;
            let cells = rows.iter().flat_map(|row| {
                let cell = |column: &Option<usize>| match (row, column) {
                    (Some(i), Some(j)) => vec![([*i, *j], 1.0)],
                    _ => vec![],
                };
                columns.iter().map(cell).collect::<Vec<_>>()
            });
            plainly(&x[0], g, [rows.len(), columns.len()], &cells.collect())
        }
    )
}

/// The cells of each rectangle; the sum is divided by `count`, or by their number.
fn rectangles([rows, columns]: &[Vec<Range<usize>>; 2], count: Option<usize>) -> Cells {
    let mut all = Vec::new();
    for rows in rows {
        for columns in columns {
            let share = 1.0 / count.unwrap_or(rows.len() * columns.len()) as f64;
            let cells = rows
                .clone()
                .flat_map(|i| columns.clone().map(move |j| ([i, j], share)));
            all.push(cells.collect());
        }
    }
    all
}

fn averaged(input: Input, options: AvgPool2d) -> Case {
    let places = [0, 1].map(|axis| {
        let (size, kernel) = (input.shape[2 + axis], options.kernel[axis]);
        let (stride, before) = (options.stride[axis], options.padding[axis]);
        let firsts = (0..=size + 2 * before - kernel).step_by(stride);
        let place =
            |first: usize| first.saturating_sub(before)..(first + kernel - before).min(size);
        firsts.map(place).collect::<Vec<_>>()
    });
    let arguments = (options, places);
    case!(
        "avg_pool2d",
        vec![input],
        arguments,
        |x| avg_pool2d(x[0], arguments.0),
        |x, g| {
            let (options, places) = &arguments;
            let all = options.kernel[0] * options.kernel[1];
            let cells = rectangles(places, options.count_include_pad.then_some(all));
            plainly(&x[0], g, [places[0].len(), places[1].len()], &cells)
        }
    )
}

fn adapted(input: Input, size: [usize; 2]) -> Case {
    let arguments = (size, [input.shape[2], input.shape[3]]);
    case!(
        "adaptive_avg_pool2d",
        vec![input],
        arguments,
        |x| adaptive_avg_pool2d(x[0], arguments.0),
        |x, g| {
            let (size, plane) = arguments;
            let places = [0, 1].map(|axis| {
                let share = |i: usize| i as f64 * plane[axis] as f64 / size[axis] as f64;
                let place = |i| share(i).floor() as usize..share(i + 1).ceil() as usize;
                (0..size[axis]).map(place).collect::<Vec<_>>()
            });
            plainly(&x[0], g, size, &rectangles(&places, None))
        }
    )
}

fn joined(a: Input, b: Input) -> Case {
    let arguments = 1;
    case!(
        "concat",
        vec![a, b],
        arguments,
        |x| concat(x, arguments),
        |x, g| {
            let first = x[0].shape()[arguments];
            let along = ndarray::Axis(arguments);
            let (a, b) = g.view().split_at(along, first);
            let value = ndarray::concatenate(along, &[x[0].view(), x[1].view()]);
            (
                value.unwrap().into_shared(),
                vec![a.to_shared(), b.to_shared()],
            )
        }
    )
}

pub fn ops() -> Vec<Op> {
    let image = |planes: [usize; 2]| input(vec![2, 3, planes[0], planes[1]], Numbers::Any);
    let tables = uniform2(1..=4usize).prop_flat_map(move |plane| {
        let table = |size| proptest::collection::vec(proptest::option::of(0..size), 1..6);
        (image(plane), table(plane[0]), table(plane[1]))
    });
    let windows = (
        uniform2(1..=3usize),
        uniform2(1..=3usize),
        uniform2(0..=3usize),
    );
    let windows = (windows, uniform2(0..=1usize), any::<bool>());
    let windows = windows.prop_flat_map(move |((kernel, stride, more), padding, include)| {
        let padding = [0, 1].map(|i| padding[i] * (kernel[i] / 2));
        let plane = [0, 1].map(|i| (kernel[i] + more[i] - padding[i]).max(1));
        let options = AvgPool2d {
            kernel,
            stride,
            padding,
            count_include_pad: include,
        };
        (image(plane), Just(options))
    });
    let parts = (uniform2(1..=6usize), uniform2(1..=4usize));
    let parts = parts.prop_flat_map(move |(plane, size)| (image(plane), Just(size)));
    let pairs = (shape(1..=3), size(), size()).prop_flat_map(|(rest, a, b)| {
        let shape = |n| {
            let mut shape = rest.clone();
            shape.insert(1, n);
            shape
        };
        (input(shape(a), Numbers::Any), input(shape(b), Numbers::Any))
    });
    let large = || Input::new(&[11, 5, 29, 31], Numbers::Any);
    let columns = (0..40).map(|i| (i % 7 > 0).then_some(i * 3 % 31)).collect();
    vec![
        Op {
            small: tables.prop_map(|(x, r, c)| gathered(x, r, c)).boxed(),
            large: gathered(large(), (0..29).map(Some).collect(), columns),
        },
        Op {
            small: windows
                .prop_map(|(x, options)| averaged(x, options))
                .boxed(),
            large: averaged(
                large(),
                AvgPool2d {
                    kernel: [3, 2],
                    stride: [2, 2],
                    padding: [1, 1],
                    count_include_pad: false,
                },
            ),
        },
        Op {
            small: parts.prop_map(|(x, size)| adapted(x, size)).boxed(),
            large: adapted(large(), [4, 7]),
        },
        Op {
            small: pairs.prop_map(|(a, b)| joined(a, b)).boxed(),
            large: joined(large(), Input::new(&[11, 9, 29, 31], Numbers::Any)),
        },
    ]
}
