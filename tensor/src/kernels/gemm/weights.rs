//! The right factors of products, packed once for all tasks or by each task for itself.

use super::COLUMNS;
use crate::{
    Scalar,
    buffer::Buffer,
    kernels::{pack::Matrix, product::block},
    pool,
};

/// Columns that are packed at once.
const STRIP: usize = 64;

/// All weights, packed once for tasks that share their columns.
pub struct Packed<T: Scalar> {
    /// One block of terms after another.
    pub panels: Buffer<T>,
    /// Terms of a block.
    pub block: usize,
    /// Columns with those that fill the last panel.
    pub padded: usize,
}

impl<T: Scalar> Packed<T> {
    /// Packs a matrix, `[terms, columns]`, over the threads of the pool.
    pub fn new(b: Matrix<T>, terms: usize, columns: usize) -> Self {
        let block = block::<T>(terms, COLUMNS);
        let padded = columns.next_multiple_of(COLUMNS);
        let mut panels = Buffer::any(terms * padded);
        let mut rest = &mut panels[..];
        let mut parts = Vec::new();
        for first in (0..terms).step_by(block) {
            let rows = first..(first + block).min(terms);
            for column in (0..columns).step_by(STRIP) {
                let count = STRIP.min(columns - column);
                let len = rows.len() * count.next_multiple_of(COLUMNS);
                let (part, after) = std::mem::take(&mut rest).split_at_mut(len);
                rest = after;
                parts.push((b.from(rows.start, column), rows.len(), count, part));
            }
        }
        pool::each(parts, |_, (b, terms, columns, out)| {
            b.pack_first(terms, columns, out);
        });
        Packed {
            panels,
            block,
            padded,
        }
    }
}

/// The right factor of a task, from its first column on.
pub enum Weights<'a, T: Scalar> {
    /// Packed by the task.
    Matrix(Matrix<'a, T>),
    /// Packed before, with the first column of the task.
    Packed(&'a Packed<T>, usize),
}
