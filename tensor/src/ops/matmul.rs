//! Matrix products.

use super::linear::{matrix, tensor};
use crate::{Scalar, Var, buffer::give_back};

impl<'t, T: Scalar> Var<'t, T> {
    /// Computes the matrix product: `[m, k]` by `[k, n]` gives `[m, n]`. (`torch.mm`)
    ///
    /// # Panics
    /// When one is not a matrix, or the inner sizes differ.
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let fits = a.ndim() == 2 && b.ndim() == 2 && a.shape()[1] == b.shape()[0];
        assert!(
            fits,
            "matmul: shapes {:?} and {:?} do not fit",
            a.shape(),
            b.shape()
        );
        self.tape().op(
            "matmul",
            tensor(T::matmul(matrix(&a), matrix(&b), None)),
            [self, other],
            move |g, need| {
                let b_t = matrix(&b).reversed_axes();
                let a_t = matrix(&a).reversed_axes();
                let da = need[0].then(|| tensor(T::matmul(matrix(&g), b_t, None)));
                let db = need[1].then(|| tensor(T::matmul(a_t, matrix(&g), None)));
                give_back(g);
                [da, db]
            },
        )
    }
}
