//! Tensors joined from parts.

use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::layout::{as_channels_last, channels_last, channels_last_slice, slice, standard},
    pool,
};

/// Places of images in a task.
const PLACES: usize = 1 << 10;

/// Values in a task that copies lines.
const VALUES: usize = 1 << 15;

/// Concatenates tensors along a dimension. (`torch.cat`)
///
/// # Panics
/// When there is none, no such dimension, or the shapes differ elsewhere.
#[track_caller]
pub fn concat<'t, T: Scalar>(parts: &[Var<'t, T>], axis: usize) -> Var<'t, T> {
    let values: Vec<_> = parts.iter().map(|part| part.value()).collect();
    let shapes: Vec<_> = values.iter().map(|value| value.shape()).collect();
    let others = |shape: &[usize]| Some([shape.get(..axis)?, shape.get(axis + 1..)?].concat());
    let mut found = shapes.iter().map(|shape| others(shape));
    let first = found.next().flatten();
    assert!(
        first.is_some() && found.all(|others| others == first),
        "concat: shapes {shapes:?} do not fit along dimension {axis}"
    );
    let sizes: Vec<_> = shapes.iter().map(|shape| shape[axis]).collect();
    let mut shape = shapes[0].to_vec();
    shape[axis] = sizes.iter().sum();
    let is_last = |x: &Tensor<T>| x.shape()[1] > 1 && channels_last_slice(x).is_some();
    if let (1, &[n, channels, h, w]) = (axis, &shape[..])
        && n * channels * h * w > 0
        && values.iter().any(is_last)
    {
        return concat_channels(parts, values, &sizes, [n, channels, h, w]);
    }
    let outer = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    let lines: Vec<_> = sizes.iter().map(|size| size * inner).collect();
    let values: Vec<_> = values.into_iter().map(standard).collect();
    let mut out = Buffer::any(shape.iter().product());
    interleave(&values, &lines, &mut out);
    let part_shape = move |size: usize| {
        let mut shape = shape.clone();
        shape[axis] = size;
        shape
    };
    let value = out.into_tensor(&part_shape(sizes.iter().sum()));
    parts[0].tape().op("concat", value, parts, move |g, need| {
        let g = standard(g);
        let mut start = 0;
        let shares = sizes
            .iter()
            .zip(&lines)
            .zip(need)
            .map(|((&size, &line), need)| {
                let first = start;
                start += line;
                need.then(|| {
                    let mut share = Buffer::any(outer * line);
                    take_lines(slice(&g), first, line, &mut share, outer);
                    share.into_tensor(&part_shape(size))
                })
            });
        let shares = shares.collect();
        give_back(g);
        shares
    })
}

/// Writes a line of each part after another, until none is left: `lines` are their sizes.
fn interleave<T: Scalar>(parts: &[Tensor<T>], lines: &[usize], out: &mut [T]) {
    let all: usize = lines.iter().sum();
    if out.is_empty() {
        return;
    }
    let together = VALUES.div_ceil(all);
    pool::each(out.chunks_mut(together * all), |task, out| {
        for (i, out) in out.chunks_exact_mut(all).enumerate() {
            let (i, mut rest) = (task * together + i, out);
            for (part, &line) in parts.iter().zip(lines) {
                let (own, after) = rest.split_at_mut(line);
                own.copy_from_slice(&slice(part)[i * line..][..line]);
                rest = after;
            }
        }
    });
}

/// The reverse for one part: `out` has `outer` lines, each from `first` on in a line of `x`.
fn take_lines<T: Scalar>(x: &[T], first: usize, line: usize, out: &mut [T], outer: usize) {
    if out.is_empty() {
        return;
    }
    let all = x.len() / outer;
    let together = VALUES.div_ceil(line);
    let tasks = out
        .chunks_mut(together * line)
        .zip(x.chunks(together * all));
    pool::each(tasks, |_, (out, x)| {
        let lines = out.chunks_exact_mut(line).zip(x.chunks_exact(all));
        lines.for_each(|(out, x)| out.copy_from_slice(&x[first..][..line]));
    });
}

/// Concatenates the channels of images, which are last in memory, to an image of this shape.
fn concat_channels<'t, T: Scalar>(
    parts: &[Var<'t, T>],
    values: Vec<Tensor<T>>,
    sizes: &[usize],
    shape: [usize; 4],
) -> Var<'t, T> {
    let [n, channels, h, w] = shape;
    let values: Vec<_> = values.into_iter().map(channels_last).collect();
    let slices: Vec<_> = values
        .iter()
        .zip(sizes)
        .filter(|(_, size)| **size > 0)
        .collect();
    let mut out = Buffer::any(shape.iter().product());
    pool::each(out.chunks_mut(PLACES * channels), |task, out| {
        for (place, out) in out.chunks_exact_mut(channels).enumerate() {
            let (place, mut rest) = (task * PLACES + place, out);
            for &(values, &size) in &slices {
                let (own, after) = rest.split_at_mut(size);
                own.copy_from_slice(&slice(values)[place * size..][..size]);
                rest = after;
            }
        }
    });
    let sizes = sizes.to_vec();
    let value = as_channels_last(out, shape);
    parts[0].tape().op("concat", value, parts, move |g, need| {
        let g = channels_last(g);
        let mut start = 0;
        let shares = sizes.iter().zip(need).map(|(&size, need)| {
            let first = start;
            start += size;
            need.then(|| {
                let mut share = Buffer::any(n * size * h * w);
                let tasks = share.chunks_mut((PLACES * size).max(1));
                pool::each(
                    tasks.zip(slice(&g).chunks(PLACES * channels)),
                    |_, (share, g)| {
                        let places = share.chunks_exact_mut(size).zip(g.chunks_exact(channels));
                        places.for_each(|(share, g)| share.copy_from_slice(&g[first..][..size]));
                    },
                );
                as_channels_last(share, [n, size, h, w])
            })
        });
        let shares = shares.collect();
        give_back(g);
        shares
    })
}

/// Concatenates tensors of the same shape along a new dimension, which is inserted at `axis`.
/// (`torch.stack`)
///
/// ```
/// # use tapeline_tensor::{Params, no_grad, stack, tensor};
/// no_grad(&Params::<f32>::new(), |tape, _| {
///     let [a, b] = [[1.0, 2.0], [3.0, 4.0]].map(|x| tape.constant(tensor(x)));
///     assert_eq!(stack(&[a, b], 1).flatten(0).value(), tensor([1.0, 3.0, 2.0, 4.0]));
/// });
/// ```
///
/// # Panics
/// When there is none, the shapes differ, or `axis` is more than the number of dimensions.
#[track_caller]
pub fn stack<'t, T: Scalar>(parts: &[Var<'t, T>], axis: usize) -> Var<'t, T> {
    let shapes: Vec<_> = parts.iter().map(|part| part.shape()).collect();
    let fits = |shape: &Vec<usize>| *shape == shapes[0] && axis <= shape.len();
    assert!(
        !parts.is_empty() && shapes.iter().all(fits),
        "stack: shapes {shapes:?} do not fit along a new dimension {axis}"
    );
    let parts: Vec<_> = parts.iter().map(|part| part.unsqueeze(axis)).collect();
    concat(&parts, axis)
}
