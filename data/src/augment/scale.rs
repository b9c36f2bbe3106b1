use rand::Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change, ascending};

const FROM: Arg<f64> = Arg::new("from", "minimum factor")
    .range(0.1..=10.0)
    .tried(0.5..=1.0);
const TO: Arg<f64> = Arg::new("to", "maximum factor")
    .range(0.1..=10.0)
    .tried(1.0..=1.5);

/// Scales the image about its centre by a factor drawn from *U(from, to)*, the same for rows and
/// columns.
///
/// This is `scale` of
/// [`RandomAffine`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAffine.html).
pub(super) const SCALE: AugmentDef = AugmentDef {
    name: "scale",
    about: "scales the image by a random factor",
    args: &[FROM.info(), TO.info()],
    examples: &["scale(0.9, 1.1)", "rotate(10) scale(0.9, 1.1) erase"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let (from, to) = (args.get(FROM), args.get(TO));
    ascending("`scale`", [from, to])?;
    Ok(Change::warp(move |warp, random| {
        let factor = random.random_range(from..=to);
        warp.linear([[factor, 0.0], [0.0, factor]]);
    }))
}
