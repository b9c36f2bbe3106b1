//! Where the pixels of a changed image are read.

use std::iter::repeat;

/// A change of place, put together from any number of them, by which an image is resampled once.
///
/// Places *(x, y)* count in pixels from the image's centre, *x* to the right, *y* down. The new image's pixel at *q* is read at
/// *A·q + b + d(q)*: an affine map and a displacement of each pixel. Each method adds a change that comes after those that are there.
/// A displacement stays with the new image's pixels when an affine change follows it.
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
    /// *d*, pixel after pixel; empty while nothing is displaced.
    field: Vec<[f32; 2]>,
}

impl Warp {
    /// Leaves images of `[rows, columns]` as they are.
    pub fn new(size: [usize; 2]) -> Self {
        Warp {
            size,
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            offset: [0.0; 2],
            field: Vec::new(),
        }
    }

    /// `[rows, columns]`.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Moves the image by so many pixels to the right and down.
    pub fn shift(&mut self, x: f64, y: f64) {
        let moved = product(self.matrix, [x, y]);
        self.offset = [self.offset[0] - moved[0], self.offset[1] - moved[1]];
    }

    /// Turns the image about its centre, counter-clockwise.
    pub fn rotate(&mut self, degrees: f64) {
        let (sin, cos) = degrees.to_radians().sin_cos();
        self.linear([[cos, sin], [-sin, cos]]);
    }

    /// Moves what is at *p* to *M·p*.
    ///
    /// # Panics
    /// When *M* has no inverse.
    #[track_caller]
    pub fn linear(&mut self, [[a, b], [c, d]]: [[f64; 2]; 2]) {
        let det = a * d - b * c;
        assert!(
            det.is_normal(),
            "Warp::linear: {:?} has no inverse",
            [[a, b], [c, d]]
        );
        // Rows of A·M⁻¹.
        self.matrix = self
            .matrix
            .map(|[x, y]| [(x * d - y * c) / det, (y * a - x * b) / det]);
    }

    /// Reads each pixel at a place beside its own: `field` has *(x, y)* of the way there, row after row.
    ///
    /// # Panics
    /// When the field has another size than the image.
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

    /// Writes an image, changed, into `out`; each of its channels is a plane of `size`. Between pixels it is bilinear, outside the image
    /// black, 0; where all places are whole, pixels come out as they are.
    ///
    /// # Panics
    /// When `image` and `out` differ in size, or are no whole number of planes.
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

    /// Reads a plane that has one black row above, one column to the left, and two on the other sides: then the four pixels around any
    /// place up to one beyond the image are there, and farther places may as well be one beyond.
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

/// From `a` to `b`, never beyond them for bytes and what is between bytes; exact at both ends.
fn between(a: f32, b: f32, share: f32) -> f32 {
    a + share * (b - a)
}

fn product([[a, b], [c, d]]: [[f64; 2]; 2], [x, y]: [f64; 2]) -> [f64; 2] {
    [a * x + b * y, c * x + d * y]
}
