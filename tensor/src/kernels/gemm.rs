//! Matrix products, in tiles of rows.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, linalg::general_mat_mul, s};

use crate::{Scalar, pool};

/// Multiply-adds worth a tile of its own.
const TILE: usize = 1 << 22;

/// `a · b`: `[m, k]` by `[k, n]` gives `[m, n]`, in row-major order.
pub fn matmul<T: Scalar>(a: ArrayView2<T>, b: ArrayView2<T>) -> Array2<T> {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    let mut out = Array2::zeros([m, n]);
    let tiles = (m * k * n).div_ceil(TILE).clamp(1, m.max(1));
    let rows = m.div_ceil(tiles).max(1);
    if let Some(out) = out.as_slice_mut().filter(|out| !out.is_empty()) {
        pool::chunks(out, rows * n, |i, out| {
            let start = i * rows;
            let rows = out.len() / n;
            let a = a.slice(s![start..start + rows, ..]);
            product(a, b, out, T::zero());
        });
    }
    out
}

/// `out = a · b + beta · out` on this thread, with `out` in row-major order.
pub fn product<T: Scalar>(a: ArrayView2<T>, b: ArrayView2<T>, out: &mut [T], beta: T) {
    let shape = [a.nrows(), b.ncols()];
    let mut out = ArrayViewMut2::from_shape(shape, out)
        .unwrap_or_else(|e| unreachable!("the caller cuts `out` to size: {e}"));
    general_mat_mul(T::one(), &a, &b, beta, &mut out);
}
