//! Images as sequences of their places.

use tapeline_tensor::{Scalar, Var};

use crate::{Built, Graph, GraphValue, LayerDef, layers::activations::pointwise};

/// The places of an image as tokens, in row-major order: `[channels, h, w]` to `[h·w, channels]`.
/// (`x.flatten(2).mT` in PyTorch)
pub const TOKENS: LayerDef = LayerDef {
    name: "tokens",
    about: "makes a sequence of an image, with a token for each place",
    examples: &[("tokens", &[2, 3, 4]), ("tokens", &[1, 2, 2])],
    build: |_, build| {
        let [channels, height, width] = build.image()?;
        let output = [height * width, channels];
        let layer = pointwise!(tokens, move |graph, x| nodes(graph, x, output));
        Ok(Built::new(layer, output).means(build.input_meaning()))
    },
    ..LayerDef::BASE
};

/// Returns a batch of images, `[n, channels, h, w]`, as `[n, h·w, channels]`. Nothing is moved if
/// they are stored channels-last.
pub(super) fn tokens<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
    let shape = x.shape();
    let last = x.permute(&[0, 2, 3, 1]);
    last.reshape(&[shape[0], shape[2] * shape[3], shape[1]])
}

/// Appends the nodes of [`tokens`].
pub(super) fn nodes(graph: &mut Graph, x: GraphValue, output: [usize; 2]) -> GraphValue {
    let last = graph.transpose(x, &[0, 2, 3, 1]);
    graph.reshape(last, &output)
}
