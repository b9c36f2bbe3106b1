//! Normalisation.

use super::{
    conv2d::last,
    shape::{channels_last, standard},
};
use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::{columns, layout::as_channels_last, simd::vectorized},
    pool,
};

/// Mean and variance of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<T = f32> {
    /// The means, `[channels]`.
    pub mean: Vec<T>,
    /// The variances, divided by the number of values, `[channels]`.
    pub var: Vec<T>,
}

/// `(x − mean) / √(var + eps) · weight + bias` for each channel of `x`, `[n, channels]` or `[n, channels, h, w]`, with `affine` the weight
/// and the bias, `[channels]` each. (`torch.nn.functional.batch_norm`; Ioffe, Szegedy 2015)
///
/// The moments are those `given`, constants then; or else those of `x`, which are returned, and the gradient flows through them.
///
/// # Panics
/// When `x` has other dimensions, or weight, bias or moments are not one number a channel.
#[track_caller]
pub fn batch_norm<'t, T: Scalar>(
    x: Var<'t, T>,
    affine: Option<[Var<'t, T>; 2]>,
    given: Option<Moments<T>>,
    eps: f64,
) -> (Var<'t, T>, Moments<T>) {
    let shape = x.shape();
    let channels = match shape[..] {
        [_, channels] | [_, channels, _, _] if channels > 0 => channels,
        _ => panic!("batch_norm: two or four dimensions with channels are wanted, not {shape:?}"),
    };
    let affine_shapes = affine.iter().flatten().map(|v| v.shape());
    for found in affine_shapes.chain(
        given
            .iter()
            .flat_map(|m| [vec![m.mean.len()], vec![m.var.len()]]),
    ) {
        assert!(
            found == [channels],
            "batch_norm: {channels} channels, and {found:?} of them"
        );
    }
    let input = rows(x.value());
    let values = slice(&input);
    let count = (values.len() / channels.max(1)) as f64;
    let training = given.is_none();
    let moments = given.unwrap_or_else(|| moments(values, channels, count));
    let Moments { mean, var } = moments.clone();
    let rstd: Vec<T> = var
        .iter()
        .map(|var| T::of(1.0 / (var.widen() + eps).sqrt()))
        .collect();
    let (weight, bias) = match affine {
        Some([weight, bias]) => (numbers(weight), numbers(bias)),
        None => (vec![T::one(); channels], vec![T::zero(); channels]),
    };
    let scale: Vec<T> = rstd.iter().zip(&weight).map(|(&r, &w)| r * w).collect();
    let out = {
        let (mean, scale, bias) = (&mean[..channels], &scale[..channels], &bias[..channels]);
        columns::map(values, values, channels, |c, x, _| {
            (x - mean[c]) * scale[c] + bias[c]
        })
    };
    let out = shaped(out, &shape);

    let vjp = move |g: Tensor<T>, [need_x, _, _]: [bool; 3]| {
        let g = rows(g);
        let (mean, rstd, scale) = (&mean[..channels], &rstd[..channels], &scale[..channels]);
        let [dw, db] = columns::sums(slice(&g), slice(&input), channels, |c, g, x| {
            [g * (x - mean[c]) * rstd[c], g]
        });
        let dx = need_x.then(|| {
            // What a channel's moments carry on: nothing where they are given.
            let through = |sums: &[f64]| -> Vec<T> {
                let share = if training { 1.0 / count.max(1.0) } else { 0.0 };
                sums.iter().map(|sum| T::of(sum * share)).collect()
            };
            let (dw, db) = (through(&dw), through(&db));
            let (dw, db) = (&dw[..channels], &db[..channels]);
            let dx = columns::map(slice(&g), slice(&input), channels, |c, g, x| {
                scale[c] * (g - db[c] - (x - mean[c]) * rstd[c] * dw[c])
            });
            shaped(dx, &shape)
        });
        give_back(g);
        let tensor = |sums: Vec<f64>| -> Tensor<T> {
            Tensor::from_shape_vec(vec![channels], sums.into_iter().map(T::of).collect())
                .unwrap_or_else(|e| unreachable!("one number a channel: {e}"))
        };
        [dx, Some(tensor(dw)), Some(tensor(db))]
    };
    let y = match affine {
        Some([weight, bias]) => x.tape().op("batch_norm", out, [x, weight, bias], vjp),
        None => x.tape().op("batch_norm", out, [x], move |g, [need]| {
            let [dx, ..] = vjp(g, [need, false, false]);
            [dx]
        }),
    };
    (y, moments)
}

fn moments<T: Scalar>(x: &[T], channels: usize, count: f64) -> Moments<T> {
    let means = |sums: Vec<f64>| {
        sums.into_iter()
            .map(|sum| T::of(sum / count.max(1.0)))
            .collect()
    };
    let [sums] = columns::sums(x, x, channels, |_, x, _| [x]);
    let mean: Vec<T> = means(sums);
    let by_channel = &mean[..channels];
    let [squares] = columns::sums(x, x, channels, |c, x, _| {
        [(x - by_channel[c]) * (x - by_channel[c])]
    });
    Moments {
        var: means(squares),
        mean,
    }
}

