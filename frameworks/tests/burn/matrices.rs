use burn_tensor::{Int, Tensor as Any, activation};
use tapeline_frameworks::{burn::Differentiable, mixed, positive};

use crate::Case;

/// Creates indices.
fn ints<const D: usize, const N: usize>(
    values: [i64; N],
    shape: [usize; D],
) -> Any<Differentiable, D, Int> {
    Any::<Differentiable, 1, Int>::from_data(values, &Default::default()).reshape(shape)
}

/// Operations on matrices whose gradients are right.
pub fn right() -> Vec<Case<2>> {
    let (x, y) = (mixed(&[3, 4]), mixed(&[4, 3]).reversed_axes());
    let one = || vec![x.clone()];
    let two = || vec![x.clone(), y.clone() * 1.3];
    let up = || vec![positive(&[3, 4])];
    vec![
        ("add", two(), |x| x[0].clone() + x[1].clone()),
        ("sub", two(), |x| x[0].clone() - x[1].clone()),
        ("mul", two(), |x| x[0].clone() * x[1].clone()),
        ("div", two(), |x| x[0].clone() / x[1].clone()),
        ("broadcast mul", vec![x.clone(), mixed(&[3, 1])], |x| {
            x[0].clone() * x[1].clone()
        }),
        ("broadcast div", vec![x.clone(), mixed(&[1, 4])], |x| {
            x[0].clone() / x[1].clone()
        }),
        (
            "remainder",
            vec![positive(&[3, 4]), positive(&[4, 3]).reversed_axes()],
            |x| x[0].clone().remainder(x[1].clone()),
        ),
        ("remainder_scalar", one(), |x| {
            x[0].clone().remainder_scalar(0.7)
        }),
        ("powf", vec![positive(&[3, 4]), x.clone() * 0.01], |x| {
            x[0].clone().powf(x[1].clone())
        }),
        ("powf_scalar", up(), |x| x[0].clone().powf_scalar(2.5)),
        ("powi_scalar", one(), |x| x[0].clone().powi_scalar(3)),
        ("powi_scalar of -2", one(), |x| x[0].clone().powi_scalar(-2)),
        ("exp", one(), |x| x[0].clone().exp()),
        ("log", up(), |x| x[0].clone().log()),
        ("log1p", up(), |x| x[0].clone().log1p()),
        ("erf", one(), |x| x[0].clone().erf()),
        ("recip", one(), |x| x[0].clone().recip()),
        ("square", one(), |x| x[0].clone().square()),
        ("sqrt", up(), |x| x[0].clone().sqrt()),
        ("sin", one(), |x| x[0].clone().sin()),
        ("cos", one(), |x| x[0].clone().cos()),
        ("tan", one(), |x| x[0].clone().tan()),
        ("sinh", one(), |x| x[0].clone().sinh()),
        ("cosh", one(), |x| x[0].clone().cosh()),
        ("tanh", one(), |x| x[0].clone().tanh()),
        ("asin", vec![x.clone() * 0.005], |x| x[0].clone().asin()),
        ("acos", vec![x.clone() * 0.005], |x| x[0].clone().acos()),
        ("atan", one(), |x| x[0].clone().atan()),
        ("asinh", one(), |x| x[0].clone().asinh()),
        ("acosh", vec![positive(&[3, 4]) * 300.0], |x| {
            x[0].clone().acosh()
        }),
        ("atanh", vec![x.clone() * 0.005], |x| x[0].clone().atanh()),
        ("atan2", two(), |x| x[0].clone().atan2(x[1].clone())),
        ("abs", one(), |x| x[0].clone().abs()),
        ("sign", one(), |x| x[0].clone().sign()),
        ("round", one(), |x| x[0].clone().round()),
        ("floor", one(), |x| x[0].clone().floor()),
        ("clamp", one(), |x| x[0].clone().clamp(-6.0, 6.0)),
        ("clamp_min", one(), |x| x[0].clone().clamp_min(-6.0)),
        ("max_pair", two(), |x| x[0].clone().max_pair(x[1].clone())),
        ("min_pair", two(), |x| x[0].clone().min_pair(x[1].clone())),
        ("max_dim", one(), |x| x[0].clone().max_dim(1)),
        ("min_dim", one(), |x| x[0].clone().min_dim(0)),
        ("max_abs_dim", one(), |x| x[0].clone().max_abs_dim(1)),
        ("sum_dim", one(), |x| x[0].clone().sum_dim(1)),
        ("mean_dim", one(), |x| x[0].clone().mean_dim(0)),
        ("var", one(), |x| x[0].clone().var(1)),
        ("cumsum", one(), |x| x[0].clone().cumsum(1)),
        ("cumprod", one(), |x| x[0].clone().cumprod(1)),
        ("cummax", one(), |x| x[0].clone().cummax(1)),
        ("cummin", one(), |x| x[0].clone().cummin(1)),
        ("sort", one(), |x| x[0].clone().sort(1)),
        ("topk", one(), |x| x[0].clone().topk(2, 1)),
        ("matmul", vec![x.clone(), mixed(&[4, 2])], |x| {
            x[0].clone().matmul(x[1].clone())
        }),
        ("transpose", one(), |x| x[0].clone().transpose()),
        ("flip", one(), |x| x[0].clone().flip([1])),
        ("slice", one(), |x| x[0].clone().slice([0..2, 1..3])),
        ("slice_assign", vec![x.clone(), mixed(&[2, 2])], |x| {
            x[0].clone().slice_assign([0..2, 1..3], x[1].clone())
        }),
        ("slice_fill", one(), |x| {
            x[0].clone().slice_fill([0..2, 1..3], 2.0)
        }),
        ("cat", two(), |x| {
            Any::cat(vec![x[0].clone(), x[1].clone()], 0)
        }),
        ("gather", one(), |x| {
            x[0].clone().gather(1, ints([0, 1, 0, 3, 2, 2], [3, 2]))
        }),
        ("select", one(), |x| {
            x[0].clone().select(1, ints([2, 0, 2], [3]))
        }),
        ("mask_where", two(), |x| {
            x[0].clone()
                .mask_where(x[0].clone().greater(x[1].clone()), x[1].clone())
        }),
        ("triu", one(), |x| x[0].clone().triu(0)),
        ("relu", one(), |x| activation::relu(x[0].clone())),
        ("leaky_relu", one(), |x| {
            activation::leaky_relu(x[0].clone(), 0.1)
        }),
        ("softmax", one(), |x| activation::softmax(x[0].clone(), 1)),
        ("softmin", one(), |x| activation::softmin(x[0].clone(), 1)),
        ("quiet_softmax", one(), |x| {
            activation::quiet_softmax(x[0].clone(), 1)
        }),
        ("log_softmax", one(), |x| {
            activation::log_softmax(x[0].clone(), 1)
        }),
        ("softplus", one(), |x| {
            activation::softplus(x[0].clone(), 1.5)
        }),
        ("log_sigmoid", one(), |x| {
            activation::log_sigmoid(x[0].clone())
        }),
        ("mish", one(), |x| activation::mish(x[0].clone())),
    ]
}

/// Operations whose gradients are not those of their values in this version. README.md says why.
pub fn wrong() -> Vec<Case<2>> {
    let one = || vec![mixed(&[3, 4])];
    vec![
        ("prod_dim", one(), |x| x[0].clone().prod_dim(1)),
        ("repeat_dim", one(), |x| x[0].clone().repeat_dim(1, 2)),
        ("gelu", one(), |x| activation::gelu(x[0].clone())),
        ("sigmoid", one(), |x| activation::sigmoid(x[0].clone())),
        ("hard_sigmoid", one(), |x| {
            activation::hard_sigmoid(x[0].clone(), 0.2, 0.5)
        }),
        ("silu", one(), |x| activation::silu(x[0].clone())),
        ("hard_swish", one(), |x| {
            activation::hard_swish(x[0].clone())
        }),
        ("glu", one(), |x| activation::glu(x[0].clone(), 1)),
    ]
}
