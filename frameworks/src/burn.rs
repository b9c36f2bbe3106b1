//! Functions written in burn, with its backend of `ndarray`.

use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use burn_tensor::{Tensor, TensorData, backend::Backend};
use tapeline_tensor::{
    check::{self, FunctionFailure, Report},
    ndarray::ArrayD,
};

/// The backend whose gradients are checked.
pub type Differentiable = Autodiff<NdArray<f64>>;

/// Checks the gradient that burn computes for a function of some tensors of rank `D`.
///
/// # Errors
/// The first point at which the gradient is wrong.
///
/// # Panics
/// If burn refuses the function or its gradient.
pub fn check<const D: usize, const R: usize>(
    name: &'static str,
    inputs: &[ArrayD<f64>],
    f: fn(&[Tensor<Differentiable, D>]) -> Tensor<Differentiable, R>,
) -> Result<Report, FunctionFailure> {
    let value = |inputs: &[ArrayD<f64>]| {
        let inputs: Vec<_> = inputs.iter().map(tensor).collect();
        array(f(&inputs))
    };
    // The gradient of the sum of the value weighted with `g` is what `g` is propagated to.
    let gradient = move |inputs: &[ArrayD<f64>], g: &ArrayD<f64>| {
        let inputs: Vec<_> = inputs.iter().map(|x| tensor(x).require_grad()).collect();
        let gradients = (f(&inputs) * tensor(g)).sum().backward();
        let of = |x: &Tensor<Differentiable, D>| match x.grad(&gradients) {
            Some(gradient) => array(gradient),
            None => ArrayD::zeros(x.dims().to_vec()),
        };
        inputs.iter().map(of).collect()
    };
    check::function(name, inputs, value, gradient)
}

fn tensor<const D: usize>(array: &ArrayD<f64>) -> Tensor<Differentiable, D> {
    let values: Vec<f64> = array.iter().copied().collect();
    Tensor::from_data(TensorData::new(values, array.shape()), &Default::default())
}

fn array<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> ArrayD<f64> {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().to_vec();
    ArrayD::from_shape_vec(shape, values.expect("elements are f64")).expect("as many as the shape")
}
