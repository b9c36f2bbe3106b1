//! Products of matrices.

use ndarray::{ArrayD, Axis, Ix2};
use tapeline_tensor::Tensor;

use super::{
    broadcast::{common, spread},
    operands::{Operands, Output},
};

/// `alpha · A B + beta · C`. `transA` and `transB` transpose a factor first; `C` is broadcast to
/// the product.
pub fn gemm(on: &Operands<'_>) -> Output {
    let factor = |i, transposed| {
        let x = on.numbers(i)?;
        let matrix = x.view().into_dimensionality::<Ix2>();
        let matrix = matrix
            .map_err(|_| format!("input {i} must be a matrix, but has shape {:?}", x.shape()))?;
        Ok::<_, String>(match on.size_named(transposed) {
            0 => matrix,
            _ => matrix.reversed_axes(),
        })
    };
    let (a, b) = (factor(0, "transA")?, factor(1, "transB")?);
    let ((rows, inner), (height, columns)) = (a.dim(), b.dim());
    if inner != height {
        return Err(format!(
            "a matrix of {rows}x{inner} can't be multiplied by {height}x{columns}"
        ));
    }
    let (alpha, beta) = (on.number_named("alpha"), on.number_named("beta"));
    let mut y = ArrayD::zeros(vec![rows, columns]);
    for row in 0..rows {
        for column in 0..columns {
            let products = (0..inner).map(|k| a[[row, k]] * b[[k, column]]);
            y[[row, column]] = alpha * products.sum::<f64>();
        }
    }
    if let Some(c) = on.optional(2)? {
        let c = spread(c, &[rows, columns])?;
        y.zip_mut_with(&c, |y, c| *y += beta * c);
    }
    Ok(y.into())
}

/// The product of the last two dimensions; those before them are broadcast. A vector counts as a row
/// on the left, and as a column on the right.
pub fn matmul(on: &Operands<'_>) -> Output {
    let (a, b) = (on.numbers(0)?, on.numbers(1)?);
    let (left, right) = (a.ndim(), b.ndim());
    if left == 0 || right == 0 {
        return Err("a scalar is not a matrix".into());
    }
    let as_matrix = |x: &Tensor<f64>, axis| match x.ndim() {
        1 => x.clone().insert_axis(Axis(axis)),
        _ => x.clone(),
    };
    let (a, b) = (as_matrix(a, 0), as_matrix(b, 1));
    let (outer_a, matrix_a) = a.shape().split_at(a.ndim() - 2);
    let (outer_b, matrix_b) = b.shape().split_at(b.ndim() - 2);
    let (&[rows, inner], &[height, columns]) = (matrix_a, matrix_b) else {
        unreachable!("both have two dimensions");
    };
    if inner != height {
        return Err(format!(
            "a matrix of {rows}x{inner} can't be multiplied by {height}x{columns}"
        ));
    }
    let outer = common(&[outer_a, outer_b])?;
    let a = spread(&a, &[&outer[..], matrix_a].concat())?;
    let b = spread(&b, &[&outer[..], matrix_b].concat())?;
    let mut y = ArrayD::from_shape_fn([&outer[..], &[rows, columns]].concat(), |place| {
        let (mut at_a, mut at_b) = (place.clone(), place.clone());
        let (row, column) = (outer.len(), outer.len() + 1);
        let products = (0..inner).map(|k| {
            (at_a[column], at_b[row]) = (k, k);
            a[&at_a] * b[&at_b]
        });
        products.sum::<f64>()
    });
    if right == 1 {
        y = y.remove_axis(Axis(outer.len() + 1));
    }
    if left == 1 {
        y = y.remove_axis(Axis(outer.len()));
    }
    Ok(y.into())
}