/// In the order in which channels run fastest.
fn rows<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    if x.ndim() == 4 {
        channels_last(x)
    } else {
        standard(x)
    }
}

fn slice<T: Scalar>(x: &Tensor<T>) -> &[T] {
    match x.as_slice() {
        Some(x) if x.is_empty() => x,
        Some(x) if x.len() == 1 => x,
        _ if x.ndim() == 4 => last(x),
        x => x.unwrap_or_else(|| unreachable!("in row-major order")),
    }
}

fn shaped<T: Scalar>(values: Buffer<T>, shape: &[usize]) -> Tensor<T> {
    match *shape {
        [n, channels, h, w] => as_channels_last(values, [n, channels, h, w]),
        _ => values.into_tensor(shape),
    }
}

fn numbers<T: Scalar>(x: Var<'_, T>) -> Vec<T> {
    x.value().iter().copied().collect()
}

impl<'t, T: Scalar> Var<'t, T> {
    /// Each row of a matrix less its mean, divided by its deviation `√(var + eps)`, with the variance divided by the number of values.
    /// (`torch.nn.functional.layer_norm` without weight; Ba et al. 2016)
    ///
    /// # Panics
    /// When it is no matrix.
    #[track_caller]
    pub fn standardize_rows(self, eps: f64) -> Self {
        normalize_rows("standardize_rows", self, true, eps)
    }

    /// Each row of a matrix divided by its root mean square `√(mean(x²) + eps)`. (`torch.nn.functional.rms_norm` without weight;
    /// Zhang, Sennrich 2019)
    ///
    /// # Panics
    /// When it is no matrix.
    #[track_caller]
    pub fn rms_normalize_rows(self, eps: f64) -> Self {
        normalize_rows("rms_normalize_rows", self, false, eps)
    }
}

#[track_caller]
fn normalize_rows<'t, T: Scalar>(
    name: &'static str,
    x: Var<'t, T>,
    center: bool,
    eps: f64,
) -> Var<'t, T> {
    let shape = x.shape();
    let &[count, size] = &shape[..] else {
        panic!("{name}: a matrix is wanted, not shape {shape:?}");
    };
    let input = standard(x.value());
    let share = T::of(1.0 / size.max(1) as f64);
    let mut out = Buffer::any(count * size);
    let mut scales = Buffer::any(count);
    let inputs = slice(&input).chunks(size.max(1));
    let rows = inputs
        .zip(out.chunks_mut(size.max(1)))
        .zip(scales.iter_mut());
    pool::each(rows, |_, ((x, out), scale)| {
        vectorized(|| {
            let mean = if center {
                dot(x, |x, _| x, x) * share
            } else {
                T::zero()
            };
            out.iter_mut().zip(x).for_each(|(out, &x)| *out = x - mean);
            let var = dot(out, |x, y| x * y, out) * share;
            *scale = T::of(1.0 / (var.widen() + eps).sqrt());
            out.iter_mut().for_each(|x| *x *= *scale);
        });
    });
    let y = out.into_tensor(&shape);
    x.tape().op(name, y.clone(), [x], move |g, _| {
        let g = standard(g);
        let mut dx = Buffer::any(count * size);
        let rows = slice(&g)
            .chunks(size.max(1))
            .zip(slice(&y).chunks(size.max(1)));
        let rows = rows.zip(dx.chunks_mut(size.max(1))).zip(scales.iter());
        pool::each(rows, |_, (((g, y), dx), &scale)| {
            vectorized(|| {
                let mean = if center {
                    dot(g, |g, _| g, g) * share
                } else {
                    T::zero()
                };
                let along = dot(g, |g, y| g * y, y) * share;
                let pairs = dx.iter_mut().zip(g.iter().zip(y));
                pairs.for_each(|(dx, (&g, &y))| *dx = scale * (g - mean - y * along));
            });
        });
        give_back(g);
        [Some(dx.into_tensor(&shape))]
    })
}

/// The sum of `f(x, y)`, in lanes and blocks of a fixed size.
#[inline(always)]
fn dot<T: Scalar>(x: &[T], f: impl Fn(T, T) -> T, y: &[T]) -> T {
    const LANES: usize = 16;
    let mut total = 0.0;
    for (x, y) in x.chunks(64 * LANES).zip(y.chunks(64 * LANES)) {
        let mut lanes = [T::zero(); LANES];
        for (x, y) in x.chunks(LANES).zip(y.chunks(LANES)) {
            let terms = x.iter().zip(y);
            lanes
                .iter_mut()
                .zip(terms)
                .for_each(|(sum, (&x, &y))| *sum += f(x, y));
        }
        total += lanes.into_iter().map(T::widen).sum::<f64>();
    }
    T::of(total)
}
