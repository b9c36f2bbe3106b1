//! Average pooling of sequences.

use tapeline_tensor::{AvgPool2d, avg_pool2d};

use super::{
    avgpool2d::COUNT_INCLUDE_PAD,
    maxpool1d::{KERNEL_SIZE, PADDING, STRIDE, pooled},
};
use crate::{
    Built, LayerDef,
    layers::{activations::pointwise, sequences},
};

/// The mean of each feature over windows of tokens, `[tokens, features]` to `[tokens', features]`.
/// The number of windows is rounded down. (`torch.nn.AvgPool1d` of the transposed sequence)
pub const AVGPOOL1D: LayerDef = LayerDef {
    name: "avgpool1d",
    aliases: &["avg_pool1d"],
    about: "average pooling along the tokens of a sequence",
    args: &[
        KERNEL_SIZE.info(),
        STRIDE.info(),
        PADDING.info(),
        COUNT_INCLUDE_PAD.info(),
    ],
    examples: &[
        ("avgpool1d(2)", &[7, 3]),
        ("avgpool1d(3, stride=2, padding=1)", &[6, 2]),
        (
            "avgpool1d(3, stride=1, padding=1, count_include_pad=false)",
            &[5, 2],
        ),
    ],
    build: |args, build| {
        let options = AvgPool2d {
            kernel: [1, args.get(KERNEL_SIZE)],
            stride: [1, args.get(STRIDE)],
            padding: [0, args.get(PADDING)],
            count_include_pad: args.get(COUNT_INCLUDE_PAD),
        };
        let output = pooled(build, options.kernel, options.stride, options.padding)?;
        let meaning = build.input_meaning().scattered();
        let pooled = pointwise!(
            move |x| sequences::from_images(avg_pool2d(sequences::to_images(x), options)),
            move |graph, x| {
                let x = graph.transpose(x, &[0, 2, 1]);
                let y = graph.avg_pool1d(x, options);
                graph.transpose(y, &[0, 2, 1])
            }
        );
        Ok(Built::new(pooled, output).means(meaning))
    },
    ..LayerDef::BASE
};
