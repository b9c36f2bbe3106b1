//! Pictures like photos of a digit on paper, made by rule.
//!
//! Each has uneven light, a texture of the paper, noise, and a digit at a random place: either one
//! of a dataset, enlarged, or one drawn by a pen.

use std::f64::consts::TAU;

use image::{
    GrayImage,
    imageops::{self, FilterType},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tapeline_data::{Dataset, Images};

/// A picture and the digit in it.
pub struct Photo {
    /// A single image of one channel, with 500 to 2000 columns.
    pub image: Images,
    /// The digit, from 0 to 9.
    pub digit: usize,
}

/// Makes photo number `n`: one of the digits of the dataset in two of three photos, and one drawn by
/// a pen in the others.
pub fn photo(digits: &Dataset, n: u64) -> Photo {
    let mut random = ChaCha8Rng::seed_from_u64(n);
    let cols = random.random_range(500..=2000usize);
    let rows = (cols as f64 * random.random_range(0.6..1.2)) as usize;
    let height = rows.min(cols) as f64 * random.random_range(0.15..0.6);
    let (ink, digit) = match n % 3 {
        2 => drawn(height, n as usize / 3 % 10, &mut random),
        _ => enlarged(digits, height, &mut random),
    };
    let image = on_paper(&ink, [rows, cols], &mut random);
    Photo { image, digit }
}

/// Makes a photo of paper without a digit, or, with `digits`, of several digits next to each other.
pub fn odd_photo(digits: &[usize], n: u64) -> Images {
    let mut random = ChaCha8Rng::seed_from_u64(n);
    let inks: Vec<_> = digits
        .iter()
        .map(|&digit| drawn(150.0, digit, &mut random).0)
        .collect();
    let wide: usize = inks.iter().map(|ink| ink.cols + 60).sum();
    let mut all = Ink::new(200, wide);
    let mut left = 0;
    for ink in &inks {
        for (row, line) in ink.shares.chunks(ink.cols).enumerate().take(200) {
            all.shares[row * wide + left..][..ink.cols].copy_from_slice(line);
        }
        left += ink.cols + 60;
    }
    on_paper(&all, [600, 1000], &mut random)
}

/// Shares of ink, from 0 to 1.
struct Ink {
    cols: usize,
    shares: Vec<f64>,
}

impl Ink {
    fn new(rows: usize, cols: usize) -> Self {
        Ink {
            cols,
            shares: vec![0.0; rows * cols],
        }
    }
}

/// Enlarges one of the images to a height of its digit, with smooth outlines.
fn enlarged(digits: &Dataset, height: f64, random: &mut ChaCha8Rng) -> (Ink, usize) {
    let i = random.random_range(0..digits.len());
    let (rows, cols) = (digits.images.rows() as u32, digits.images.cols() as u32);
    let image = GrayImage::from_raw(cols, rows, digits.images.pixels(i).to_vec());
    let image = image.expect("an image of one channel");
    let scale = height / 20.0;
    let [width, height] = [cols, rows].map(|side| (f64::from(side) * scale) as u32);
    let large = imageops::resize(&image, width, height, FilterType::CatmullRom);
    let share = |pixel: u8| ((f64::from(pixel) / 255.0 - 0.35) / 0.2).clamp(0.0, 1.0);
    let ink = Ink {
        cols: width as usize,
        shares: large.into_raw().into_iter().map(share).collect(),
    };
    (ink, digits.labels[i].into())
}

type Line = Vec<[f64; 2]>;

/// Draws a digit with a round pen.
fn drawn(height: f64, digit: usize, random: &mut ChaCha8Rng) -> (Ink, usize) {
    let (slant, aspect) = (
        random.random_range(-0.2..0.2),
        random.random_range(0.6..0.95),
    );
    let turn: f64 = random.random_range(-0.12..0.12);
    let pen = height * random.random_range(0.04..0.11);
    let place = |[x, y]: [f64; 2]| {
        let (x, y) = ((x - 0.5) * aspect + slant * (0.5 - y), y - 0.5);
        let (sin, cos) = turn.sin_cos();
        [x * cos - y * sin, x * sin + y * cos].map(|at| (at + 0.8) * height)
    };
    let lines: Vec<Line> = strokes(digit)
        .into_iter()
        .map(|line| line.into_iter().map(place).collect())
        .collect();
    let side = (1.6 * height) as usize;
    let mut ink = Ink::new(side, side);
    for (i, share) in ink.shares.iter_mut().enumerate() {
        let at = [i % side, i / side].map(|at| at as f64 + 0.5);
        let pairs = lines.iter().flat_map(|line| line.windows(2));
        let apart = pairs.map(|pair| distance(at, pair[0], pair[1]));
        let apart = apart.fold(f64::INFINITY, f64::min);
        *share = (0.5 + (pen / 2.0 - apart) / 1.5).clamp(0.0, 1.0);
    }
    (ink, digit)
}

/// Returns the distance of a point from a line between two others.
fn distance(at: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let [x, y] = [0, 1].map(|axis| at[axis] - from[axis]);
    let [dx, dy] = [0, 1].map(|axis| to[axis] - from[axis]);
    let along = ((x * dx + y * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
    (x - along * dx).hypot(y - along * dy)
}

/// Returns the strokes of a digit in a square from 0 to 1, where y points down.
fn strokes(digit: usize) -> Vec<Line> {
    let arc = |[x, y]: [f64; 2], [wide, high]: [f64; 2], [from, to]: [f64; 2]| -> Line {
        let point = |i: i32| {
            let angle = (from + (to - from) * f64::from(i) / 24.0) / 360.0 * TAU;
            [x + wide * angle.cos(), y + high * angle.sin()]
        };
        (0..=24).map(point).collect()
    };
    let whole = [0.0, 360.0];
    match digit {
        0 => vec![arc([0.5, 0.5], [0.32, 0.48], whole)],
        1 => vec![vec![[0.35, 0.2], [0.55, 0.03], [0.55, 0.97]]],
        2 => {
            let mut line = arc([0.5, 0.28], [0.3, 0.26], [190.0, 395.0]);
            line.extend([[0.2, 0.96], [0.82, 0.94]]);
            vec![line]
        }
        3 => vec![
            arc([0.45, 0.27], [0.3, 0.25], [200.0, 450.0]),
            arc([0.45, 0.74], [0.34, 0.24], [270.0, 520.0]),
        ],
        4 => vec![
            vec![[0.6, 0.03], [0.18, 0.62], [0.85, 0.62]],
            vec![[0.64, 0.35], [0.62, 0.98]],
        ],
        5 => vec![
            vec![[0.78, 0.05], [0.3, 0.05], [0.27, 0.45]],
            arc([0.46, 0.68], [0.32, 0.28], [235.0, 510.0]),
        ],
        6 => vec![
            vec![[0.68, 0.04], [0.42, 0.28], [0.25, 0.68]],
            arc([0.5, 0.72], [0.26, 0.25], [190.0, 550.0]),
        ],
        7 => vec![vec![[0.18, 0.06], [0.82, 0.06], [0.42, 0.97]]],
        8 => vec![
            arc([0.5, 0.26], [0.24, 0.22], whole),
            arc([0.5, 0.73], [0.3, 0.25], whole),
        ],
        _ => vec![
            arc([0.48, 0.3], [0.27, 0.26], whole),
            vec![[0.75, 0.3], [0.72, 0.6], [0.6, 0.97]],
        ],
    }
}

/// Puts ink on paper at a random place, and takes a photo: dark ink on light paper in four of five
/// photos, else light on dark.
fn on_paper(ink: &Ink, [rows, cols]: [usize; 2], random: &mut ChaCha8Rng) -> Images {
    let ink_rows = ink.shares.len() / ink.cols.max(1);
    let top = random.random_range(0..=rows.saturating_sub(ink_rows));
    let left = random.random_range(0..=cols.saturating_sub(ink.cols));
    let is_light = random.random_bool(0.2);
    let (paper, mark) = match is_light {
        true => (
            random.random_range(0.1..0.3),
            random.random_range(0.7..0.95),
        ),
        false => (
            random.random_range(0.65..0.95),
            random.random_range(0.05..0.45),
        ),
    };
    // The light falls off to one side and from a centre.
    let angle: f64 = random.random_range(0.0..TAU);
    let (fall, round) = (
        random.random_range(0.05..0.3),
        random.random_range(0.0..0.2),
    );
    let centre: [f64; 2] = [0, 1].map(|_| random.random_range(-0.5..0.5));
    let light = |x: f64, y: f64| {
        let [from_x, from_y] = [x - centre[0], y - centre[1]];
        1.0 - fall * (1.0 + x * angle.cos() + y * angle.sin()) / 2.0
            - round * (from_x * from_x + from_y * from_y) / 2.0
    };
    // Fibres of the paper: noise on a coarse lattice, interpolated.
    let mesh = random.random_range(6..40usize);
    let lattice: Vec<f64> = (0..(rows / mesh + 2) * (cols / mesh + 2))
        .map(|_| random.random_range(-0.02..0.02))
        .collect();
    let texture = |row: usize, col: usize| {
        let wide = cols / mesh + 2;
        let at = row / mesh * wide + col / mesh;
        let [down, right] = [row, col].map(|at| (at % mesh) as f64 / mesh as f64);
        let upper = lattice[at] * (1.0 - right) + lattice[at + 1] * right;
        let lower = lattice[at + wide] * (1.0 - right) + lattice[at + wide + 1] * right;
        upper * (1.0 - down) + lower * down
    };
    let noise = random.random_range(0.0..0.05);
    let mut pixels = Vec::with_capacity(rows * cols);
    for row in 0..rows {
        for col in 0..cols {
            let is_inside =
                (top..top + ink_rows).contains(&row) && (left..left + ink.cols).contains(&col);
            let share = match is_inside {
                true => ink.shares[(row - top) * ink.cols + col - left],
                false => 0.0,
            };
            let [x, y] =
                [(col, cols), (row, rows)].map(|(at, size)| 2.0 * at as f64 / size as f64 - 1.0);
            let shade = (paper + texture(row, col)) * (1.0 - share) + mark * share;
            let shaken = shade * light(x, y) + random.random_range(-noise..=noise);
            pixels.push((255.0 * shaken).round().clamp(0.0, 255.0) as u8);
        }
    }
    Images::new(pixels, [1, 1, rows, cols])
}
