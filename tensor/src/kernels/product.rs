//! The product that matrices and convolutions share: rows of a slice, indexed through a table,
//! times a panel of weights.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::simd::{Lanes, is_tuned, width};
use crate::Scalar;

/// Offsets of the terms of a sum: the `k`-th term of row `i` is `x[taps[k] + i · step]`. A table
/// serves matrices of any strides, and convolutions of any stride and dilation.
#[derive(Clone, Copy)]
pub struct Taps<'a> {
    offsets: &'a [usize],
    /// One more than the largest offset.
    end: usize,
}

impl<'a> Taps<'a> {
    /// Makes a table of these offsets.
    pub fn new(offsets: &'a [usize]) -> Self {
        let end = offsets.iter().max().map_or(0, |last| last + 1);
        Taps { offsets, end }
    }
}

/// Initial values of the sums.
#[derive(Clone, Copy)]
pub enum Start<'a, T> {
    /// Zero.
    Zero,
    /// One value for each column.
    Row(&'a [T]),
    /// The values of the rows.
    Rows,
}

/// Maximum number of vectors in a row of a panel.
const VECTORS: usize = 2;

/// Returns the number of columns of a panel: two vectors, or one if that is enough.
pub fn panel_width<T: Lanes, S: Simd>(columns: usize) -> usize {
    let one = width::<T, S>();
    if columns <= one { one } else { VECTORS * one }
}

/// The rows that a product is written to.
pub enum Rows<'a, 'b, T> {
    /// Any slices.
    Each(&'a mut [&'b mut [T]]),
    /// Rows at equal distances in memory.
    Spaced {
        values: &'a mut [T],
        count: usize,
        columns: usize,
        /// Distance between the rows.
        apart: usize,
    },
}

impl<T> Rows<'_, '_, T> {
    /// Returns row `i`, with all its columns.
    #[inline(always)]
    fn row(&mut self, i: usize) -> &mut [T] {
        match self {
            Rows::Each(rows) => rows[i],
            Rows::Spaced {
                values,
                columns,
                apart,
                ..
            } => &mut values[i * *apart..][..*columns],
        }
    }

    pub fn count(&self) -> usize {
        match self {
            Rows::Each(rows) => rows.len(),
            Rows::Spaced { count, .. } => *count,
        }
    }
}

/// Bytes of the weights of a panel that are multiplied at once: they fit the first-level cache, with
/// the rows that they multiply.
const PANEL: usize = 3 << 13;

/// Divides the terms of a sum into equal blocks, so that a panel of `width` columns fits the
/// first-level cache; returns their size.
pub fn block<T>(terms: usize, width: usize) -> usize {
    let most = PANEL / (width * size_of::<T>());
    terms.div_ceil(terms.div_ceil(most).max(1)).max(1)
}

/// Computes `rows[i][j] = start + Σ_k x[taps[k] + i · step] · weights[k][j]` for the columns of one
/// panel.
///
/// `weights` has [`panel_width`] columns, zeros after the last of `columns`.
///
/// All kernels share this code: its tiles of every size are compiled once for each width of vectors.
#[inline(never)]
pub fn panel<S: Simd, T: Scalar>(
    simd: S,
    x: (&[T], usize, Taps),
    weights: &[T],
    rows: &mut Rows<T>,
    columns: Range<usize>,
    start: Start<T>,
) {
    simd.vectorize(Panel {
        x,
        weights,
        rows,
        columns,
        start,
    });
}

struct Panel<'a, 'b, 'c, T> {
    x: (&'a [T], usize, Taps<'a>),
    weights: &'a [T],
    rows: &'a mut Rows<'b, 'c, T>,
    columns: Range<usize>,
    start: Start<'a, T>,
}

impl<T: Scalar> WithSimd for Panel<'_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Panel {
            x: (x, step, taps),
            weights,
            rows,
            columns,
            start,
        } = self;
        // The addresses of adjacent rows are cheaper: images of one channel, and transposed
        // matrices.
        match step {
            1 if const { is_tuned::<T, S>() } => {
                tiles(simd, (x, 1, taps), weights, rows, columns, start);
            }
            _ => tiles(simd, (x, step, taps), weights, rows, columns, start),
        }
    }
}

