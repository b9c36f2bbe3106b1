//! Pooling.

use ndarray::{ArrayD, Dimension, indices};

use super::{
    operands::{Operands, Output},
    window::Window,
};

/// The maximum of each window; padding is never the maximum.
pub fn max(on: &Operands<'_>) -> Output {
    pool(on, |pixels, _| {
        pixels.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    })
}

/// The mean of each window, of the pixels alone or, with `count_include_pad`, of the zeros of the
/// padding, too.
pub fn average(on: &Operands<'_>) -> Output {
    let padded = on.size_named("count_include_pad") != 0;
    pool(on, |pixels, size| {
        let count = if padded { size } else { pixels.len() };
        pixels.iter().sum::<f64>() / count as f64
    })
}

/// The mean of each channel, `[n, channels, …]` to `[n, channels, 1, …]`.
pub fn global_average(on: &Operands<'_>) -> Output {
    let x = on.numbers(0)?;
    let [batch, channels, image @ ..] = x.shape() else {
        return Err(not_an_image(x.shape()));
    };
    let shape = [&[*batch, *channels][..], &vec![1; image.len()]].concat();
    let y = ArrayD::from_shape_fn(shape, |place| {
        let channel = x.index_axis(ndarray::Axis(0), place[0]);
        let channel = channel.index_axis(ndarray::Axis(0), place[1]);
        channel.iter().sum::<f64>() / channel.len() as f64
    });
    Ok(y.into())
}

/// Computes `f` of the pixels in each window and the size of the window.
fn pool(on: &Operands<'_>, f: impl Fn(&[f64], usize) -> f64) -> Output {
    let x = on.numbers(0)?;
    let [batch, channels, image @ ..] = x.shape() else {
        return Err(not_an_image(x.shape()));
    };
    let kernel = on
        .sizes_named("kernel_shape")
        .ok_or("attribute `kernel_shape` is required")?;
    let window = Window::new(on, image, kernel)?;
    let shape = [&[*batch, *channels], &window.output[..]].concat();
    let y = ArrayD::from_shape_fn(shape, |place| {
        let (channel, place) = place.slice().split_at(2);
        let pixels = indices(kernel).into_iter().filter_map(|offset| {
            let pixel = window.pixel(place, offset.slice())?;
            Some(x[&[channel, &pixel].concat()[..]])
        });
        f(&pixels.collect::<Vec<_>>(), kernel.iter().product())
    });
    Ok(y.into())
}

fn not_an_image(shape: &[usize]) -> String {
    format!("expected an image [n, channels, …], got shape {shape:?}")
}
