//! Zero padding of images.

use tapeline_spec::Arg;

use super::table;
use crate::{
    Built, LayerDef, Refusal,
    layers::{MAX_SIZE, activations::pointwise},
    sizes::padded,
};

const PADDING: Arg<Vec<usize>> = Arg::new(
    "padding",
    "rows and columns of zeros: one value for all sides, or (left, right, top, bottom)",
)
.range(0..=MAX_SIZE)
.tried(0..=2);

/// Pads an image with zeros: `[channels, h, w]` to `[channels, h + top + bottom, w + left +
/// right]`. (`torch.nn.ZeroPad2d`)
pub const ZERO_PAD2D: LayerDef = LayerDef {
    name: "zero_pad2d",
    aliases: &["zeropad2d"],
    about: "pads an image with zeros",
    args: &[PADDING.info()],
    examples: &[
        ("zero_pad2d(2)", &[2, 3, 4]),
        ("zero_pad2d((0, 1, 2, 3))", &[1, 3, 2]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let [left, right, top, bottom] = match args.get(PADDING)[..] {
            [all] => [all; 4],
            [left, right, top, bottom] => [left, right, top, bottom],
            ref other => {
                let message = format!("expected 1 or 4 values, got {}", other.len());
                return Err(Refusal::from(message).arg("padding"));
            }
        };
        let output = [
            channels,
            padded(height, [top, bottom]),
            padded(width, [left, right]),
        ];
        build
            .fits(&output)
            .map_err(|refusal| refusal.arg("padding"))?;
        let rows = table(build, "zeros", height, [top, bottom])?;
        let columns = table(build, "zeros", width, [left, right])?;
        let layer = pointwise!(
            {
                let (rows, columns) = (rows.clone(), columns.clone());
                move |x| tapeline_tensor::gather2d(x, &rows, &columns)
            },
            move |graph, x| graph.pad2d(x, "zeros", [[top, bottom], [left, right]]),
        );
        Ok(Built::new(layer, output).means(build.input_meaning().scattered()))
    },
    ..LayerDef::BASE
};
