//! What the tests share.

use tapeline_optim::{Optimizer, OptimizerDef, Stepper, TransformScalar, optimizers};
use tapeline_spec::Registry;
use tapeline_tensor::{Grads, Params, Role, Tensor, tensor};

/// A parameter list of one dimension each, named by their index. They are biases: `muon` treats a weight as a matrix, whose elements depend
/// on each other.
pub fn weights<T: TransformScalar>(values: &[&[f64]]) -> Params<T> {
    let mut params = Params::new();
    for (i, values) in values.iter().enumerate() {
        params.push(i.to_string(), Role::Bias, flat(values));
    }
    params
}

pub fn grads<T: TransformScalar>(gradients: &[&[f64]]) -> Grads<T> {
    Grads {
        params: gradients.iter().map(|g| Some(flat(g))).collect(),
        inputs: vec![],
    }
}

pub fn flat<T: TransformScalar>(values: &[f64]) -> Tensor<T> {
    tensor(values.iter().map(|&x| T::of(x)).collect::<Vec<T>>())
}

/// All elements of all parameters, in logical order.
pub fn elements<T: TransformScalar>(params: &Params<T>) -> Vec<f64> {
    let values = params.iter().flat_map(|p| p.value.iter());
    values.map(|x| x.widen()).collect()
}

pub fn read(text: &str, registry: &Registry<OptimizerDef>) -> Optimizer {
    Optimizer::read(text, registry).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// Starts the optimizer of a text.
pub fn start<T: TransformScalar>(text: &str, params: &Params<T>) -> Stepper<T> {
    read(text, &optimizers()).init(params)
}

/// The examples of all registered entries.
pub fn examples() -> Vec<&'static str> {
    let registry = optimizers();
    let examples = registry.iter().flat_map(|def| def.examples);
    examples.copied().collect()
}

/// Whether two lists are equal but for rounding.
pub fn near(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance * b.abs().max(0.01);
    a.len() == b.len() && a.iter().zip(b).all(close)
}
