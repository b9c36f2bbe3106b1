//! Convolution.

use ndarray::{ArrayD, Axis, Dimension, indices};

use super::{
    operands::{Operands, Output},
    window::Window,
};

/// Cross-correlation of `[n, in, …]` with kernels `[out, in/group, …]`, and a bias `[out]`.
pub fn conv(on: &Operands<'_>) -> Output {
    let (x, weight, bias) = (on.numbers(0)?, on.numbers(1)?, on.optional(2)?);
    let groups = on.size_named("group");
    let ([batch, channels, image @ ..], [outputs, inputs, kernel @ ..]) =
        (x.shape(), weight.shape())
    else {
        return Err(format!(
            "{:?} is not an image, or {:?} not kernels",
            x.shape(),
            weight.shape()
        ));
    };
    if groups == 0 || outputs % groups != 0 || inputs * groups != *channels {
        return Err(format!(
            "kernels of {:?} in {groups} groups don't fit an image of {:?}",
            weight.shape(),
            x.shape()
        ));
    }
    if let Some(shape) = on
        .sizes_named("kernel_shape")
        .filter(|shape| *shape != kernel)
    {
        return Err(format!(
            "attribute `kernel_shape` is {shape:?}, but kernels have {kernel:?}"
        ));
    }
    if let Some(bias) = bias.filter(|bias| bias.shape() != [*outputs]) {
        return Err(format!(
            "a bias must have shape [{outputs}], got {:?}",
            bias.shape()
        ));
    }
    let window = Window::new(on, image, kernel)?;
    let mut y = ArrayD::zeros([&[*batch, *outputs], &window.output[..]].concat());
    for (sample, mut y) in y.outer_iter_mut().enumerate() {
        for (output, mut y) in y.outer_iter_mut().enumerate() {
            y.fill(bias.map_or(0.0, |bias| bias[[output]]));
            let first = output / (outputs / groups) * inputs;
            for input in 0..*inputs {
                let x = x.index_axis(Axis(0), sample);
                let x = x.index_axis(Axis(0), first + input);
                let weight = weight.index_axis(Axis(0), output);
                let weight = weight.index_axis(Axis(0), input);
                for (place, y) in y.indexed_iter_mut() {
                    for offset in indices(kernel) {
                        if let Some(pixel) = window.pixel(place.slice(), offset.slice()) {
                            *y += x[&pixel[..]] * weight[&offset];
                        }
                    }
                }
            }
        }
    }
    Ok(y.into())
}
