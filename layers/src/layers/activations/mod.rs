//! Activation functions.

pub mod elu;
pub mod geglu;
pub mod gelu;
pub mod glu;
pub mod hard_sigmoid;
pub mod hard_swish;
pub mod hard_tanh;
pub mod leaky_relu;
pub mod log_sigmoid;
pub mod log_softmax;
pub mod mish;
pub mod prelu;
pub mod relu;
pub mod relu6;
pub mod selu;
pub mod sigmoid;
pub mod silu;
pub mod softmax;
pub mod softplus;
pub mod softsign;
pub mod swiglu;
pub mod tanh;

use tapeline_tensor::{Scalar, Var, math};

use crate::{AnyLayer, Ctx, Graph, GraphValue, Layer, NoNodes};

/// Creates a layer without parameters from a function of a value on the tape, which is instantiated
/// for both scalar types, and from the same function as nodes.
macro_rules! pointwise {
    ($f:expr, $nodes:expr $(,)?) => {
        $crate::layers::activations::layer($f, $f, $nodes)
    };
}
pub(crate) use pointwise;

struct Function<S, D, N>(S, D, N);

/// Creates a layer from a function given for `f32`, for `f64`, and as nodes. See [`pointwise`].
pub(crate) fn layer(
    single: impl for<'t> Fn(Var<'t, f32>) -> Var<'t, f32> + Send + Sync,
    double: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64> + Send + Sync,
    nodes: impl Fn(&mut Graph, GraphValue) -> GraphValue + Send + Sync,
) -> impl AnyLayer {
    Function(single, double, nodes)
}

impl<S, D, N> Layer<f32> for Function<S, D, N>
where
    S: for<'t> Fn(Var<'t, f32>) -> Var<'t, f32> + Send + Sync,
    D: Send + Sync,
    N: Fn(&mut Graph, GraphValue) -> GraphValue + Send + Sync,
{
    fn forward<'t>(&self, _: &Ctx<'t, '_, f32>, x: Var<'t, f32>) -> Var<'t, f32> {
        (self.0)(x)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok((self.2)(graph, x))
    }
}

impl<S, D, N> Layer<f64> for Function<S, D, N>
where
    S: Send + Sync,
    D: for<'t> Fn(Var<'t, f64>) -> Var<'t, f64> + Send + Sync,
    N: Fn(&mut Graph, GraphValue) -> GraphValue + Send + Sync,
{
    fn forward<'t>(&self, _: &Ctx<'t, '_, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
        (self.1)(x)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok((self.2)(graph, x))
    }
}

/// Computes `x/6 + ½`, clamped to `[0, 1]`.
fn hard_sigmoid<T: Scalar>(x: T) -> T {
    if x <= T::of(-3.0) {
        T::zero()
    } else if x >= T::of(3.0) {
        T::one()
    } else {
        x / T::of(6.0) + T::of(0.5)
    }
}

pub(crate) const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
pub(crate) const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// Computes `scale · x` if `x > 0`, else `scale · α (eˣ − 1)`. Both are computed for each element: a loop
/// with a branch over so much isn't turned into vector instructions.
fn exponential<'t, T: Scalar>(
    x: Var<'t, T>,
    name: &'static str,
    alpha: f64,
    scale: f64,
) -> Var<'t, T> {
    let (below, above) = (T::of(scale * alpha), T::of(scale));
    let zero = T::zero();
    x.map(
        name,
        #[inline(always)]
        move |x| {
            let (negative, positive) = if x > zero { (zero, x) } else { (x, zero) };
            above * positive + below * math::exp_m1(negative)
        },
        #[inline(always)]
        move |g, x| {
            let slope = below * math::exp(x);
            g * if x > zero { above } else { slope }
        },
    )
}
