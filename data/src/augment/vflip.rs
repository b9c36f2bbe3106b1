use tapeline_spec::{Args, Diagnostic};

use super::{
    AugmentDef, Change,
    hflip::{P, flipped},
};

/// Swaps top and bottom with probability *p*, as
/// [`RandomVerticalFlip`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomVerticalFlip.html)
/// does.
pub(super) const VFLIP: AugmentDef = AugmentDef {
    name: "vflip",
    about: "swaps top and bottom in some of the images",
    args: &[P.info()],
    examples: &["vflip", "hflip vflip"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    Ok(flipped(args.get(P), [[1.0, 0.0], [0.0, -1.0]]))
}
