//! Geometric transforms of images.

use std::iter::repeat;

/// A geometric transform, composed of any number of changes and applied with a single resampling.
///
/// Coordinates *(x, y)* are in pixels relative to the image's centre, with *x* to the right and *y*
/// down. The pixel of the new image at *q* is read at *A·q + b + d(q)*: an affine map and a
/// displacement for each pixel. Each method adds a change after the existing ones. A displacement
/// keeps its position in the new image when an affine change follows it.
///
/// ```
/// use tapeline_data::Warp;
///
/// let mut warp = Warp::new([3, 3]);
/// warp.rotate(90.0);
/// warp.shift(0.0, 1.0);
/// let mut out = [0.0; 9];
/// warp.resample(&[1, 2, 3, 4, 5, 6, 7, 8, 9], &mut out);
/// assert_eq!(out, [0.0, 0.0, 0.0, 3.0, 6.0, 9.0, 2.0, 5.0, 8.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Warp {
    /// Rows and columns.
    size: [usize; 2],
    /// *A*
    matrix: [[f64; 2]; 2],
    /// *b*
    offset: [f64; 2],
    /// *d* for each pixel in row-major order; empty if there is no displacement.
    field: Vec<[f32; 2]>,
}

impl Warp {
    /// Creates the identity transform for images of `[rows, columns]`.
    pub fn new(size: [usize; 2]) -> Self {
        Warp {
            size,
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            offset: [0.0; 2],
            field: Vec::new(),
        }
    }

    /// Returns the size of the images: `[rows, columns]`.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Shifts the image by `x` pixels to the right and `y` down.
    pub fn shift(&mut self, x: f64, y: f64) {
        let moved = product(self.matrix, [x, y]);
        self.offset = [self.offset[0] - moved[0], self.offset[1] - moved[1]];
    }

    /// Rotates the image counter-clockwise about its centre.
    pub fn rotate(&mut self, degrees: f64) {
        let (sin, cos) = degrees.to_radians().sin_cos();
        self.linear([[cos, sin], [-sin, cos]]);
    }

    /// Applies the linear map *M*, which moves *p* to *M·p*.
    ///
    /// # Panics
    /// Panics if *M* is singular.
    #[track_caller]
    pub fn linear(&mut self, [[a, b], [c, d]]: [[f64; 2]; 2]) {
        let det = a * d - b * c;
        assert!(
            det.is_normal(),
            "Warp::linear: {:?} has no inverse",
            [[a, b], [c, d]]
        );
        // The rows of A·M⁻¹.
        self.matrix = self
            .matrix
            .map(|[x, y]| [(x * d - y * c) / det, (y * a - x * b) / det]);
    }

    /// Displaces the position at which each pixel is read.
    ///
    /// `field` has an offset *(x, y)* for each pixel, in row-major order.
    ///
    /// # Panics
    /// Panics if the field has another size than the image.
    #[track_caller]
    pub fn displace(&mut self, field: &[[f32; 2]]) {
        let [rows, cols] = self.size;
        assert_eq!(
            field.len(),
            rows * cols,
            "Warp::displace: size of the field for {rows}x{cols} pixels"
        );
        self.field.resize(field.len(), [0.0; 2]);
        let [[a, b], [c, d]] = self.matrix.map(|row| row.map(|x| x as f32));
        for (sum, &[x, y]) in self.field.iter_mut().zip(field) {
            *sum = [sum[0] + a * x + b * y, sum[1] + c * x + d * y];
        }
    }

    /// Writes the transformed image into `out`; each channel is a plane of `size`.
    ///
    /// Uses bilinear interpolation, and black (0) outside the image. Pixels read at integer
    /// positions are exact.
    ///
    /// # Panics
    /// Panics if `image` and `out` differ in size, or aren't a whole number of planes.
    #[track_caller]
    pub fn resample(&self, image: &[u8], out: &mut [f32]) {
        let [rows, cols] = self.size;
        let area = rows * cols;
        assert!(
            image.len() == out.len() && image.len().is_multiple_of(area),
            "Warp::resample: {} pixels from {} for planes of {rows}x{cols}",
            out.len(),
            image.len()
        );
        if image.is_empty() {
            return;
        }
        let mut padded = vec![0.0; (rows + 3) * (cols + 3)];
        for (plane, out) in image.chunks_exact(area).zip(out.chunks_exact_mut(area)) {
            let inner = padded.chunks_exact_mut(cols + 3).skip(1);
            for (padded, row) in inner.zip(plane.chunks_exact(cols)) {
                for (padded, &pixel) in padded[1..].iter_mut().zip(row) {
                    *padded = f32::from(pixel);
                }
            }
            self.read(&padded, out);
        }
    }

    /// Reads a plane padded with one black row above, one black column on the left, and two on the
    /// other sides. The padding contains the four neighbours of any position up to one pixel
    /// outside the image; positions further away are clamped to that distance, where all pixels are
    /// black.
    fn read(&self, padded: &[f32], out: &mut [f32]) {
        let [rows, cols] = self.size;
        let width = cols + 3;
        let centre = |size: usize| (size as f64 - 1.0) / 2.0;
        let [[a, b], [c, d]] = self.matrix.map(|row| row.map(|x| x as f32));
        let left = (self.offset[0] + centre(cols) + 1.0) as f32;
        let top = (self.offset[1] + centre(rows) + 1.0) as f32;
        let (last_x, last_y) = ((cols + 1) as f32, (rows + 1) as f32);
        for (row, out) in out.chunks_exact_mut(cols).enumerate() {
            let y = row as f32 - centre(rows) as f32;
            let (left, top) = (b * y + left, d * y + top);
            let field = self.field.get(row * cols..).unwrap_or_default();
            let field = field.iter().chain(repeat(&[0.0; 2]));
            for ((col, out), [dx, dy]) in out.iter_mut().enumerate().zip(field) {
                let x = col as f32 - centre(cols) as f32;
                let place_x = (a * x + left + dx).clamp(0.0, last_x);
                let place_y = (c * x + top + dy).clamp(0.0, last_y);
                let (i, j) = (place_y as usize, place_x as usize);
                let (down, right) = (place_y - i as f32, place_x - j as f32);
                let upper = &padded[i * width + j..][..2];
                let lower = &padded[(i + 1) * width + j..][..2];
                let upper = between(upper[0], upper[1], right);
                let lower = between(lower[0], lower[1], right);
                *out = between(upper, lower, down);
            }
        }
    }
}

/// Interpolates linearly from `a` to `b`. Between byte values, the result never exceeds the ends,
/// and is exact at both.
pub(super) fn between(a: f32, b: f32, share: f32) -> f32 {
    a + share * (b - a)
}

fn product([[a, b], [c, d]]: [[f64; 2]; 2], [x, y]: [f64; 2]) -> [f64; 2] {
    [a * x + b * y, c * x + d * y]
}
