//! Average pooling to a size.

use tapeline_spec::Arg;
use tapeline_tensor::adaptive_avg_pool2d;

use crate::{
    Built, LayerDef,
    layers::{MAX_SIZE, activations::pointwise},
};

const OUTPUT_SIZE: Arg<[usize; 2]> = Arg::new("output_size", "height and width of the output")
    .range(1..=MAX_SIZE)
    .tried(1..=4);

/// The means of `output_size` parts of the image, which overlap by a cell where sizes don't divide: `[channels, h, w]` gives
/// `[channels, h', w']`. (`torch.nn.AdaptiveAvgPool2d`)
pub const ADAPTIVE_AVGPOOL2D: LayerDef = LayerDef {
    name: "adaptive_avgpool2d",
    aliases: &["adaptive_avg_pool2d"],
    about: "means of as many parts of the image as are wanted",
    args: &[OUTPUT_SIZE.info()],
    examples: &[
        ("adaptive_avgpool2d(1)", &[2, 3, 4]),
        ("adaptive_avgpool2d((2, 3))", &[1, 5, 7]),
    ],
    build: |args, build| {
        let [channels, _, _] = build.image()?;
        let size = args.get(OUTPUT_SIZE);
        build.fits(&[channels, size[0], size[1]])?;
        let pooled = pointwise!(move |x| adaptive_avg_pool2d(x, size));
        Ok(Built::new(pooled, [channels, size[0], size[1]]))
    },
    ..LayerDef::BASE
};
