//! The gradients of burn 0.20.1, operation by operation.

mod images;
mod matrices;

use burn_tensor::Tensor as Any;
use tapeline_frameworks::burn::{Differentiable, check};
use tapeline_tensor::ndarray::ArrayD;

type Tensor<const D: usize> = Any<Differentiable, D>;
type Case<const D: usize> = (
    &'static str,
    Vec<ArrayD<f64>>,
    fn(&[Tensor<D>]) -> Tensor<D>,
);

fn all_pass<const D: usize>(cases: Vec<Case<D>>) {
    for (name, inputs, f) in cases {
        check(name, &inputs, f).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn right_gradients_of_matrices_pass() {
    all_pass(matrices::right());
}

#[test]
fn right_gradients_of_images_pass() {
    all_pass(images::right());
}

/// When an operation gets right in another version, it belongs to the others.
#[test]
fn wrong_gradients_are_found() {
    for (name, inputs, f) in matrices::wrong() {
        let found = check(name, &inputs, f);
        assert!(found.is_err(), "{name} is right now");
    }
}
