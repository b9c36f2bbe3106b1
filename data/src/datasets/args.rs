//! Arguments and words that several datasets have.

use tapeline_spec::{Arg, Args};

use crate::{Holdout, layout::Layout};

/// The part of the images that is split off where there are no test data.
pub(super) const TEST: Arg<f64> = Arg::new(
    "test",
    "part of the images that becomes test data if there are none",
)
.default(0.2)
.above(0.0)
.below(1.0)
.keyword_only();

/// The seed of this split, which is not a setting of a training run: all runs share their test data.
pub(super) const SEED: Arg<usize> = Arg::new("seed", "seed of this split")
    .default(0)
    .keyword_only();

/// The order of the sizes of an image.
pub(super) const LAYOUT: Arg<&str> = Arg::new("layout", "order of the sizes of an image")
    .choices(&["auto", "chw", "hwc"])
    .default("auto")
    .keyword_only();

/// Returns how test data are split off.
pub(super) fn holdout(args: &Args) -> (Holdout, u64) {
    (Holdout::Fraction(args.get(TEST)), args.get(SEED) as u64)
}

/// Returns the order that the arguments choose; `None` for `auto`.
pub(super) fn layout(args: &Args) -> Option<Layout> {
    match args.get(LAYOUT) {
        "chw" => Some(Layout::Chw),
        "hwc" => Some(Layout::Hwc),
        _ => None,
    }
}

/// The names of training, validation and test data in folders and tables.
#[cfg(feature = "pictures")]
const PARTS: [&[&str]; 3] = [
    &["train", "training"],
    &["val", "valid", "validation"],
    &["test", "testing"],
];

/// Returns the part with this name: 0, 1 or 2 for training, validation or test data.
#[cfg(feature = "pictures")]
pub(super) fn part_named(name: &str) -> Option<usize> {
    PARTS.iter().position(|names| names.contains(&name))
}
