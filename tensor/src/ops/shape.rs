//! Operations that change the shape.

use ndarray::Axis;

use crate::{
    Scalar, Tensor, Var,
    kernels::layout::{channels_last, channels_last_slice, standard},
};

impl<'t, T: Scalar> Var<'t, T> {
    /// Returns the elements in row-major order in another shape. (`torch.reshape`)
    ///
    /// # Panics
    /// When the number of elements differs.
    #[track_caller]
    pub fn reshape(self, shape: &[usize]) -> Self {
        let x = self.value();
        let fits = x.len() == shape.iter().product::<usize>();
        assert!(fits, "reshape: {:?} does not fill {shape:?}", x.shape());
        let from = x.shape().to_vec();
        let is_last = channels_last_slice(&x).is_some();
        self.tape()
            .op("reshape", reshaped(x, shape), [self], move |g, _| {
                let g = reshaped(g, &from);
                // In the order of the value: rules that combine both need not convert it.
                [Some(if is_last { channels_last(g) } else { g })]
            })
    }

    /// Flattens all dimensions from `start` on into one. (`torch.flatten`)
    ///
    /// # Panics
    /// When there are fewer dimensions than `start`.
    #[track_caller]
    pub fn flatten(self, start: usize) -> Self {
        let shape = self.shape();
        assert!(
            start <= shape.len(),
            "flatten: no dimension {start} in shape {shape:?}"
        );
        let (kept, flat) = shape.split_at(start);
        self.reshape(&[kept, &[flat.iter().product()]].concat())
    }

    /// Inserts a dimension of size 1 at `axis`, without moving elements. (`torch.unsqueeze`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1.0, 2.0, 3.0]));
    ///     assert_eq!((x.unsqueeze(1) * x).shape(), [3, 3]);
    /// });
    /// ```
    ///
    /// # Panics
    /// When `axis` is more than the number of dimensions.
    #[track_caller]
    pub fn unsqueeze(self, axis: usize) -> Self {
        let x = self.value();
        assert!(
            axis <= x.ndim(),
            "unsqueeze: no place {axis} for a dimension in shape {:?}",
            x.shape()
        );
        let y = x.insert_axis(Axis(axis));
        self.tape().op("unsqueeze", y, [self], move |g, _| {
            [Some(g.index_axis_move(Axis(axis), 0))]
        })
    }

    /// Reorders the dimensions without moving elements: dimension `i` of the result is dimension
    /// `axes[i]`. (`torch.permute`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, Tensor, no_grad};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let images = tape.constant(Tensor::zeros(vec![2, 3, 5, 7]));
    ///     assert_eq!(images.permute(&[0, 2, 3, 1]).shape(), [2, 5, 7, 3]);
    /// });
    /// ```
    ///
    /// # Panics
    /// When `axes` doesn't contain each dimension once.
    #[track_caller]
    pub fn permute(self, axes: &[usize]) -> Self {
        let x = self.value();
        let place = |axis: usize| axes.iter().position(|&a| a == axis);
        let back: Vec<_> = (0..x.ndim()).filter_map(place).collect();
        assert!(
            axes.len() == x.ndim() && back.len() == x.ndim(),
            "permute: {axes:?} are not the dimensions of shape {:?}",
            x.shape()
        );
        self.tape()
            .op("permute", x.permuted_axes(axes), [self], move |g, _| {
                [Some(g.permuted_axes(back))]
            })
    }

    /// Transposes a matrix without moving elements. (`torch.t`)
    ///
    /// # Panics
    /// When it is not a matrix.
    #[track_caller]
    pub fn t(self) -> Self {
        let x = self.value();
        assert!(
            x.ndim() == 2,
            "t: a matrix is wanted, not shape {:?}",
            x.shape()
        );
        self.tape().op("t", x.reversed_axes(), [self], |g, _| {
            [Some(g.reversed_axes())]
        })
    }
}

fn reshaped<T: Scalar>(x: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    standard(x)
        .into_shape_with_order(shape)
        .unwrap_or_else(|e| unreachable!("as many elements in row-major order: {e}"))
}
