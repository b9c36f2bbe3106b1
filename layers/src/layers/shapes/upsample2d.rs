//! Upsampling of images.

use tapeline_spec::Arg;

use crate::{
    Built, LayerDef,
    layers::{MAX_SIZE, activations::pointwise},
    sizes::product,
};

const SCALE_FACTOR: Arg<[usize; 2]> = Arg::new("scale_factor", "scale factors of height and width")
    .keyword_only()
    .range(1..=MAX_SIZE)
    .tried(1..=3);

/// Repeats each pixel `s` times in both directions: `[channels, h, w]` to `[channels, h·s, w·s]`.
/// (`torch.nn.Upsample(mode="nearest")`)
pub const UPSAMPLE2D: LayerDef = LayerDef {
    name: "upsample2d",
    aliases: &["upsample"],
    about: "nearest-neighbor upsampling",
    args: &[SCALE_FACTOR.info()],
    examples: &[
        ("upsample2d(scale_factor=2)", &[2, 3, 4]),
        ("upsample2d(scale_factor=(1, 3))", &[1, 3, 2]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let [down, across] = args.get(SCALE_FACTOR);
        let output = [
            channels,
            product(&[height, down]),
            product(&[width, across]),
        ];
        build.fits(&output)?;
        let mut table = |len, scale| build.table(len, |place| Some(place / scale));
        let (rows, columns) = (table(output[1], down)?, table(output[2], across)?);
        let enlarged = pointwise!(
            {
                let (rows, columns) = (rows.clone(), columns.clone());
                move |x| tapeline_tensor::gather2d(x, &rows, &columns)
            },
            move |graph, x| graph.upsample2d(x, [down, across]),
        );
        Ok(Built::new(enlarged, output).means(build.input_meaning()))
    },
    ..LayerDef::BASE
};
