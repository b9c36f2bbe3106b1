//! Parameters that layers ask for, and their first values.

use ndarray::{Array, IxDyn, ShapeBuilder};
use ndarray_rand::{RandomExt, rand_distr::Uniform};
use tapeline_tensor::{Params, Role, Scalar, Tensor};

use crate::ctx::generator;

/// A parameter or buffer that a layer has asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its name, in PyTorch's form: `0.weight`.
    pub name: String,
    /// Learned or kept.
    pub role: Role,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first value.
    pub init: Init,
    /// Whether it lies in memory with its first dimension running fastest.
    pub column_major: bool,
}

/// How a parameter gets its first value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform between `−bound` and `bound`.
    Uniform(f64),
    /// One number everywhere.
    Constant(f64),
}

impl Init {
    /// Uniform within 1/√`fan_in`: PyTorch's choice for linear layers and convolutions.
    pub fn fan_in(fan_in: usize) -> Self {
        Init::Uniform(1.0 / (fan_in.max(1) as f64).sqrt())
    }
}

impl Declared {
    /// Number of elements. Building has made sure that it fits.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// First values of parameters: a function of the seed and of each one's place in the list. Drawn in `f32` in row-major order, whatever the
/// order in memory, so that `f64` values are the same numbers.
pub fn init<T: Scalar>(declared: &[Declared], seed: u64) -> Params<T> {
    let mut params = Params::new();
    for (place, declared) in declared.iter().enumerate() {
        let shape = IxDyn(&declared.shape);
        let value: Array<f32, _> = match declared.init {
            Init::Constant(value) => Array::from_elem(shape, value as f32),
            Init::Uniform(bound) => {
                let mut rng = generator(seed, 0, place as u64, b"init");
                let bound = bound as f32;
                match Uniform::new_inclusive(-bound, bound) {
                    Ok(values) => Array::random_using(shape, values, &mut rng),
                    Err(_) => unreachable!("a bound is finite and not negative"),
                }
            }
        };
        let mut laid_out = Array::from_elem(
            IxDyn(&declared.shape).set_f(declared.column_major),
            T::zero(),
        );
        laid_out.zip_mut_with(&value, |out, &value| *out = T::of(value.into()));
        params.push(&declared.name, declared.role, Tensor::from(laid_out));
    }
    params
}
