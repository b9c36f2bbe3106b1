//! Input values of cases.

use ndarray::Array;
use ndarray_rand::{RandomExt, rand_distr::StandardNormal};
use rand::Rng;
use tapeline_spec::{Call, Named, Value};
use tapeline_tensor::{Params, Tensor};

use super::case::Case;
use crate::{LayerDef, ctx::generator};

/// Values at which functions in use have a kink.
const ROUND: [f64; 6] = [0.0, 0.5, 1.0, 2.0, 3.0, 6.0];

impl Case<'_> {
    /// Normally distributed values.
    pub(super) fn input(&self, batch: usize) -> Tensor<f64> {
        normal(&self.batch_of(batch), 2)
    }

    /// Values of mixed magnitudes, from 0.01 to 100: a fault that occurs only above 4 doesn't show
    /// in normally distributed values.
    pub(super) fn mixed_input(&self, batch: usize) -> Tensor<f64> {
        mixed(&self.batch_of(batch), 2)
    }

    /// Values that are exactly at kinks: round numbers, numbers among the arguments, and their
    /// negatives. Many are equal, as in a tie of a maximum.
    pub(super) fn round_input(&self, batch: usize) -> Tensor<f64> {
        let mut values = Vec::new();
        numbers(&self.calls, &mut values);
        round(&self.batch_of(batch), &values)
    }

    /// Parameters whose elements are multiplied by random magnitudes. Signs stay, since a variance is
    /// not negative.
    pub(super) fn mixed_params(&self) -> Params<f64> {
        let mut rng = generator(4, 0, 0, b"test");
        let mut params = self.params();
        for mut param in params.values_mut() {
            param
                .iter_mut()
                .for_each(|value| *value *= [0.1, 1.0, 10.0][rng.random_range(0..3)]);
        }
        params
    }

    fn batch_of(&self, batch: usize) -> Vec<usize> {
        [&[batch], &self.shape[..]].concat()
    }
}

/// Collects the numbers among the arguments of calls.
fn numbers(calls: &[Call<LayerDef>], found: &mut Vec<f64>) {
    for call in calls {
        let values = call
            .def
            .args()
            .iter()
            .filter_map(|info| call.args.value(info.name));
        found.extend(values.filter_map(|value| match value {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }));
        call.bodies.iter().for_each(|body| numbers(body, found));
    }
}

/// Samples round values and `others`, with random signs.
pub fn round(shape: &[usize], others: &[f64]) -> Tensor<f64> {
    let values = [&ROUND, others].concat();
    let mut rng = generator(3, 0, 0, b"test");
    Tensor::from_shape_simple_fn(shape, || {
        let value = values[rng.random_range(0..values.len())];
        if rng.random() { value } else { -value }
    })
}

/// Samples from a normal distribution, each value multiplied by a random magnitude. All values are
/// exact in `f32`.
pub fn mixed(shape: &[usize], seed: u64) -> Tensor<f64> {
    let mut rng = generator(seed, 1, 0, b"test");
    let mut values = normal(shape, seed);
    for value in &mut values {
        let magnitude = [0.01f32, 0.1, 1.0, 10.0, 100.0][rng.random_range(0..5)];
        *value = f64::from(*value as f32 * magnitude);
    }
    values
}

/// Samples from a normal distribution. All values are exact in `f32`, so that both scalar types get
/// the same input.
pub fn normal(shape: &[usize], seed: u64) -> Tensor<f64> {
    let values =
        Array::<f32, _>::random_using(shape, StandardNormal, &mut generator(seed, 0, 0, b"test"));
    values.mapv(f64::from).into_shared()
}
