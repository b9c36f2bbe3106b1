//! What a layer is.

use tapeline_tensor::{Scalar, Var};

use crate::{AnyLoss, Ctx, Graph, Loss, NoNodes, Value};

/// One step from values to values. It holds sizes and the ids of its parameters, never an array, so one built layer serves both types of
/// number.
///
/// Written once for both: `impl<T: Element> Layer<T> for Relu`.
pub trait Layer<T: Element>: Send + Sync {
    /// The layer's output for a batch; the first dimension of `x` counts the samples.
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T>;

    /// Appends to `graph` what the layer does in evaluation, as plain nodes; returns the layer's output. So a model with it can be taken to other
    /// programs ([`graph`](crate::graph) has an example). A layer need not have this.
    ///
    /// # Errors
    /// When the layer, or one in its body, doesn't say it.
    fn nodes(&self, graph: &mut Graph, _x: Value) -> Result<Value, NoNodes> {
        Err(graph.no_nodes())
    }
}

/// A layer for both types of number. Nothing implements it by hand.
pub trait AnyLayer: Layer<f32> + Layer<f64> {}

impl<L: Layer<f32> + Layer<f64>> AnyLayer for L {}

/// A type of number that layers compute in: `f32` or `f64`. Sealed, as [`Scalar`] is.
pub trait Element: Scalar {
    /// The side of a built layer that computes in this type.
    fn layer(layer: &dyn AnyLayer) -> &dyn Layer<Self>;

    /// The side of a built loss that computes in this type.
    fn loss(loss: &dyn AnyLoss) -> &dyn Loss<Self>;
}

macro_rules! element {
    ($($float:ident)*) => {$(
        impl Element for $float {
            fn layer(layer: &dyn AnyLayer) -> &dyn Layer<Self> {
                layer
            }

            fn loss(loss: &dyn AnyLoss) -> &dyn Loss<Self> {
                loss
            }
        }
    )*};
}

element!(f32 f64);
