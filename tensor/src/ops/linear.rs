//! The product of the fully connected layer.

use ndarray::{Array2, ArrayView2, Ix2};

use crate::{
    Scalar, Tensor, Var,
    buffer::give_back,
    kernels::{
        layout::standard,
        sparse::{Sparse, all_finite},
        sum,
    },
    pool,
};

/// Maximum number of rows whose product visits non-zero elements however many there are.
const SHORT: usize = 4;

/// Whether all weights are finite.
struct AreFinite(bool);

/// Computes `x · weightᵀ + bias`, with `x` `[n, …, in]`, `weight` `[out, in]` and `bias` `[out]`:
/// returns `[n, …, out]`. (`torch.nn.functional.linear`)
///
/// If most of `x` is zero, as in images of pen strokes, only its non-zero elements are visited, in
/// the forward pass and for the gradient of the weights. This needs at least 96 outputs, a weight
/// whose first dimension is contiguous in memory, and weights that are finite.
///
/// # Panics
/// When the shapes don't fit each other.
#[track_caller]
pub fn linear<'t, T: Scalar>(
    x: Var<'t, T>,
    weight: Var<'t, T>,
    bias: Option<Var<'t, T>>,
) -> Var<'t, T> {
    let (input, w, b) = (standard(x.value()), weight.value(), bias.map(|b| b.value()));
    let shape = input.shape().to_vec();
    let fits = shape.len() >= 2 && w.ndim() == 2 && shape[shape.len() - 1] == w.shape()[1];
    assert!(
        fits,
        "linear: input {shape:?} and weight {:?} do not fit",
        w.shape()
    );
    if let Some(b) = b.as_ref().filter(|b| b.shape() != [w.shape()[0]]) {
        panic!(
            "linear: weight {:?} and bias {:?} do not fit",
            w.shape(),
            b.shape()
        );
    }

    let outputs = w.shape()[0];
    let (output, input) = (with_last(&shape, outputs), rows(input));
    let b = b.map(standard);
    let b = b.as_ref().and_then(|b| b.as_slice());
    let by_input = matrix(&w).reversed_axes();
    let sparse = by_input.to_slice().and_then(|by_input| {
        let (values, columns) = (input.as_slice()?, input.shape()[1]);
        let tape = x.tape();
        let is_lasting = tape.prepared_of(weight).is_some();
        // A product with few rows would pack all weights to read them once.
        let is_short = is_lasting && input.shape()[0] <= SHORT;
        if !Sparse::fits(values, columns, outputs)
            || !is_short && !Sparse::pays(values, columns, outputs)
        {
            return None;
        }
        let make = || T::sparse(values, columns);
        let (sparse, finite) = match is_lasting {
            true => {
                let are_finite = || AreFinite(all_finite(by_input));
                let finite = tape.prepared(weight, |_: &AreFinite| true, are_finite);
                finite.0.then(|| (make(), true))?
            }
            false => pool::join(make, || all_finite(by_input)),
        };
        finite.then_some((sparse, by_input))
    });
    let y = match &sparse {
        Some((sparse, by_input)) => T::sparse_matmul(sparse, by_input, outputs, b),
        None => T::matmul(matrix(&input), by_input, b),
    };
    let sparse = sparse.map(|(sparse, _)| sparse);

    let vjp = move |g: Tensor<T>, [need_x, need_w, need_b]: [bool; 3]| {
        let g = rows(standard(g));
        let dx = need_x.then(|| filled(&shape, T::matmul(matrix(&g), matrix(&w), None)));
        let dw = need_w.then(|| {
            // Both give the weight's gradient by input, which is how the weight itself is stored.
            let by_input = match (&sparse, g.as_slice()) {
                (Some(sparse), Some(g)) if all_finite(g) => {
                    T::sparse_transposed_matmul(sparse, g, outputs)
                }
                _ => T::matmul(matrix(&input).reversed_axes(), matrix(&g), None),
            };
            tensor(by_input.reversed_axes())
        });
        let db = need_b.then(|| sum::over(&g, 0..1));
        give_back(g);
        [dx, dw, db]
    };
    let parents = [Some(x), Some(weight), bias];
    x.tape().op("linear", filled(&output, y), parents, vjp)
}

/// Returns a tensor in row-major order as a matrix whose columns are its last dimension.
fn rows<T: Scalar>(x: Tensor<T>) -> Tensor<T> {
    let columns = x.shape()[x.ndim() - 1];
    let rows = x.shape()[..x.ndim() - 1].iter().product::<usize>();
    x.into_shape_with_order(vec![rows, columns])
        .unwrap_or_else(|e| unreachable!("as many elements in row-major order: {e}"))
}

/// Returns the matrix that [`rows`] made of a tensor of this shape as a tensor of this shape.
fn filled<T: Scalar>(shape: &[usize], x: Array2<T>) -> Tensor<T> {
    match shape.len() {
        2 => tensor(x),
        _ => standard(tensor(x))
            .into_shape_with_order(shape)
            .unwrap_or_else(|e| unreachable!("as many elements in row-major order: {e}")),
    }
}

/// Returns a shape with another last size.
fn with_last(shape: &[usize], size: usize) -> Vec<usize> {
    [&shape[..shape.len() - 1], &[size]].concat()
}

pub(super) fn matrix<T: Scalar>(x: &Tensor<T>) -> ArrayView2<'_, T> {
    x.view()
        .into_dimensionality::<Ix2>()
        .unwrap_or_else(|e| unreachable!("a matrix: {e}"))
}

pub(super) fn tensor<T: Scalar>(x: Array2<T>) -> Tensor<T> {
    x.into_dyn().into_shared()
}
