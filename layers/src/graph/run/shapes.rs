//! Operators that move values without changing them.

use ndarray::{ArrayD, Axis, Dimension, concatenate};
use tapeline_tensor::Tensor;

use super::operands::{Operands, Output};

/// A matrix whose rows are the dimensions before `axis`.
pub fn flatten(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    // All dimensions may become rows.
    let (rows, columns) = x.shape().split_at(on.axis(x.ndim() + 1)?);
    in_shape(x, &[rows.iter().product(), columns.iter().product()])
}

/// The values in another shape, in row-major order. A size of 0 is that of the input.
pub fn reshape(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let sizes = on.sizes(1)?.ok_or("input 1 is absent")?;
    let size = |(axis, &size): (usize, &usize)| match size {
        0 => x.shape().get(axis).copied().ok_or_else(|| {
            format!(
                "{sizes:?} keeps size {axis} of an input of shape {:?}",
                x.shape()
            )
        }),
        _ => Ok(size),
    };
    let shape = sizes
        .iter()
        .enumerate()
        .map(size)
        .collect::<Result<Vec<_>, _>>()?;
    in_shape(x, &shape)
}

fn in_shape(x: &Tensor<f64>, shape: &[usize]) -> Output {
    let reshaped = x.to_shape(shape);
    let reshaped = reshaped
        .map_err(|_| format!("the values of shape {:?} don't fill {shape:?}", x.shape()))?;
    Ok(reshaped.to_owned().into())
}

/// The dimensions in another order: that of `perm`, or reversed.
pub fn transpose(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let perm = on.sizes_named("perm").map(<[usize]>::to_vec);
    let perm = perm.unwrap_or_else(|| (0..x.ndim()).rev().collect());
    let mut sorted = perm.clone();
    sorted.sort_unstable();
    match sorted.into_iter().eq(0..x.ndim()) {
        true => Ok(x.view().permuted_axes(perm).to_owned().into()),
        false => Err(format!(
            "{perm:?} are not the axes of an input of shape {:?}",
            x.shape()
        )),
    }
}

/// All inputs one after another along `axis`.
pub fn concat(on: &Operands<'_>) -> Output {
    let all = on.all()?;
    let axis = on.axis(all[0].ndim())?;
    let refused = || {
        let shapes: Vec<_> = all.iter().map(|x| x.shape()).collect();
        format!("the shapes {shapes:?} can't be concatenated along axis {axis}")
    };
    if all.iter().any(|x| x.ndim() != all[0].ndim()) {
        return Err(refused());
    }
    let views: Vec<_> = all.iter().map(|x| x.view()).collect();
    let joined = concatenate(Axis(axis), &views).map_err(|_| refused())?;
    Ok(joined.into())
}

/// The values from the second to the third input, exclusive, along the axes in the fourth. Starts and
/// ends beyond the axis count as its end.
pub fn slice(on: &Operands<'_>) -> Output {
    let mut y = on.numbers(0)?.clone();
    let list = |i: usize| on.sizes(i)?.ok_or_else(|| format!("input {i} is absent"));
    let (starts, ends, axes) = (list(1)?, list(2)?, list(3)?);
    let same = starts.len() == axes.len() && ends.len() == axes.len();
    let repeated = (1..axes.len()).any(|i| axes[..i].contains(&axes[i]));
    if !same || repeated || axes.iter().any(|&axis| axis >= y.ndim()) {
        let shape = y.shape();
        return Err(format!(
            "{starts:?} to {ends:?} along {axes:?} are not ranges of an input of shape {shape:?}"
        ));
    }
    for ((&axis, &start), &end) in axes.iter().zip(starts).zip(ends) {
        let size = y.shape()[axis];
        let start = start.min(size);
        y.slice_axis_inplace(Axis(axis), (start..end.clamp(start, size)).into());
    }
    Ok(y.into())
}

