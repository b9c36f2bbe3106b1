use rand::Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change};

const DEGREES: Arg<f64> = Arg::new("degrees", "maximum angle in either direction")
    .range(0.0..=80.0)
    .tried(0.0..=30.0);

/// Shears the image by an angle *φ* drawn from *U(−degrees, degrees)*: *(x, y)* moves to *(x +
/// y·tan φ, y)*.
///
/// This is `shear` of
/// [`RandomAffine`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAffine.html)
/// with one number.
pub(super) const SHEAR: AugmentDef = AugmentDef {
    name: "shear",
    about: "shears the image horizontally by a random angle",
    args: &[DEGREES.info()],
    examples: &["shear(10)", "shear(10) shift(2)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let most = args.get(DEGREES);
    Ok(Change::warp(move |warp, random| {
        let degrees: f64 = random.random_range(-most..=most);
        warp.linear([[1.0, degrees.to_radians().tan()], [0.0, 1.0]]);
    }))
}
