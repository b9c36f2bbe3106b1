//! Gradients of other frameworks under Tapeline's check (`tapeline_tensor::check::function`), in
//! `f64`. One module for each framework has one function, `check`, which takes a function written
//! in that framework.

pub mod burn;
pub mod candle;

use tapeline_tensor::ndarray::{Array, ArrayD};

/// Returns an array of different numbers of magnitude 1, every other one negative.
pub fn mixed(shape: &[usize]) -> ArrayD<f64> {
    let mut position = 0;
    Array::from_shape_simple_fn(shape, || {
        position += 1;
        // The fractional parts of multiples of the golden ratio are spread evenly.
        let size = 0.5 + (f64::from(position) * 0.618_033_988_75).fract();
        if position % 2 == 0 { -size } else { size }
    })
}

/// Returns an array of different positive numbers of magnitude 1.
pub fn positive(shape: &[usize]) -> ArrayD<f64> {
    mixed(shape).abs()
}
