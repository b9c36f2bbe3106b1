use rand::Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change};

pub(super) const P: Arg<f64> = Arg::new("p", "probability of a flip")
    .default(0.5)
    .range(0.0..=1.0)
    .tried(0.0..=1.0);

/// Swaps left and right with probability *p*, as
/// [`RandomHorizontalFlip`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomHorizontalFlip.html)
/// does.
pub(super) const HFLIP: AugmentDef = AugmentDef {
    name: "hflip",
    about: "swaps left and right in some of the images",
    args: &[P.info()],
    examples: &["hflip", "hflip crop(padding=4)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    Ok(flipped(args.get(P), [[-1.0, 0.0], [0.0, 1.0]]))
}

/// Applies a linear map with probability `p`.
pub(super) fn flipped(p: f64, map: [[f64; 2]; 2]) -> Change {
    Change::warp(move |warp, random| {
        if random.random_bool(p) {
            warp.linear(map);
        }
    })
}