/// The same, tile by tile; rows are divided as equally as possible.
#[inline(always)]
fn tiles<S: Simd, T: Scalar>(
    simd: S,
    (x, step, taps): (&[T], usize, Taps),
    weights: &[T],
    rows: &mut Rows<T>,
    columns: Range<usize>,
    start: Start<T>,
) {
    let wide = columns.len() > width::<T, S>();
    let most = if wide {
        most_rows::<T, S, 2>()
    } else {
        most_rows::<T, S, 1>()
    };
    let tiles = rows.count().div_ceil(most).max(1);
    let (size, larger) = (rows.count() / tiles, rows.count() % tiles);
    let mut first = 0;
    for tile in 0..tiles {
        let count = size + usize::from(tile < larger);
        let x = (&x[first * step..], step, taps);
        let columns = columns.clone();
        macro_rules! of {
            ($($rows:literal)*; $vectors:literal) => {
                match count {
                    0 => {}
                    $($rows if const { $rows <= most_rows::<T, S, $vectors>() } => {
                        self::tile::<S, T, $rows, $vectors>(simd, x, weights, rows, first, columns, start);
                    })*
                    _ => unreachable!("at most {most} rows a tile"),
                }
            };
        }
        if wide {
            of!(1 2 3 4 5 6 7 8; 2);
        } else {
            of!(1 2 3 4 5 6 7 8 9; 1);
        }
        first += count;
    }
}

/// Maximum number of rows of a tile of `VECTORS` vectors: their sums, a row of weights and a factor
/// fit the 16 registers of AVX2, or half of the 32 of AVX-512.
const fn most_rows<T: Lanes, S: Simd, const VECTORS: usize>() -> usize {
    match (is_tuned::<T, S>(), VECTORS) {
        (true, 2) if size_of::<T::Vector<S>>() == 64 => 8,
        (true, 2) => 6,
        (true, _) => 9,
        (false, _) => 4,
    }
}

#[inline(always)]
fn tile<S: Simd, T: Scalar, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    (x, step, taps): (&[T], usize, Taps),
    weights: &[T],
    rows: &mut Rows<T>,
    first: usize,
    columns: Range<usize>,
    start: Start<T>,
) {
    let lanes = width::<T, S>();
    let mut sums = match start {
        Start::Row(start) => [load::<S, T, VECTORS>(simd, &start[columns.clone()]); ROWS],
        _ => [[T::splat(simd, T::zero()); VECTORS]; ROWS],
    };
    if let Start::Rows = start {
        for (i, sums) in sums.iter_mut().enumerate() {
            *sums = load(simd, &rows.row(first + i)[columns.clone()]);
        }
    }
    assert!(taps.offsets.is_empty() || (ROWS - 1) * step + taps.end <= x.len());
    let weights = &T::vectors::<S>(weights).as_chunks::<VECTORS>().0[..taps.offsets.len()];
    for (weights, &tap) in weights.iter().zip(taps.offsets) {
        for (i, sums) in sums.iter_mut().enumerate() {
            // Steps of three keep the addresses in few registers.
            let place = tap + i / 3 * (3 * step) + i % 3 * step;
            // SAFETY: `tap < taps.end` and `i < ROWS`, so by the assertion above `place < x.len()`.
            let factor = T::splat(simd, unsafe { *x.get_unchecked(place) });
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum = T::fma(simd, factor, weight, *sum);
            }
        }
    }
    for (i, sums) in sums.into_iter().enumerate() {
        let row = &mut rows.row(first + i)[columns.clone()];
        match T::vectors_mut::<S>(row).first_chunk_mut::<VECTORS>() {
            Some(row) => *row = sums,
            None => {
                let parts = row.chunks_mut(lanes).zip(sums);
                parts.for_each(|(part, sum)| T::store(simd, part, sum));
            }
        }
    }
}

/// Loads the first vectors of a row, padded with zeros.
#[inline(always)]
fn load<S: Simd, T: Scalar, const VECTORS: usize>(simd: S, row: &[T]) -> [T::Vector<S>; VECTORS] {
    match T::vectors::<S>(row).first_chunk() {
        Some(row) => *row,
        None => {
            std::array::from_fn(|v| T::load(simd, &row[(v * width::<T, S>()).min(row.len())..]))
        }
    }
}
