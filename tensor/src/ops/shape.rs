//! Operations that change the shape.

use ndarray::Axis;

use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::layout::{channels_last, channels_last_slice, copied, in_order, standard},
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

/// Concatenates tensors along a dimension. (`torch.cat`)
///
/// # Panics
/// When there is none, no such dimension, or the shapes differ elsewhere.
#[track_caller]
pub fn concat<'t, T: Scalar>(parts: &[Var<'t, T>], axis: usize) -> Var<'t, T> {
    let values: Vec<_> = parts.iter().map(|part| part.value()).collect();
    let shapes: Vec<_> = values.iter().map(|value| value.shape()).collect();
    let others = |shape: &[usize]| Some([shape.get(..axis)?, shape.get(axis + 1..)?].concat());
    let mut found = shapes.iter().map(|shape| others(shape));
    let first = found.next().flatten();
    assert!(
        first.is_some() && found.all(|others| others == first),
        "concat: shapes {shapes:?} do not fit along dimension {axis}"
    );
    let sizes: Vec<_> = shapes.iter().map(|shape| shape[axis]).collect();
    let mut shape = shapes[0].to_vec();
    shape[axis] = sizes.iter().sum();
    // One part after another in memory.
    let mut axes: Vec<_> = (0..shape.len()).collect();
    axes[..=axis].rotate_right(1);
    let value = Buffer::zeros(shape.iter().product());
    let mut value = in_order(value, &shape, &axes);
    let mut start = 0;
    for part in &values {
        let range = start..start + part.shape()[axis];
        start = range.end;
        value.slice_axis_mut(Axis(axis), range.into()).assign(part);
    }
    parts[0].tape().op("concat", value, parts, move |g, need| {
        let mut start = 0;
        let shares = sizes.iter().zip(need).map(|(&size, need)| {
            let range = start..start + size;
            start = range.end;
            need.then(|| {
                let mut share = g.clone();
                share.slice_axis_inplace(Axis(axis), range.into());
                copied(&share)
            })
        });
        let shares = shares.collect();
        give_back(g);
        shares
    })
}

fn reshaped<T: Scalar>(x: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    standard(x)
        .into_shape_with_order(shape)
        .unwrap_or_else(|e| unreachable!("as many elements in row-major order: {e}"))
}
