use ndarray::{ArrayViewMut2, ArrayViewMut3, Axis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change, ascending, warp::between};

const SCALE: Arg<[f64; 2]> = Arg::new("scale", "minimum and maximum fraction of the image area")
    .default([0.08, 1.0])
    .range(0.0001..=1.0);
const RATIO: Arg<[f64; 2]> = Arg::new("ratio", "minimum and maximum ratio of width to height")
    .default([0.75, 4.0 / 3.0])
    .range(0.01..=100.0);

/// Crops a random rectangle, and resizes it to the size of the image.
///
/// The fraction of the image area is drawn from *U(scale)*, the ratio of width to height from *exp
/// U(ln ratio)*, and the position uniformly. A rectangle that doesn't fit is drawn again, up to 10
/// times in total; then it is the largest one in the centre whose ratio is allowed.
///
/// Resizing is bilinear, without pixels from outside of the rectangle. It is done after all other
/// geometric changes, wherever it is in the chain.
///
/// This is
/// [`RandomResizedCrop`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomResizedCrop.html),
/// which has the same defaults.
pub(super) const RESIZED_CROP: AugmentDef = AugmentDef {
    name: "resized_crop",
    aliases: &["random_resized_crop"],
    about: "crops a random rectangle, and resizes it to the size of the image",
    args: &[SCALE.info(), RATIO.info()],
    examples: &["resized_crop", "resized_crop(scale=(0.5, 1)) hflip"],
    build,
};

const TRIES: usize = 10;

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let (scale, ratio) = (args.get(SCALE), args.get(RATIO));
    ascending("`scale` of `resized_crop`", scale)?;
    ascending("`ratio` of `resized_crop`", ratio)?;
    Ok(Change::pixels(move |image, random| {
        let (_, rows, cols) = image.dim();
        resize(image, &rectangle([rows, cols], scale, ratio, random));
    }))
}

/// A rectangle of pixels.
pub(super) struct Rectangle {
    pub top: usize,
    pub left: usize,
    pub height: usize,
    pub width: usize,
}

fn rectangle(
    [rows, cols]: [usize; 2],
    scale: [f64; 2],
    ratio: [f64; 2],
    random: &mut ChaCha8Rng,
) -> Rectangle {
    for _ in 0..TRIES {
        let area = (rows * cols) as f64 * random.random_range(scale[0]..=scale[1]);
        let ratio = random.random_range(ratio[0].ln()..=ratio[1].ln()).exp();
        let width = (area * ratio).sqrt().round_ties_even() as usize;
        let height = (area / ratio).sqrt().round_ties_even() as usize;
        if (1..=rows).contains(&height) && (1..=cols).contains(&width) {
            return Rectangle {
                top: random.random_range(0..=rows - height),
                left: random.random_range(0..=cols - width),
                height,
                width,
            };
        }
    }
    central([rows, cols], ratio)
}

/// Returns the largest rectangle in the centre whose ratio of width to height is allowed.
pub(super) fn central([rows, cols]: [usize; 2], ratio: [f64; 2]) -> Rectangle {
    let (high, wide) = (rows as f64, cols as f64);
    let side = |side: f64| (side.round_ties_even() as usize).max(1);
    let (height, width) = match wide / high {
        found if found < ratio[0] => (side(wide / ratio[0]), cols),
        found if found > ratio[1] => (rows, side(high * ratio[1])),
        _ => (rows, cols),
    };
    Rectangle {
        top: (rows - height) / 2,
        left: (cols - width) / 2,
        height,
        width,
    }
}

/// Enlarges a rectangle of the image to the whole image.
pub(super) fn resize(mut image: ArrayViewMut3<'_, f32>, from: &Rectangle) {
    let (_, rows, cols) = image.dim();
    let across = positions(from.left, from.width, cols);
    let down = positions(from.top, from.height, rows);
    for plane in image.axis_iter_mut(Axis(0)) {
        enlarge(plane, &down, &across);
    }
}

fn enlarge(mut plane: ArrayViewMut2<'_, f32>, down: &[Position], across: &[Position]) {
    let old = plane.to_owned();
    for ((row, col), out) in plane.indexed_iter_mut() {
        let (y, x) = (&down[row], &across[col]);
        let read = |row: usize| between(old[[row, x.first]], old[[row, x.second]], x.share);
        *out = between(read(y.first), read(y.second), y.share);
    }
}

/// Where a pixel is read along one axis: between two pixels.
struct Position {
    first: usize,
    second: usize,
    /// The share of the second one.
    share: f32,
}

/// Returns the position of each of `to` pixels in the `size` pixels after `start`. The centres of
/// pixels are at halves, and positions beyond the outer centres are on them.
fn positions(start: usize, size: usize, to: usize) -> Vec<Position> {
    let position = |i: usize| {
        let place = (i as f64 + 0.5) * size as f64 / to as f64 - 0.5;
        let place = place.clamp(0.0, (size - 1) as f64);
        let first = place as usize;
        Position {
            first: start + first,
            second: start + (first + 1).min(size - 1),
            share: (place - first as f64) as f32,
        }
    };
    (0..to).map(position).collect()
}
