//! Average pooling to a fixed output size.

use tapeline_spec::Arg;
use tapeline_tensor::adaptive_avg_pool2d;

use crate::{
    Built, LayerDef,
    layers::{MAX_SIZE, activations::pointwise},
    sizes::product,
};

const OUTPUT_SIZE: Arg<[usize; 2]> = Arg::new("output_size", "height and width of the output")
    .range(1..=MAX_SIZE)
    .tried(1..=4);

/// The mean of each of `output_size` regions of the image, `[channels, h, w]` to `[channels, h',
/// w']`. Regions overlap by one row or column if the sizes don't divide evenly.
/// (`torch.nn.AdaptiveAvgPool2d`)
pub const ADAPTIVE_AVGPOOL2D: LayerDef = LayerDef {
    name: "adaptive_avgpool2d",
    aliases: &["adaptive_avg_pool2d"],
    about: "average pooling to a fixed output size",
    args: &[OUTPUT_SIZE.info()],
    examples: &[
        ("adaptive_avgpool2d(1)", &[2, 3, 4]),
        ("adaptive_avgpool2d((2, 3))", &[1, 5, 7]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let size = args.get(OUTPUT_SIZE);
        build.fits(&[channels, size[0], size[1]])?;
        // The matrices that `nodes` builds.
        for (size, parts) in [(height, size[0]), (width, size[1])] {
            build.count_table(product(&[size, parts]))?;
        }
        let pooled = pointwise!(move |x| adaptive_avg_pool2d(x, size), move |graph, x| graph
            .adaptive_avg_pool2d(x, [height, width], size),);
        let meaning = build.input_meaning().averaged();
        Ok(Built::new(pooled, [channels, size[0], size[1]]).means(meaning))
    },
    ..LayerDef::BASE
};
