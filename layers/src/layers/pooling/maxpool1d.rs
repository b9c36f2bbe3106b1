//! Max pooling of sequences.

use tapeline_spec::Arg;
use tapeline_tensor::{MaxPool2d, Window, max_pool2d};

use crate::{
    Build, Built, Epilogue, LayerDef, Refusal,
    layers::{MAX_SIZE, activations::pointwise, sequences},
};

pub(super) const KERNEL_SIZE: Arg<usize> =
    Arg::new("kernel_size", "number of tokens in the window")
        .range(1..=MAX_SIZE)
        .tried(1..=3);
pub(super) const STRIDE: Arg<usize> = Arg::new("stride", "stride of the window")
    .range(1..=MAX_SIZE)
    .default_as("kernel_size")
    .tried(1..=3);
pub(super) const PADDING: Arg<usize> =
    Arg::new("padding", "padding at both ends, at most half the window")
        .range(0..=MAX_SIZE)
        .default(0)
        .tried(0..=1);

/// The maximum of each feature over windows of tokens, `[tokens, features]` to `[tokens',
/// features]`. The number of windows is rounded down. The gradient of a tie goes to the first
/// maximum, and padding is never the maximum. (`torch.nn.MaxPool1d` of the transposed sequence)
pub const MAXPOOL1D: LayerDef = LayerDef {
    name: "maxpool1d",
    aliases: &["max_pool1d"],
    about: "max pooling along the tokens of a sequence",
    args: &[KERNEL_SIZE.info(), STRIDE.info(), PADDING.info()],
    examples: &[
        ("maxpool1d(2)", &[7, 3]),
        ("maxpool1d(3, stride=2, padding=1)", &[6, 2]),
    ],
    build: |args, build| {
        let options = MaxPool2d {
            kernel: [1, args.get(KERNEL_SIZE)],
            stride: [1, args.get(STRIDE)],
            padding: [0, args.get(PADDING)],
        };
        let output = pooled(build, options.kernel, options.stride, options.padding)?;
        let pooled = pointwise!(
            move |x| sequences::from_images(max_pool2d(sequences::to_images(x), options)),
            move |graph, x| {
                let x = graph.transpose(x, &[0, 2, 1]);
                let y = graph.max_pool1d(x, options);
                graph.transpose(y, &[0, 2, 1])
            }
        );
        let meaning = build.input_meaning().scattered();
        Ok(Built::new(pooled, output)
            .means(meaning)
            .epilogue(Epilogue::MaxPool2d(options)))
    },
    ..LayerDef::BASE
};

/// Returns the output shape of a pooling layer with windows over an image of one row.
pub(super) fn pooled(
    build: &Build,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Result<[usize; 2], Refusal> {
    let [tokens, features] = build.sequence()?;
    if padding[1] > kernel[1] / 2 {
        return Err(Refusal::from("the padding is more than half of the window").arg("padding"));
    }
    let window = Window {
        stride,
        padding: padding.map(|p| [p, p]),
        ..Window::new([1, tokens], kernel)
    };
    Ok([sequences::windows(&window)?, features])
}
