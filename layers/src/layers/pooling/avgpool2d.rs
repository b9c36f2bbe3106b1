//! Average pooling.

use tapeline_spec::Arg;
use tapeline_tensor::{AvgPool2d, avg_pool2d};

use super::maxpool2d::{KERNEL_SIZE, PADDING, STRIDE, pooled};
use crate::{Built, LayerDef, layers::activations::pointwise};

pub(super) const COUNT_INCLUDE_PAD: Arg<bool> = Arg::new(
    "count_include_pad",
    "whether means include the zeros of the padding",
)
.keyword_only()
.default(true);

/// The mean of each window, `[channels, h, w]` to `[channels, h', w']`. Output sizes are rounded
/// down. (`torch.nn.AvgPool2d`)
pub const AVGPOOL2D: LayerDef = LayerDef {
    name: "avgpool2d",
    aliases: &["avgpool", "avg_pool2d"],
    about: "average pooling",
    args: &[
        KERNEL_SIZE.info(),
        STRIDE.info(),
        PADDING.info(),
        COUNT_INCLUDE_PAD.info(),
    ],
    examples: &[
        ("avgpool2d(2)", &[2, 6, 5]),
        ("avgpool2d(3, stride=2, padding=1)", &[1, 7, 6]),
        (
            "avgpool2d(3, stride=2, padding=1, count_include_pad=false)",
            &[1, 7, 6],
        ),
    ],
    build: |args, build| {
        let options = AvgPool2d {
            kernel: args.get(KERNEL_SIZE),
            stride: args.get(STRIDE),
            padding: args.get(PADDING),
            count_include_pad: args.get(COUNT_INCLUDE_PAD),
        };
        let output = pooled(build, options.kernel, options.stride, options.padding)?;
        // Padding zeros that count towards the mean lower it, so probabilities no longer sum to 1.
        let zeros = options.count_include_pad && options.padding != [0, 0];
        let meaning = match (build.input_meaning().averaged(), zeros) {
            (meaning, true) => meaning.scattered(),
            (meaning, false) => meaning,
        };
        let pooled = pointwise!(move |x| avg_pool2d(x, options), move |graph, x| graph
            .avg_pool2d(x, options));
        Ok(Built::new(pooled, output).means(meaning))
    },
    ..LayerDef::BASE
};
