//! Max pooling.

use tapeline_spec::Arg;
use tapeline_tensor::{MaxPool2d, Window, max_pool2d};

use crate::{
    Build, Built, Epilogue, LayerDef, Refusal,
    layers::{MAX_SIZE, activations::pointwise},
};

pub(super) const KERNEL_SIZE: Arg<[usize; 2]> =
    Arg::new("kernel_size", "height and width of the window")
        .range(1..=MAX_SIZE)
        .tried(1..=3);
pub(super) const STRIDE: Arg<[usize; 2]> = Arg::new("stride", "stride of the window")
    .range(1..=MAX_SIZE)
    .default_as("kernel_size")
    .tried(1..=3);
pub(super) const PADDING: Arg<[usize; 2]> =
    Arg::new("padding", "padding on each side, at most half the window")
        .range(0..=MAX_SIZE)
        .default([0, 0])
        .tried(0..=1);

/// The maximum of each window, `[channels, h, w]` to `[channels, h', w']`. Output sizes are rounded
/// down. The gradient of a tie goes to the first maximum, and padding is never the maximum.
/// (`torch.nn.MaxPool2d`)
pub const MAXPOOL2D: LayerDef = LayerDef {
    name: "maxpool2d",
    aliases: &["maxpool", "max_pool2d"],
    about: "max pooling",
    args: &[KERNEL_SIZE.info(), STRIDE.info(), PADDING.info()],
    examples: &[
        ("maxpool2d(2)", &[2, 6, 5]),
        ("maxpool2d(3, stride=2, padding=1)", &[1, 7, 6]),
        ("maxpool2d((1, 3))", &[2, 3, 7]),
    ],
    build: |args, build| {
        let options = MaxPool2d {
            kernel: args.get(KERNEL_SIZE),
            stride: args.get(STRIDE),
            padding: args.get(PADDING),
        };
        let output = pooled(build, options.kernel, options.stride, options.padding)?;
        let pooled = pointwise!(move |x| max_pool2d(x, options), move |graph, x| graph
            .max_pool2d(x, options));
        let meaning = build.input_meaning().scattered();
        Ok(Built::new(pooled, output)
            .means(meaning)
            .epilogue(Epilogue::MaxPool2d(options)))
    },
    ..LayerDef::BASE
};

/// Returns the output shape of a pooling layer.
pub(super) fn pooled(
    build: &Build,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Result<[usize; 3], Refusal> {
    let [channels, height, width] = build.image()?;
    if (0..2).any(|i| padding[i] > kernel[i] / 2) {
        return Err(Refusal::from("the padding is more than half of the window").arg("padding"));
    }
    let window = Window {
        stride,
        padding: padding.map(|p| [p, p]),
        ..Window::new([height, width], kernel)
    };
    let [h, w] = window
        .output()
        .map_err(|reason| Refusal::from(reason).arg("kernel_size"))?;
    Ok([channels, h, w])
}
