//! Functions written in candle.

use candle_core::{Device, Result, Tensor, Var};
use tapeline_tensor::{
    check::{self, FunctionFailure, Report},
    ndarray::ArrayD,
};

/// Checks the gradient that candle computes for a function of some tensors.
///
/// # Errors
/// The first point at which the gradient is wrong.
///
/// # Panics
/// If candle refuses the function or its gradient.
pub fn check(
    name: &'static str,
    inputs: &[ArrayD<f64>],
    f: fn(&[Tensor]) -> Result<Tensor>,
) -> std::result::Result<Report, FunctionFailure> {
    check::function(
        name,
        inputs,
        |inputs| value(f, inputs).unwrap_or_else(|error| panic!("{name}: {error}")),
        move |inputs, g| gradient(f, inputs, g).unwrap_or_else(|error| panic!("{name}: {error}")),
    )
}

fn value(f: fn(&[Tensor]) -> Result<Tensor>, inputs: &[ArrayD<f64>]) -> Result<ArrayD<f64>> {
    let inputs = inputs.iter().map(tensor).collect::<Result<Vec<_>>>()?;
    array(&f(&inputs)?)
}

/// Computes the gradient of the sum of the value weighted with `g`, which is what `g` is
/// propagated to.
fn gradient(
    f: fn(&[Tensor]) -> Result<Tensor>,
    inputs: &[ArrayD<f64>],
    g: &ArrayD<f64>,
) -> Result<Vec<ArrayD<f64>>> {
    let inputs = inputs
        .iter()
        .map(|x| Ok(Var::from_tensor(&tensor(x)?)?.into_inner()));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let gradients = (f(&inputs)? * tensor(g)?)?.sum_all()?.backward()?;
    let of = |x: &Tensor| match gradients.get(x) {
        Some(gradient) => array(gradient),
        None => Ok(ArrayD::zeros(x.dims())),
    };
    inputs.iter().map(of).collect()
}

fn tensor(array: &ArrayD<f64>) -> Result<Tensor> {
    let values: Vec<f64> = array.iter().copied().collect();
    Tensor::from_vec(values, array.shape(), &Device::Cpu)
}

fn array(tensor: &Tensor) -> Result<ArrayD<f64>> {
    let values = tensor.flatten_all()?.to_vec1()?;
    ArrayD::from_shape_vec(tensor.dims(), values).map_err(candle_core::Error::wrap)
}
