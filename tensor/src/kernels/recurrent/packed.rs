//! A matrix that many products share.

use std::hint::black_box;

use ndarray::{Array2, ArrayView2};
use pulp::{Simd, WithSimd};

use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{
        pack::{Matrix, panels},
        product::{Rows, Start, Taps, block, panel, panel_width},
        simd::{run_for, width},
    },
};

/// The right factor of products, in the order in which they read it.
pub struct Packed<T: Scalar> {
    /// One block of terms after another, each in panels of columns.
    panels: Buffer<T>,
    terms: usize,
    columns: usize,
    /// Terms of a block, whose panels fit the first-level cache.
    block: usize,
    offsets: Vec<usize>,
}

impl<T: Scalar> Packed<T> {
    /// Copies a matrix, `[terms, columns]`.
    pub fn new(matrix: ArrayView2<T>) -> Self {
        let mut copy: Option<Array2<T>> = None;
        let (terms, columns) = matrix.dim();
        run_for::<T, _>(Pack {
            matrix: Matrix::new(matrix, &mut copy),
            terms,
            columns,
        })
    }

    /// Computes `x` times the matrix, `[rows, terms]` to `[rows, columns]`. It is compiled once for
    /// all products: its tiles take long.
    pub fn product(&self, x: &[T], out: &mut [T], start: Start<T>) {
        run_for::<T, _>(Product {
            by: self,
            x,
            out,
            start,
        });
    }
}

struct Pack<'a, T> {
    matrix: Matrix<'a, T>,
    terms: usize,
    columns: usize,
}

impl<T: Scalar> WithSimd for Pack<'_, T> {
    type Output = Packed<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Packed<T> {
        let Pack {
            matrix,
            terms,
            columns,
        } = self;
        let block = block::<T>(terms, panel_width::<T, S>(columns));
        let padded = columns.next_multiple_of(width::<T, S>());
        let mut panels = Buffer::any(terms * padded);
        for first in (0..terms).step_by(block) {
            let rows = first..(first + block).min(terms);
            matrix.pack(simd, rows, columns, &mut panels[first * padded..]);
        }
        Packed {
            panels,
            terms,
            columns,
            block,
            offsets: (0..block).collect(),
        }
    }
}

struct Product<'a, T: Scalar> {
    by: &'a Packed<T>,
    x: &'a [T],
    out: &'a mut [T],
    start: Start<'a, T>,
}

impl<T: Scalar> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let &Packed {
            terms,
            columns,
            block,
            ..
        } = self.by;
        let padded = columns.next_multiple_of(width::<T, S>());
        let mut rows = Rows::Spaced {
            count: self.out.len() / columns,
            values: self.out,
            columns,
            apart: columns,
        };
        for first in (0..terms).step_by(block) {
            // Opaque, as it would be computed again for each term.
            let len = black_box(block.min(terms - first));
            let taps = Taps::new(&self.by.offsets[..len]);
            let x = (&self.x[first..], terms, taps);
            for (columns, at) in panels::<S, T>(columns, len) {
                let wide = panel_width::<T, S>(columns.len());
                let weights = &self.by.panels[first * padded + at..][..len * wide];
                panel(simd, x, weights, &mut rows, columns, self.start);
            }
            self.start = Start::Rows;
        }
    }
}
