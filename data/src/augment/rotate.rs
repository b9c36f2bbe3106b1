use rand::Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change};

const DEGREES: Arg<f64> = Arg::new("degrees", "maximum angle in either direction")
    .range(0.0..=180.0)
    .tried(0.0..=30.0);

/// Rotates the image about its centre by an angle drawn from *U(−degrees, degrees)*, as
/// [`RandomRotation`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomRotation.html)
/// does.
pub(super) const ROTATE: AugmentDef = AugmentDef {
    name: "rotate",
    about: "rotates the image by a random angle",
    args: &[DEGREES.info()],
    examples: &["rotate(10)", "rotate(10) scale(0.9, 1.1)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let most = args.get(DEGREES);
    Ok(Change::warp(move |warp, random| {
        warp.rotate(random.random_range(-most..=most));
    }))
}
