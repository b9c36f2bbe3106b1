//! What is ink, and how strong.

use ndarray::{Array2, ArrayView2, Zip};

use super::{ground::Ground, quantile};

/// The strength of ink, in standard deviations of the paper and in levels of brightness, that is
/// never reached by paper alone.
const CLEAR: (f64, f64) = (5.0, 12.0);

/// Shares of the strength of the ink at which a pixel begins to be ink, and is wholly ink.
const EDGE: [f32; 2] = [0.3, 0.7];

/// Pictures with a longer side than this are blurred against noise.
const BLURRED: usize = 100;

/// The ink in a picture.
pub(super) struct Ink {
    /// Whether the ink is lighter than the ground.
    is_light: bool,
    /// The strength at each pixel.
    strengths: Array2<f32>,
    /// The strength of the ink.
    full: f32,
}

impl Ink {
    /// Returns the ink in a picture, or `None` if there isn't any.
    pub fn of(picture: ArrayView2<'_, f32>, ground: &Ground) -> Option<Self> {
        let mut ink = Ink {
            is_light: is_light(picture, ground),
            strengths: Array2::zeros(picture.dim()),
            full: 0.0,
        };
        let picture = denoised(picture);
        ink.strengths = Array2::from_shape_fn(picture.dim(), |(row, col)| {
            ink.strength(picture[[row, col]], ground.at([row as f64, col as f64]))
        });
        // Paper is as uneven where the ink has little room as elsewhere, so this is in levels.
        let floor = (CLEAR.0 * ground.deviation).max(CLEAR.1);
        let is_clear = |(at, strength): (_, &f32)| {
            let (row, col): (usize, usize) = at;
            let room = ink.room(ground.at([row as f64, col as f64]));
            f64::from(*strength) * room > 255.0 * floor
        };
        let clear = ink
            .strengths
            .indexed_iter()
            .filter(|pixel| is_clear(*pixel));
        let mut clear: Vec<f32> = clear.map(|(_, strength)| *strength).collect();
        if clear.is_empty() {
            return None;
        }
        ink.full = quantile(&mut clear, 0.8);
        Some(ink)
    }

    /// Returns the strength of a pixel: its distance from the brightness of the ground, as a share
    /// of the largest one possible there, from 0 to 255. Light that varies over the picture cancels
    /// out.
    pub fn strength(&self, pixel: f32, ground: f64) -> f32 {
        let apart = match self.is_light {
            true => f64::from(pixel) - ground,
            false => ground - f64::from(pixel),
        };
        (255.0 * apart / self.room(ground)).clamp(0.0, 255.0) as f32
    }

    /// Returns the largest possible distance of ink from the brightness of the ground.
    fn room(&self, ground: f64) -> f64 {
        let room = match self.is_light {
            true => 255.0 - ground,
            false => ground,
        };
        room.max(1.0)
    }

    /// Returns which pixels are ink.
    pub fn mask(&self) -> Array2<bool> {
        self.strengths.mapv(|strength| strength > 0.5 * self.full)
    }

    /// Converts strengths to shares of ink, from 0 to 1.
    pub fn share(&self, strengths: Array2<f32>) -> Array2<f32> {
        let [from, to] = EDGE.map(|share| share * self.full);
        let share = |strength: f32| ((strength - from) / (to - from)).clamp(0.0, 1.0);
        denoised(strengths.view()).mapv(share)
    }
}

/// Returns whether more of the picture stands out from the ground as light than as dark.
fn is_light(picture: ArrayView2<'_, f32>, ground: &Ground) -> bool {
    let margin = 3.0 * ground.deviation;
    let (mut light, mut dark) = (0.0, 0.0);
    for ((row, col), &pixel) in picture.indexed_iter() {
        let apart = f64::from(pixel) - ground.at([row as f64, col as f64]);
        light += (apart - margin).max(0.0);
        dark += (-apart - margin).max(0.0);
    }
    light > dark
}

/// Returns the means of squares of 3 by 3 pixels, or the picture itself if it is small.
fn denoised(picture: ArrayView2<'_, f32>) -> Array2<f32> {
    let (rows, cols) = picture.dim();
    if rows.max(cols) < BLURRED {
        return picture.to_owned();
    }
    let mut out = Array2::zeros(picture.dim());
    let mut weights = Array2::<f32>::zeros(picture.dim());
    for down in -1..=1isize {
        for right in -1..=1isize {
            let part = |by: isize, size: usize| {
                let from = by.max(0) as usize;
                from..(size as isize + by.min(0)) as usize
            };
            let [to, from] = [1, -1].map(|sign| {
                let (rows, cols) = (part(sign * down, rows), part(sign * right, cols));
                ndarray::s![rows, cols]
            });
            Zip::from(out.slice_mut(to))
                .and(weights.slice_mut(to))
                .and(picture.slice(from))
                .for_each(|out, weight, pixel| {
                    *out += pixel;
                    *weight += 1.0;
                });
        }
    }
    out / weights
}
