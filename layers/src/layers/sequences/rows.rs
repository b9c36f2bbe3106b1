//! Images as sequences of their rows.

use crate::{Built, LayerDef, layers::activations::pointwise};

/// The rows of an image as tokens, from top to bottom: `[channels, h, w]` to `[h, channels·w]`. The
/// features of a token are the row of the first channel, then that of the second, and so on.
/// (`x.transpose(1, 2).flatten(2)` in PyTorch)
pub const ROWS: LayerDef = LayerDef {
    name: "rows",
    about: "makes a sequence of an image, with a token for each row",
    examples: &[("rows", &[2, 3, 4]), ("rows", &[1, 2, 2])],
    build: |_, build| {
        let [channels, height, width] = build.image()?;
        let output = [height, channels * width];
        let rows = pointwise!(
            move |x| {
                let rows = x.permute(&[0, 2, 1, 3]);
                rows.reshape(&[x.shape()[0], output[0], output[1]])
            },
            move |graph, x| {
                let rows = graph.transpose(x, &[0, 2, 1, 3]);
                graph.reshape(rows, &output)
            }
        );
        Ok(Built::new(rows, output).means(build.input_meaning().scattered()))
    },
    ..LayerDef::BASE
};
