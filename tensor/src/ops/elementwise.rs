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
}
