use rand::Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change};

const PIXELS: Arg<usize> = Arg::new("pixels", "maximum shift in either direction")
    .range(0..=4096)
    .tried(0..=3);

/// Shifts the image by *x* pixels to the right and *y* down, each drawn from the integers *−pixels
/// … pixels*.
///
/// Shifts are integers, as in
/// [`RandomAffine`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAffine.html),
/// so a shift alone doesn't blur the image.
pub(super) const SHIFT: AugmentDef = AugmentDef {
    name: "shift",
    aliases: &["translate"],
    about: "shifts the image by a random number of whole pixels",
    args: &[PIXELS.info()],
    examples: &["shift(2)", "shift(2) rotate(10)"],
    build,
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    Ok(shifted(args.get(PIXELS)))
}

/// Shifts by up to `most` pixels in either direction.
pub(super) fn shifted(most: usize) -> Change {
    let most = most as i32;
    Change::warp(move |warp, random| {
        let mut draw = || f64::from(random.random_range(-most..=most));
        let (x, y) = (draw(), draw());
        warp.shift(x, y);
    })
}
