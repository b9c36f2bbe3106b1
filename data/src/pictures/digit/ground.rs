//! The brightness of the paper.

use ndarray::ArrayView2;

use super::quantile;

/// Number of fits; after each one, pixels far from the surface are left out.
const ROUNDS: usize = 6;

/// Distance from the surface, in standard deviations, beyond which a pixel is left out.
const FAR: f64 = 2.5;

/// Lower bound of the standard deviation, in levels of brightness: rounding alone has 0.3.
const LEAST: f64 = 0.5;

/// Number of rows and columns of pixels that are looked at, evenly spaced.
const SAMPLES: usize = 80;

/// Number of terms: 1, x, y, x², x·y, y².
const TERMS: usize = 6;

/// A quadratic surface, fitted to the brightness of most pixels: of the paper, but not of the ink.
pub(super) struct Ground {
    terms: [f64; TERMS],
    size: [usize; 2],
    /// Standard deviation of the paper around the surface.
    pub deviation: f64,
}

impl Ground {
    pub fn of(picture: ArrayView2<'_, f32>) -> Self {
        // A fit to all pixels would lean towards the ink, and never leave it; the median doesn't.
        let mut pixels: Vec<f32> = samples(picture).map(|(_, pixel)| pixel).collect();
        let mut ground = Ground {
            terms: [0.0; TERMS],
            size: [picture.nrows(), picture.ncols()],
            deviation: 0.0,
        };
        ground.terms[0] = quantile(&mut pixels, 0.5).into();
        ground.deviation = ground.spread(picture);
        for _ in 0..ROUNDS {
            ground.terms = ground.fitted(picture);
            ground.deviation = ground.spread(picture);
        }
        ground
    }

    /// Returns the brightness of the paper at a row and a column, which may be between pixels.
    pub fn at(&self, place: [f64; 2]) -> f64 {
        let terms = self.terms.iter().zip(basis(place, self.size));
        terms.map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 255.0)
    }

    /// Returns the standard deviation of the pixels around the surface, as their median distance
    /// gives it.
    fn spread(&self, picture: ArrayView2<'_, f32>) -> f64 {
        let apart = |(at, pixel)| self.apart(at, pixel).abs() as f32;
        let mut apart: Vec<f32> = samples(picture).map(apart).collect();
        // Of a normal distribution, half of all values lie within 0.6745 standard deviations.
        (f64::from(quantile(&mut apart, 0.5)) / 0.6745).max(LEAST)
    }

    fn apart(&self, [row, col]: [usize; 2], pixel: f32) -> f64 {
        f64::from(pixel) - self.at([row as f64, col as f64])
    }

    /// Returns the least-squares fit to the pixels that are near the present surface.
    fn fitted(&self, picture: ArrayView2<'_, f32>) -> [f64; TERMS] {
        let mut matrix = [[0.0; TERMS + 1]; TERMS];
        for ([row, col], pixel) in samples(picture) {
            let is_near = self.apart([row, col], pixel).abs() <= FAR * self.deviation;
            if is_near {
                let basis = basis([row as f64, col as f64], self.size);
                for (line, factor) in matrix.iter_mut().zip(basis) {
                    line.iter_mut()
                        .zip(basis)
                        .for_each(|(sum, x)| *sum += factor * x);
                    line[TERMS] += factor * f64::from(pixel);
                }
            }
        }
        // Of a picture with a single row or column, the terms aren't independent.
        let slight = 1e-9 * matrix[0][0].max(1.0);
        (0..TERMS).for_each(|i| matrix[i][i] += slight);
        solved(matrix)
    }
}

/// Returns some pixels of a picture with their rows and columns.
fn samples(picture: ArrayView2<'_, f32>) -> impl Iterator<Item = ([usize; 2], f32)> {
    let (rows, cols) = picture.dim();
    let [down, right] = [rows, cols].map(|size| size.div_ceil(SAMPLES));
    (0..rows).step_by(down).flat_map(move |row| {
        let cols = (0..cols).step_by(right);
        cols.map(move |col| ([row, col], picture[[row, col]]))
    })
}

/// Returns the terms at a place, where both coordinates range from −1 to 1 over the picture.
fn basis([row, col]: [f64; 2], [rows, cols]: [usize; 2]) -> [f64; TERMS] {
    let scaled = |at: f64, size: usize| (2.0 * at + 1.0) / size as f64 - 1.0;
    let (x, y) = (scaled(col, cols), scaled(row, rows));
    [1.0, x, y, x * x, x * y, y * y]
}

/// Solves positive definite equations; the last column holds the right-hand side.
fn solved(mut matrix: [[f64; TERMS + 1]; TERMS]) -> [f64; TERMS] {
    for i in 0..TERMS {
        let pivot = matrix[i];
        for (_, line) in matrix.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let factor = line[i] / pivot[i];
            line.iter_mut()
                .zip(pivot)
                .for_each(|(x, p)| *x -= factor * p);
        }
    }
    std::array::from_fn(|i| matrix[i][TERMS] / matrix[i][i])
}
