//! The trait of all layers.

use tapeline_tensor::{Scalar, Var};

use crate::{AnyLoss, Ctx, Graph, GraphValue, Loss, NoNodes};

/// A function of a batch of values. It holds sizes and the ids of its parameters, but no arrays, so
/// that one built layer serves both scalar types.
///
/// Implement it once for both types: `impl<T: Element> Layer<T> for Relu`.
pub trait Layer<T: Element>: Send + Sync {
    /// Computes the output for a batch; the first dimension of `x` is the batch.
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T>;

    /// Returns what the layer computes, if that is a factor and a summand for each channel and
    /// nothing but `relu` after them. In evaluation, the layer before it may then compute both
    /// ([`forward_then`](Layer::forward_then)).
    fn by_channel(&self, _cx: &Ctx<'_, '_, T>) -> Option<ByChannel<T>> {
        None
    }

    /// Computes `next` of the output in one pass, or nothing if the layer can't. It is called only
    /// where no gradients are computed; results may differ by rounding errors.
    fn forward_then<'t>(
        &self,
        _cx: &Ctx<'t, '_, T>,
        _x: Var<'t, T>,
        _next: &ByChannel<T>,
    ) -> Option<Var<'t, T>> {
        None
    }

    /// Appends the layer to `graph` as ONNX operations, as it runs in evaluation, and returns its
    /// output. This is needed only to export models that use the layer ([`graph`](crate::graph) has
    /// an example).
    ///
    /// # Errors
    /// When the layer, or one in its body, doesn't implement this.
    fn nodes(&self, graph: &mut Graph, _x: GraphValue) -> Result<GraphValue, NoNodes> {
        Err(graph.no_nodes())
    }
}

/// A factor and a summand for each channel, `x · scale + shift`, and whether `relu` follows.
#[derive(Clone, Debug, PartialEq)]
pub struct ByChannel<T> {
    /// The factors, `[channels]`.
    pub scale: Vec<T>,
    /// The summands, `[channels]`.
    pub shift: Vec<T>,
    /// Whether `relu` is applied to the result.
    pub relu: bool,
}

/// A layer for both scalar types. Implemented automatically.
pub trait AnyLayer: Layer<f32> + Layer<f64> {}

impl<L: Layer<f32> + Layer<f64>> AnyLayer for L {}

/// A scalar type that layers compute in: `f32` or `f64`. Sealed, like [`Scalar`].
pub trait Element: Scalar {
    /// Returns the implementation of a layer for this type.
    fn layer(layer: &dyn AnyLayer) -> &dyn Layer<Self>;

    /// Returns the implementation of a loss for this type.
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