/// The input with more values around it: the second input lists how many before each axis, then how
/// many after each. They are the third input or 0, or copied from the input as `mode` says.
pub fn pad(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let pads = on.sizes(1)?.ok_or("input 1 is absent")?;
    if pads.len() != 2 * x.ndim() {
        return Err(format!(
            "{pads:?} are not two pads for each axis of {:?}",
            x.shape()
        ));
    }
    let (before, after) = pads.split_at(x.ndim());
    let mode = on.word_named("mode");
    let filling = on.optional(2)?.map_or(0.0, |value| value.sum());
    if mode != "constant" && x.is_empty() {
        return Err(format!(
            "an input of shape {:?} has no values to copy",
            x.shape()
        ));
    }
    let sizes = x.shape().iter().zip(before).zip(after);
    let shape: Vec<_> = sizes
        .map(|((size, before), after)| size + before + after)
        .collect();
    let y = ArrayD::from_shape_fn(shape, |place| {
        let source = (0..x.ndim()).map(|axis| {
            let place = place[axis] as isize - before[axis] as isize;
            source(place, x.shape()[axis] as isize, mode)
        });
        source
            .collect::<Option<Vec<_>>>()
            .map_or(filling, |source| x[&source[..]])
    });
    Ok(y.into())
}

/// Returns the index on an axis of `size` values that a padded value is copied from.
fn source(place: isize, size: isize, mode: &str) -> Option<usize> {
    let source = match mode {
        "edge" => place.clamp(0, size - 1),
        "wrap" => place.rem_euclid(size),
        // The period goes forward and back again, without repeating either end.
        "reflect" if size > 1 => {
            let period = 2 * (size - 1);
            let place = place.rem_euclid(period);
            place.min(period - place)
        }
        "reflect" => 0,
        _ => place,
    };
    (0..size).contains(&source).then_some(source as usize)
}

/// Nearest-neighbor resizing, by the factors in the third input or to the sizes in the fourth.
pub fn resize(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let (scales, sizes) = (on.optional(2)?, on.sizes(3)?);
    let scales: Vec<f64> = match (scales, sizes) {
        (Some(scales), None) => scales.iter().copied().collect(),
        (None, Some(sizes)) if sizes.len() == x.ndim() => {
            let sizes = sizes.iter().zip(x.shape());
            sizes
                .map(|(&size, &from)| size as f64 / from as f64)
                .collect()
        }
        (None, Some(sizes)) => {
            return Err(format!(
                "{sizes:?} are not sizes for each axis of {:?}",
                x.shape()
            ));
        }
        _ => return Err("expected either scales or sizes".into()),
    };
    if scales.len() != x.ndim() || !scales.iter().all(|scale| scale.is_finite() && *scale > 0.0) {
        return Err(format!(
            "{scales:?} are not scales for each axis of {:?}",
            x.shape()
        ));
    }
    let along = x.shape().iter().zip(&scales);
    let shape: Vec<_> = match sizes {
        Some(sizes) => sizes.to_vec(),
        None => along
            .map(|(&size, scale)| (size as f64 * scale) as usize)
            .collect(),
    };
    let transformation = on.word_named("coordinate_transformation_mode");
    let rounding = on.word_named("nearest_mode");
    let y = ArrayD::from_shape_fn(shape, |place| {
        let source = place.slice().iter().zip(&scales).zip(x.shape());
        let source = source.map(|((&place, scale), &size)| {
            let source = match transformation {
                "asymmetric" => place as f64 / scale,
                _ => (place as f64 + 0.5) / scale - 0.5,
            };
            let source = match rounding {
                "floor" => source.floor(),
                "ceil" => source.ceil(),
                "round_prefer_ceil" => (source + 0.5).floor(),
                _ => (source - 0.5).ceil(),
            };
            source.clamp(0.0, size as f64 - 1.0) as usize
        });
        x[&source.collect::<Vec<_>>()[..]]
    });
    Ok(y.into())
}
