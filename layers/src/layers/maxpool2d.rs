//! Max-pooling.

use tapeline_spec::Arg;
use tapeline_tensor::{MaxPool2d, Var, Window, max_pool2d};

use super::MAX_SIZE;
use crate::{Built, Ctx, Element, Epilogue, Layer, LayerDef, Refusal};

const KERNEL_SIZE: Arg<[usize; 2]> = Arg::new("kernel_size", "height and width of a window")
    .range(1..=MAX_SIZE)
    .tried(1..=3);
const STRIDE: Arg<[usize; 2]> = Arg::new("stride", "steps between windows")
    .range(1..=MAX_SIZE)
    .default_as("kernel_size")
    .tried(1..=3);
const PADDING: Arg<[usize; 2]> = Arg::new(
    "padding",
    "cells around the image that never win, at most half a window",
)
.range(0..=MAX_SIZE)
.default([0, 0])
.tried(0..=1);

/// The maximum of each window: `[channels, h, w]` gives `[channels, h', w']`, rounded down. The first maximum takes a tie.
/// (`torch.nn.MaxPool2d`)
pub const MAXPOOL2D: LayerDef = LayerDef {
    name: "maxpool2d",
    aliases: &["maxpool", "max_pool2d"],
    about: "the maximum of each window",
    args: &[KERNEL_SIZE.info(), STRIDE.info(), PADDING.info()],
    examples: &[
        ("maxpool2d(2)", &[2, 6, 5]),
        ("maxpool2d(3, stride=2, padding=1)", &[1, 7, 6]),
        ("maxpool2d((1, 3))", &[2, 3, 7]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let options = MaxPool2d {
            kernel: args.get(KERNEL_SIZE),
            stride: args.get(STRIDE),
            padding: args.get(PADDING),
        };
        if (0..2).any(|i| options.padding[i] > options.kernel[i] / 2) {
            return Err(Refusal::from("the padding is more than half of the window").arg("padding"));
        }
        let window = Window {
            stride: options.stride,
            padding: options.padding.map(|p| [p, p]),
            ..Window::new([height, width], options.kernel)
        };
        let [h, w] = window
            .output()
            .map_err(|reason| Refusal::from(reason).arg("kernel_size"))?;
        let built = Built::new(Pooling(options), [channels, h, w]);
        Ok(built.epilogue(Epilogue::MaxPool2d(options)))
    },
    ..LayerDef::BASE
};

struct Pooling(MaxPool2d);

impl<T: Element> Layer<T> for Pooling {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        max_pool2d(x, self.0)
    }
}
