//! Matrix products.

use ndarray::{ArrayView2, Ix2};

use crate::{Scalar, Tensor, Var, kernels::gemm};

impl<'t, T: Scalar> Var<'t, T> {
    /// The matrix product: `[m, k]` by `[k, n]` gives `[m, n]`. (`torch.mm`)
    ///
    /// # Panics
    /// When one is no matrix, or the inner sizes differ.
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
            product(matrix(&a), matrix(&b)),
            [self, other],
            move |g, need| {
                let g = matrix(&g);
                [
                    need[0].then(|| product(g, matrix(&b).reversed_axes())),
                    need[1].then(|| product(matrix(&a).reversed_axes(), g)),
                ]
            },
        )
    }
}

fn matrix<T: Scalar>(x: &Tensor<T>) -> ArrayView2<'_, T> {
    x.view()
        .into_dimensionality::<Ix2>()
        .unwrap_or_else(|e| unreachable!("a matrix: {e}"))
}

fn product<T: Scalar>(a: ArrayView2<T>, b: ArrayView2<T>) -> Tensor<T> {
    gemm::matmul(a, b).into_dyn().into_shared()
}
