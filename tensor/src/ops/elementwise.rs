//! Elementwise functions.

use crate::{
    Scalar, Var,
    kernels::elementwise::{map, zip},
    math,
};

impl<'t, T: Scalar> Var<'t, T> {
    /// Computes `f` of each element, with `df(g, x)`: the gradient of an element, given that of the
    /// result and the input.
    ///
    /// ```
    /// # use tapeline_tensor::{Params, tensor, value_and_grad};
    /// let (y, grads, ()) = value_and_grad(&Params::<f64>::new(), &[tensor([3.0, 4.0])], |_, _, x| {
    ///     (x[0].map("square", |x| x * x, |g, x| 2.0 * g * x).sum(), ())
    /// });
    /// assert_eq!((y, grads.inputs[0].clone()), (25.0, Some(tensor([6.0, 8.0]))));
    /// ```
    pub fn map(
        self,
        name: &'static str,
        f: impl Fn(T) -> T + Sync,
        df: impl Fn(T, T) -> T + Sync + 'static,
    ) -> Self {
        let x = self.value();
        self.tape()
            .op(name, map(&x, f), [self], move |g, _| [Some(zip(g, &x, df))])
    }

    /// Computes `f` of each element, with `df(g, y)`: the gradient of an element, given that of the
    /// result and the result itself.
    pub fn map_by_output(
        self,
        name: &'static str,
        f: impl Fn(T) -> T + Sync,
        df: impl Fn(T, T) -> T + Sync + 'static,
    ) -> Self {
        let y = map(&self.value(), f);
        self.tape()
            .op(name, y.clone(), [self], move |g, _| [Some(zip(g, &y, df))])
    }

    /// `max(x, 0)`. Its derivative at 0 is 0; NaN stays NaN. (`torch.relu`)
    pub fn relu(self) -> Self {
        let zero = T::zero();
        self.map_by_output(
            "relu",
            move |x| if x <= zero { zero } else { x },
            move |g, y| if y <= zero { zero } else { g },
        )
    }

    /// `1 / (1 + e⁻ˣ)`, without overflow. (`torch.sigmoid`)
    pub fn sigmoid(self) -> Self {
        let one = T::one();
        self.map_by_output("sigmoid", math::sigmoid, move |g, y| g * y * (one - y))
    }

    /// The hyperbolic tangent.
    pub fn tanh(self) -> Self {
        self.map_by_output("tanh", math::tanh, |g, y| g * (T::one() - y * y))
    }

    /// `eˣ`.
    pub fn exp(self) -> Self {
        self.map_by_output("exp", math::exp, |g, y| g * y)
    }

    /// The natural logarithm: −∞ at 0, NaN below.
    pub fn log(self) -> Self {
        self.map("log", T::ln, |g, x| g / x)
    }

    /// The square root: NaN below 0.
    pub fn sqrt(self) -> Self {
        self.map_by_output("sqrt", T::sqrt, |g, y| g / (y + y))
    }

    /// Each element by itself.
    pub fn square(self) -> Self {
        self.map("square", |x| x * x, |g, x| g * (x + x))
    }

    /// Computes `xⁿ`. (`torch.pow` with an integer)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([2.0, -3.0]));
    ///     assert_eq!(x.powi(3).value(), tensor([8.0, -27.0]));
    /// });
    /// ```
    pub fn powi(self, n: i32) -> Self {
        let factor = T::of(n.into());
        self.map(
            "powi",
            move |x| x.powi(n),
            move |g, x| match n {
                // Also at 0, where x⁻¹ is infinite.
                0 => T::zero(),
                _ => g * factor * x.powi(n.saturating_sub(1)),
            },
        )
    }

    /// The absolute value. Its derivative at 0 is 0. (`torch.abs`)
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     assert_eq!(tape.constant(tensor([-2.0, 0.5])).abs().value(), tensor([2.0, 0.5]));
    /// });
    /// ```
    pub fn abs(self) -> Self {
        let zero = T::zero();
        self.map("abs", T::abs, move |g, x| match x {
            x if x > zero => g,
            x if x < zero => -g,
            _ => zero,
        })
    }

    /// Clamps each element to the range from `min` to `max`. The derivative at both ends is 0, as
    /// that of `torch.nn.functional.hardtanh`; that of `torch.clamp` is 1. NaN stays NaN.
    ///
    /// ```
    /// # use tapeline_tensor::{Params, no_grad, tensor};
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([-2.0, 0.5, 2.0]));
    ///     assert_eq!(x.clamp(-1.0, 1.0).value(), tensor([-1.0, 0.5, 1.0]));
    ///     assert_eq!(x.clamp(0.0, f64::INFINITY).value(), tensor([0.0, 0.5, 2.0]));
    /// });
    /// ```
    ///
    /// # Panics
    /// When `min` is more than `max`, or one is NaN.
    #[track_caller]
    pub fn clamp(self, min: f64, max: f64) -> Self {
        assert!(min <= max, "clamp: limits {min} to {max}");
        let (min, max) = (T::of(min), T::of(max));
        self.map(
            "clamp",
            move |x| match x {
                x if x <= min => min,
                x if x >= max => max,
                x => x,
            },
            move |g, x| {
                if x > min && x < max { g } else { T::zero() }
            },
        )
    }
}
