//! Parameters that layers declare, and their initial values.

use ndarray::{Array, ArrayD, Axis, IxDyn, ShapeBuilder};
use ndarray_rand::{
    RandomExt,
    rand_distr::{StandardNormal, Uniform},
};
use tapeline_tensor::{Params, Role, Scalar, Tensor};

use crate::ctx::generator;

/// A parameter or buffer declared by a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its name, as in PyTorch: `0.weight`.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How it is initialized.
    pub init: Init,
    /// Whether its first dimension is contiguous in memory.
    pub column_major: bool,
}

/// Initialization of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform between `−bound` and `bound`.
    Uniform(f64),
    /// Normal distribution with mean 0 and this standard deviation.
    Normal(f64),
    /// Orthonormal rows of the matrix `[first size, product of the others]`, or orthonormal columns
    /// if it has more rows than columns. (`torch.nn.init.orthogonal_`; Saxe et al. 2014)
    Orthogonal,
    /// The same value everywhere.
    Constant(f64),
}

impl Init {
    /// Returns the uniform initialization within ±1/√`fan_in`, PyTorch's default for linear layers
    /// and convolutions.
    pub fn fan_in(fan_in: usize) -> Self {
        Init::Uniform(1.0 / (fan_in.max(1) as f64).sqrt())
    }
}

impl Declared {
    /// Returns the number of elements. Building has checked that it doesn't overflow.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Initializes parameters. Each value depends only on the seed and on the parameter's position in
/// the list. Values are sampled in `f32` and in row-major order, whatever the memory layout, so
/// that `f64` parameters hold the same values.
pub fn init<T: Scalar>(declared: &[Declared], seed: u64) -> Params<T> {
    let mut params = Params::new();
    for (place, declared) in declared.iter().enumerate() {
        let shape = IxDyn(&declared.shape);
        let value: Array<f32, _> = match declared.init {
            Init::Constant(value) => Array::from_elem(shape, value as f32),
            Init::Normal(deviation) => normal(&declared.shape, seed, place) * deviation as f32,
            Init::Orthogonal => orthogonal(normal(&declared.shape, seed, place)),
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
        drop(value);
        params.push(&declared.name, declared.role, Tensor::from(laid_out));
    }
    params
}

fn normal(shape: &[usize], seed: u64, place: usize) -> ArrayD<f32> {
    let mut rng = generator(seed, 0, place as u64, b"init");
    Array::random_using(IxDyn(shape), StandardNormal, &mut rng)
}

/// Orthonormalizes the rows, or the columns if there are fewer of them, by the Gram–Schmidt process
/// in `f64`. Each vector is processed twice for accuracy.
fn orthogonal(x: ArrayD<f32>) -> ArrayD<f32> {
    let shape = x.raw_dim();
    let rows = shape[0];
    let columns = x.len() / rows.max(1);
    let wide = Array::from_iter(x.iter().map(|&x| f64::from(x)))
        .into_shape_with_order([rows, columns])
        .unwrap_or_else(|e| unreachable!("the number of elements matches: {e}"));
    let mut vectors = if rows > columns {
        wide.reversed_axes()
    } else {
        wide
    };
    for i in 0..vectors.nrows() {
        for _ in 0..2 {
            let (done, mut rest) = vectors.view_mut().split_at(Axis(0), i);
            let mut vector = rest.row_mut(0);
            for other in done.rows() {
                let along = other.dot(&vector);
                vector.scaled_add(-along, &other);
            }
            let length = vector.dot(&vector).sqrt();
            vector /= length;
        }
    }
    let matrix = if rows > columns {
        vectors.reversed_axes()
    } else {
        vectors
    };
    let values: Vec<f32> = matrix.iter().map(|&x| x as f32).collect();
    ArrayD::from_shape_vec(shape, values)
        .unwrap_or_else(|e| unreachable!("the number of elements matches: {e}"))
}
