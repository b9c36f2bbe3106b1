use ndarray::ArrayViewMutD;
use tapeline_tensor::{Params, Role, Scalar, Tensor, no_grad};

use super::sum_of_squares;
use crate::{Piece, Transform};

/// Approximately replaces the gradient of a matrix by the nearest orthogonal matrix: the singular
/// vectors are kept, and all singular values become about 1. Then scales it according to the shape
/// of the matrix.
///
/// Runs five steps of a Newton-Schulz iteration, whose coefficients are chosen so that small
/// singular values grow fast: *x = g / max(‖g‖, 10⁻⁷)* with the Frobenius norm; then *x = a·x +
/// (b·y + c·y²)·x* with *y = x·xᵀ* and *(a, b, c) = (3.4445, −4.7750, 2.0315)*. A matrix with more
/// rows than columns is transposed for the iteration. Weights ([`Role::Weight`]) with any other
/// number of dimensions, such as kernels of convolutions, are treated as matrices `[out, rest]`;
/// biases and scales pass unchanged, whatever their shape.
///
/// Sources: Jordan et al. 2024, [*Muon: an optimizer for hidden layers in neural
/// networks*](https://kellerjordan.github.io/posts/muon/); [PyTorch's
/// `Muon`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html), which computes
/// this in `bfloat16`.
#[derive(Clone, Copy, Debug)]
pub struct Orthogonalize {
    /// How the result is scaled.
    pub scale: MatrixScale,
}

/// The scale for a matrix of *m* rows and *n* columns, with PyTorch's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixScale {
    /// *√max(1, m/n)*.
    Original,
    /// *0.2·√max(m, n)*: elements are about as large as in a step of Adam (Liu et al. 2025, [*Muon
    /// is scalable for LLM training*](https://arxiv.org/abs/2502.16982)).
    MatchRmsAdamw,
}

impl MatrixScale {
    fn of(self, rows: usize, columns: usize) -> f64 {
        let (rows, columns) = (rows as f64, columns as f64);
        match self {
            MatrixScale::Original => (rows / columns).max(1.0).sqrt(),
            MatrixScale::MatchRmsAdamw => 0.2 * rows.max(columns).sqrt(),
        }
    }
}

const STEPS: usize = 5;
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];
const LEAST_NORM: f64 = 1e-7;

impl<T: Scalar> Transform<T> for Orthogonalize {
    fn takes(&self, role: Role) -> bool {
        role == Role::Weight
    }

    fn looks(&self) -> bool {
        true
    }

    fn apply_whole(&self, mut gradient: ArrayViewMutD<'_, T>) {
        if gradient.is_empty() {
            return;
        }
        let rows = gradient.shape().first().copied().unwrap_or(1);
        let columns = gradient.len() / rows;
        // In row-major order whatever the memory order, so that the result doesn't depend on the
        // layout.
        let flat: Vec<T> = gradient.iter().copied().collect();
        let norm = sum_of_squares(&flat).sqrt().max(LEAST_NORM);
        let matrix = Tensor::from_shape_vec(vec![rows, columns], flat);
        let mut x = matrix.unwrap_or_else(|e| unreachable!("as many elements: {e}"));
        x.mapv_inplace(|x| x / T::of(norm));
        let x = match rows > columns {
            true => orthogonal(x.reversed_axes()).reversed_axes(),
            false => orthogonal(x),
        };
        let scale = T::of(self.scale.of(rows, columns));
        gradient
            .iter_mut()
            .zip(&x)
            .for_each(|(g, &x)| *g = scale * x);
    }

    fn apply(&self, _: Piece<'_, T>) {}
}

/// Runs the iteration. Each step has its own tape, so that its matrices are freed at its end.
fn orthogonal<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    let [a, b, c] = COEFFICIENTS;
    (0..STEPS).fold(x, |x, _| {
        no_grad(&Params::new(), |tape, _| {
            let x = tape.constant(x);
            let y = x.matmul(x.t());
            let polynomial = y * b + y.matmul(y) * c;
            (x * a + polynomial.matmul(x)).value()
        })
    })
}
