//! Pictures of a digit, prepared as the images of MNIST were.
//!
//! The digits of MNIST were written on paper, scanned as black and white, scaled into a box of 20 by
//! 20 pixels, and centred by mass in 28 by 28. A photo of a digit has uneven light, noise, and the
//! digit anywhere. Four steps lead from the one to the other, one file each:
//!
//! 1. [`ground`]: the brightness of the paper is estimated, a smooth surface;
//! 2. [`ink`]: what differs from it is ink, darker or lighter;
//! 3. [`shapes`]: the largest connected shape is the digit;
//! 4. [`place`]: it is scaled, and centred.

mod ground;
mod ink;
mod place;
mod shapes;

use ndarray::{Array2, ArrayView2, s};

use self::{ground::Ground, ink::Ink, shapes::Shapes};
use crate::Images;

/// Pictures are searched at a reduced size, with sides up to this one.
const SEARCHED: usize = 400;

/// The digit is then read at a size with a longest side of this one at least, if the picture has it.
const READ: usize = 120;

/// An image prepared by [`digit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digit {
    /// The image, light on black; black if there is no ink in the picture.
    pub image: Images,
    /// Number of shapes in the picture that are about as large as the one in the image, and this
    /// one: 0 if there is no ink.
    pub shapes: usize,
}

/// Prepares image `i` as the images of MNIST were: light on black, in a box of 20/28 of the side,
/// centred by mass.
///
/// The picture may have light ink on dark, uneven light and noise, and the digit at any place. The
/// result has `side` rows and columns.
///
/// ```
/// use tapeline_data::{Images, digit};
///
/// // A dark stroke near a corner of grey paper.
/// let pixel = |i: usize| if (20..60).contains(&(i / 200)) && (150..158).contains(&(i % 200)) { 60 } else { 170 };
/// let picture = Images::new((0..100 * 200).map(pixel).collect(), [1, 1, 100, 200]);
/// let digit = digit(&picture, 0, 28);
/// assert_eq!((digit.image.shape(), digit.shapes), ([1, 28, 28], 1));
/// assert_eq!([digit.image.pixels(0)[0], digit.image.pixels(0)[14 * 28 + 14]], [0, 255]);
/// ```
///
/// # Panics
/// Panics if the images don't have one channel, a side is 0, or `i` is out of bounds.
pub fn digit(images: &Images, i: usize, side: usize) -> Digit {
    assert!(
        images.channels() == 1 && images.area() > 0 && side > 0,
        "digit: images of {:?}",
        images.shape()
    );
    let picture = ArrayView2::from_shape([images.rows(), images.cols()], images.pixels(i))
        .expect("an image of one channel");
    let (field, shapes) = match found(picture, side) {
        Some((field, shapes)) => (field, shapes),
        None => (Array2::zeros([side, side]), 0),
    };
    let pixels = field.iter().map(|&x| (x * 255.0).round() as u8).collect();
    Digit {
        image: Images::new(pixels, [1, 1, side, side]),
        shapes,
    }
}

/// Returns the digit, with values from 0 to 1, and the number of shapes like it; `None` if there is
/// no ink.
fn found(picture: ArrayView2<'_, u8>, side: usize) -> Option<(Array2<f32>, usize)> {
    let (rows, cols) = picture.dim();
    let step = rows.max(cols).div_ceil(SEARCHED);
    let small = reduced(picture, step);
    let ground = Ground::of(small.view());
    let ink = Ink::of(small.view(), &ground)?;
    let shapes = Shapes::of(ink.mask())?;

    // The digit is read again from the picture itself, at a finer size.
    let [from, to] = shapes.bounds();
    let [from, to] = [from.map(|at| at * step), [to[0] * step, to[1] * step]];
    let to = [to[0].min(rows), to[1].min(cols)];
    let longest = (to[0] - from[0]).max(to[1] - from[1]);
    let fine = (longest / READ).clamp(1, step);
    let part = reduced(picture.slice(s![from[0]..to[0], from[1]..to[1]]), fine);
    let place = |at: usize, axis: usize| {
        let full = from[axis] as f64 + (at as f64 + 0.5) * fine as f64;
        full / step as f64 - 0.5
    };
    let strength = Array2::from_shape_fn(part.dim(), |(row, col)| {
        let at = [place(row, 0), place(col, 1)];
        match shapes.holds(at) {
            true => ink.strength(part[[row, col]], ground.at(at)),
            false => 0.0,
        }
    });
    let field = place::placed(&ink.share(strength), side)?;
    Some((field, shapes.count()))
}

/// Returns the means of squares of `step` by `step` pixels; those at the end may be smaller.
fn reduced(picture: ArrayView2<'_, u8>, step: usize) -> Array2<f32> {
    let (rows, cols) = picture.dim();
    Array2::from_shape_fn([rows.div_ceil(step), cols.div_ceil(step)], |(row, col)| {
        let [top, left] = [row * step, col * step];
        let square = picture.slice(s![top..rows.min(top + step), left..cols.min(left + step)]);
        let sum: u32 = square.iter().map(|&pixel| u32::from(pixel)).sum();
        sum as f32 / square.len() as f32
    })
}

/// Returns the value below which a share of the values lies. The values are reordered.
fn quantile(values: &mut [f32], share: f64) -> f32 {
    let at = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}
