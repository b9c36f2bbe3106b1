//! `+ - * /` and negation, between values, whose sizes of 1 are broadcast, and with numbers.
//!
//! A number is an `f64` on either side, and is rounded to the scalar type of the value. So code that
//! is generic over the scalar type contains literals:
//!
//! ```
//! use tapeline_tensor::{Params, Scalar, Var, no_grad, tensor};
//!
//! fn swish<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
//!     x / (1.0 + (-x).exp())
//! }
//!
//! let y = no_grad(&Params::<f32>::new(), |tape, _| swish(tape.constant(tensor([0.0, 50.0]))).value());
//! assert_eq!(y, tensor([0.0, 50.0]));
//! ```

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::{
    Scalar, Tensor, Var, broadcast,
    kernels::{
        elementwise::{map, map_assign, zip, zip_channels},
        layout::{copied, stretched},
    },
};

/// Computes `f(a, b)`, both broadcast to one shape.
#[track_caller]
pub(super) fn broadcast_zip<T: Scalar>(
    name: &str,
    a: Tensor<T>,
    b: &Tensor<T>,
    f: impl Fn(T, T) -> T + Sync,
) -> Tensor<T> {
    let Some(shape) = broadcast::shape(a.shape(), b.shape()) else {
        panic!(
            "{name}: shapes {:?} and {:?} do not broadcast",
            a.shape(),
            b.shape()
        );
    };
    let a = stretch(a, &shape);
    if b.shape() == shape {
        zip(a, b, f)
    } else if let Some(out) = zip_channels(&a, b, &f) {
        out
    } else {
        let own = a.try_into_owned_nocopy();
        let mut out = own.unwrap_or_else(|shared| copied(&shared).into_owned());
        out.zip_mut_with(b, |a, &b| *a = f(*a, b));
        out.into_shared()
    }
}

fn stretch<T: Scalar>(x: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    if x.shape() == shape {
        return x;
    }
    stretched(&x, shape)
}

macro_rules! operator {
    ($trait:ident, $method:ident, $name:literal, $value:expr, $vjp:expr) => {
        impl<'t, T: Scalar> $trait for Var<'t, T> {
            type Output = Self;

            #[track_caller]
            fn $method(self, other: Self) -> Self {
                let (a, b) = (self.value(), other.value());
                let value = broadcast_zip($name, a.clone(), &b, $value);
                let vjp: fn(Tensor<T>, [bool; 2], Tensor<T>, Tensor<T>) -> [Option<Tensor<T>>; 2] =
                    $vjp;
                self.tape().op($name, value, [self, other], move |g, need| {
                    vjp(g, need, a, b)
                })
            }
        }
    };
}

operator!(Add, add, "add", |a, b| a + b, |g, need, _, _| {
    let second = need[1].then(|| g.clone());
    [Some(g), second]
});
operator!(Sub, sub, "sub", |a, b| a - b, |g, need, _, _| {
    let second = need[1].then(|| map_assign(g.clone(), |g| -g));
    [Some(g), second]
});
operator!(Mul, mul, "mul", |a, b| a * b, |g, need, a, b| {
    let second = need[1].then(|| broadcast_zip("mul", g.clone(), &a, |g, a| g * a));
    [
        need[0].then(|| broadcast_zip("mul", g, &b, |g, b| g * b)),
        second,
    ]
});
operator!(Div, div, "div", |a, b| a / b, |g, need, a, b| {
    let g = broadcast_zip("div", g, &b, |g, b| g / b);
    let second = need[1].then(|| {
        let quotient = broadcast_zip("div", a, &b, |a, b| a / b);
        broadcast_zip("div", g.clone(), &quotient, |g, q| -g * q)
    });
    [Some(g), second]
});

/// Records an operation whose gradient is multiplied by `slope`, or passed on unchanged.
fn linear<'t, T: Scalar>(
    name: &'static str,
    x: Var<'t, T>,
    f: impl Fn(T) -> T + Sync,
    slope: Option<T>,
) -> Var<'t, T> {
    let value = map(&x.value(), f);
    x.tape().op(name, value, [x], move |g, _| {
        [Some(match slope {
            Some(slope) => map_assign(g, |g| g * slope),
            None => g,
        })]
    })
}

impl<T: Scalar> Neg for Var<'_, T> {
    type Output = Self;

    fn neg(self) -> Self {
        linear("neg", self, |x| -x, Some(-T::one()))
    }
}

impl<T: Scalar> Add<f64> for Var<'_, T> {
    type Output = Self;

    fn add(self, number: f64) -> Self {
        let number = T::of(number);
        linear("add", self, |x| x + number, None)
    }
}

impl<T: Scalar> Sub<f64> for Var<'_, T> {
    type Output = Self;

    fn sub(self, number: f64) -> Self {
        let number = T::of(number);
        linear("sub", self, |x| x - number, None)
    }
}

impl<T: Scalar> Mul<f64> for Var<'_, T> {
    type Output = Self;

    fn mul(self, number: f64) -> Self {
        let number = T::of(number);
        linear("mul", self, |x| x * number, Some(number))
    }
}

impl<T: Scalar> Div<f64> for Var<'_, T> {
    type Output = Self;

    fn div(self, number: f64) -> Self {
        let number = T::of(number);
        linear("div", self, |x| x / number, Some(number.recip()))
    }
}

impl<'t, T: Scalar> Add<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;

    fn add(self, x: Var<'t, T>) -> Var<'t, T> {
        x + self
    }
}

impl<'t, T: Scalar> Sub<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;

    fn sub(self, x: Var<'t, T>) -> Var<'t, T> {
        let number = T::of(self);
        linear("sub", x, |x| number - x, Some(-T::one()))
    }
}

impl<'t, T: Scalar> Mul<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;

    fn mul(self, x: Var<'t, T>) -> Var<'t, T> {
        x * self
    }
}

impl<'t, T: Scalar> Div<Var<'t, T>> for f64 {
    type Output = Var<'t, T>;

    fn div(self, x: Var<'t, T>) -> Var<'t, T> {
        let number = T::of(self);
        x.map(
            "div",
            move |x| number / x,
            // Not by x², which may overflow.
            move |g, x| -(g / x) * (number / x),
        )
    }
}
