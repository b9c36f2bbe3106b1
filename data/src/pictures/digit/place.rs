//! Scaling and centring of a digit, and the width of its strokes.

use ndarray::{Array2, ArrayView2, s};

/// The side of the box of a digit in MNIST, and that of an image.
const BOX: [usize; 2] = [20, 28];

/// Widths of strokes in a box of 20 pixels. Those of most digits in MNIST are within; thinner and
/// wider ones are changed.
const WIDTHS: [f64; 2] = [1.7, 3.6];

/// Returns the digit in a square image, centred by mass; `None` if there is no ink.
pub(super) fn placed(ink: &Array2<f32>, side: usize) -> Option<Array2<f32>> {
    let inner = (side * BOX[0] / BOX[1]).max(1);
    let ink = with_usual_width(tight(ink)?);
    let ink = tight(&ink)?;
    let longest = ink.nrows().max(ink.ncols());
    let [rows, cols] = [ink.nrows(), ink.ncols()]
        .map(|size| ((size * inner) as f64 / longest as f64).round().max(1.0) as usize);
    let mut small = scaled(ink.view(), [rows, cols]);
    let most = small.fold(0.0f32, |most, &x| most.max(x));
    small.mapv_inplace(|x| x / most);

    let [top, left] = corner(small.view(), side);
    let mut field = Array2::zeros([side, side]);
    field
        .slice_mut(s![top..top + rows, left..left + cols])
        .assign(&small);
    Some(field)
}

/// Returns the part that has ink; `None` if there isn't any.
fn tight(ink: &Array2<f32>) -> Option<Array2<f32>> {
    let inked = || ink.indexed_iter().filter(|(_, x)| **x > 0.5);
    let rows = inked().map(|((row, _), _)| row);
    let cols = inked().map(|((_, col), _)| col);
    let rows = rows.clone().min()?..rows.max()? + 1;
    let cols = cols.clone().min()?..cols.max()? + 1;
    Some(ink.slice(s![rows, cols]).to_owned())
}

/// Widens strokes that are too thin for the digit's size, as those of a fine pen are, and narrows
/// those that are too wide.
fn with_usual_width(ink: Array2<f32>) -> Array2<f32> {
    let longest = ink.nrows().max(ink.ncols()) as f64;
    let unit = longest / BOX[0] as f64;
    let width = stroke_width(&ink) / unit;
    let change = width.clamp(WIDTHS[0], WIDTHS[1]) - width;
    let radius = (change * unit / 2.0).abs();
    if radius < 0.5 {
        return ink;
    }
    let margin = radius.ceil() as usize;
    let (rows, cols) = ink.dim();
    let mut wide = Array2::zeros([rows + 2 * margin, cols + 2 * margin]);
    wide.slice_mut(s![margin..margin + rows, margin..margin + cols])
        .assign(&ink);
    match change > 0.0 {
        true => widened(&wide, radius),
        false => 1.0 - widened(&(1.0 - wide), radius),
    }
}

/// Returns the mean width of strokes in pixels: twice the area, divided by the length of the outline.
fn stroke_width(ink: &Array2<f32>) -> f64 {
    let is_ink = |row: usize, col: usize| ink.get([row, col]).is_some_and(|x| *x > 0.5);
    let (mut area, mut edges) = (0, 0);
    for row in 0..=ink.nrows() {
        for col in 0..=ink.ncols() {
            let here = is_ink(row, col);
            area += usize::from(here);
            edges += usize::from(here != (row > 0 && is_ink(row - 1, col)));
            edges += usize::from(here != (col > 0 && is_ink(row, col - 1)));
        }
    }
    // Sides of pixels along a line of a random direction are 4/π times as long as the line.
    2.0 * area as f64 / (edges.max(1) as f64 * std::f64::consts::FRAC_PI_4)
}

/// Returns the maximum in a disc around each pixel.
fn widened(ink: &Array2<f32>, radius: f64) -> Array2<f32> {
    let radius = radius.max(1.0);
    let reach = radius as isize;
    let (rows, cols) = (ink.nrows() as isize, ink.ncols() as isize);
    let disc: Vec<[isize; 2]> = (-reach..=reach)
        .flat_map(|down| (-reach..=reach).map(move |right| [down, right]))
        .filter(|[down, right]| ((down * down + right * right) as f64).sqrt() <= radius)
        .collect();
    Array2::from_shape_fn(ink.dim(), |(row, col)| {
        let near = disc.iter().filter_map(|[down, right]| {
            let at = [row as isize + down, col as isize + right];
            let is_inside = (0..rows).contains(&at[0]) && (0..cols).contains(&at[1]);
            is_inside.then(|| ink[at.map(|at| at as usize)])
        });
        near.fold(0.0, f32::max)
    })
}

/// Resizes to rows and columns: the mean over the area of each pixel, or, if it is enlarged, linear
/// interpolation.
fn scaled(ink: ArrayView2<'_, f32>, [rows, cols]: [usize; 2]) -> Array2<f32> {
    let across = weights(ink.ncols(), cols);
    let down = weights(ink.nrows(), rows);
    down.dot(&ink).dot(&across.t())
}

/// Returns the weight of each of `old` pixels in each of `new` ones, `[new, old]`: a triangle of the
/// width of two new pixels, or of two old ones if these are wider.
fn weights(old: usize, new: usize) -> Array2<f32> {
    let scale = old as f64 / new as f64;
    let reach = scale.max(1.0);
    let mut weights = Array2::from_shape_fn([new, old], |(i, j)| {
        let apart = (j as f64 + 0.5) - (i as f64 + 0.5) * scale;
        (1.0 - apart.abs() / reach).max(0.0) as f32
    });
    for mut row in weights.rows_mut() {
        let sum = row.sum();
        row.mapv_inplace(|weight| weight / sum);
    }
    weights
}

/// Returns the row and column of the corner at which the centre of mass is at pixel 14 of 28, as in
/// MNIST, as far as the digit has room in the square.
fn corner(digit: ArrayView2<'_, f32>, side: usize) -> [usize; 2] {
    let (mut mass, mut moments) = (0.0, [0.0; 2]);
    for ((row, col), &x) in digit.indexed_iter() {
        let x = f64::from(x);
        mass += x;
        moments[0] += x * row as f64;
        moments[1] += x * col as f64;
    }
    [0, 1].map(|axis| {
        let wanted = side as f64 / 2.0 - moments[axis] / mass;
        let room = side - digit.shape()[axis].min(side);
        wanted.round().clamp(0.0, room as f64) as usize
    })
}
