//! Sequences as images.

use tapeline_spec::Arg;

use crate::{
    Built, LayerDef, Refusal,
    layers::{MAX_SIZE, activations::pointwise},
    sizes::checked_len,
};

const HEIGHT: Arg<usize> = Arg::new("height", "height of the image").range(1..=MAX_SIZE);
const WIDTH: Arg<usize> = Arg::new("width", "width of the image").range(1..=MAX_SIZE);

/// The tokens as places of an image, in row-major order: `[h·w, features]` to `[features, h, w]`. The
/// inverse of `tokens`. (`x.mT.unflatten(2, (h, w))` in PyTorch)
pub const IMAGE: LayerDef = LayerDef {
    name: "image",
    about: "makes an image of a sequence, with a place for each token",
    args: &[HEIGHT.info(), WIDTH.info()],
    examples: &[
        ("image(2, 3)", &[6, 2]),
        ("image(3, 1)", &[3, 4]),
        ("image(1, 2)", &[2, 3]),
    ],
    build: |args, build| {
        let [tokens, features] = build.sequence()?;
        let [height, width] = [HEIGHT, WIDTH].map(|size| args.get(size));
        if checked_len(&[height, width]) != Some(tokens) {
            let message = format!("{tokens} tokens don't fill {height} rows of {width}");
            return Err(Refusal::from(message).arg("height"));
        }
        let image = pointwise!(
            move |x| {
                let image = x.reshape(&[x.shape()[0], height, width, features]);
                image.permute(&[0, 3, 1, 2])
            },
            move |graph, x| {
                let image = graph.reshape(x, &[height, width, features]);
                graph.transpose(image, &[0, 3, 1, 2])
            }
        );
        Ok(Built::new(image, [features, height, width]).means(build.input_meaning()))
    },
    ..LayerDef::BASE
};
