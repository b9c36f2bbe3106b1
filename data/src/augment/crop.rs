use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change, shift::shifted};

const PADDING: Arg<usize> = Arg::new("padding", "black pixels added on each side")
    .default(4)
    .range(0..=4096)
    .tried(0..=3);

/// Pads the image with black pixels, and crops a part of the image's own size at a random place, as
/// [`RandomCrop`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomCrop.html)
/// with `padding` does.
///
/// The same images come from `shift(padding)`.
pub(super) const CROP: AugmentDef = AugmentDef {
    name: "crop",
    aliases: &["random_crop"],
    about: "pads the image, and crops a part of its own size at a random place",
    args: &[PADDING.info()],
    examples: &["crop", "hflip crop(padding=4)"],
    build,
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    Ok(shifted(args.get(PADDING)))
}
