//! Column-wise sums and maps over rows.

use super::simd::vectorized;
use crate::{Scalar, buffer::Buffer, pool};

/// Elements of a task. It is a constant, so that sums are split at the same places on any number of
/// threads.
const TASK: usize = 1 << 14;

fn task(columns: usize) -> usize {
    (TASK / columns).max(1) * columns
}

/// Returns for each column the sums over the rows of `f(column, x, y)`, which returns `N` values.
pub fn sums<T: Scalar, const N: usize>(
    x: &[T],
    y: &[T],
    columns: usize,
    f: impl Fn(usize, T, T) -> [T; N] + Sync,
) -> [Vec<f64>; N] {
    let task = task(columns);
    let mut partial: Buffer<T> = Buffer::zeros(x.len().div_ceil(task) * N * columns);
    let parts = partial.chunks_mut(N * columns);
    let tasks = x.chunks(task).zip(y.chunks(task)).zip(parts);
    pool::each(tasks, |_, ((x, y), sums)| {
        let (f, rows) = (&f, x.chunks_exact(columns).zip(y.chunks_exact(columns)));
        vectorized(
            #[inline(always)]
            || {
                for (x, y) in rows {
                    for (i, (&x, &y)) in x.iter().zip(y).enumerate() {
                        let terms = f(i, x, y);
                        for (n, term) in terms.into_iter().enumerate() {
                            sums[n * columns + i] += term;
                        }
                    }
                }
            },
        );
    });
    let mut total = std::array::from_fn(|_| vec![0.0; columns]);
    for part in partial.chunks_exact(N * columns) {
        for (total, part) in total.iter_mut().zip(part.chunks_exact(columns)) {
            let sums: &mut Vec<f64> = total;
            sums.iter_mut().zip(part).for_each(|(t, x)| *t += x.widen());
        }
    }
    total
}

/// Computes `f(column, x, y)` for each element.
pub fn map<T: Scalar>(
    x: &[T],
    y: &[T],
    columns: usize,
    f: impl Fn(usize, T, T) -> T + Sync,
) -> Buffer<T> {
    let task = task(columns);
    let mut out = Buffer::any(x.len());
    let tasks = x.chunks(task).zip(y.chunks(task)).zip(out.chunks_mut(task));
    pool::each(tasks, |_, ((x, y), out)| {
        let rows = x.chunks_exact(columns).zip(y.chunks_exact(columns));
        let (f, rows) = (&f, rows.zip(out.chunks_exact_mut(columns)));
        vectorized(
            #[inline(always)]
            || {
                for ((x, y), out) in rows {
                    for (i, (out, (&x, &y))) in out.iter_mut().zip(x.iter().zip(y)).enumerate() {
                        *out = f(i, x, y);
                    }
                }
            },
        );
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Integers have exact sums in any order. There are enough rows for several tasks, where a row
    /// could be split.
    #[test]
    fn no_row_is_cut_between_tasks() {
        for columns in [1, 2, 3, 7, 100, TASK - 1, TASK, TASK + 1] {
            let rows = 3 * TASK / columns + 2;
            let x: Vec<f32> = (0..rows * columns).map(|i| (i % 13) as f32).collect();
            let y: Vec<f32> = (0..rows * columns).map(|i| (i % 5) as f32).collect();
            let column = |c: usize| (c..rows * columns).step_by(columns);

            let [products, weighted] = sums(&x, &y, columns, |c, x, y| [x * y, x + c as f32]);
            let each = map(&x, &y, columns, |c, x, y| x - y + c as f32);
            for c in 0..columns {
                let product = column(c).map(|i| f64::from(x[i] * y[i])).sum::<f64>();
                let sum = column(c).map(|i| f64::from(x[i]) + c as f64).sum::<f64>();
                assert_eq!((products[c], weighted[c]), (product, sum), "{columns}");
                assert!(
                    column(c).all(|i| each[i] == x[i] - y[i] + c as f32),
                    "{columns}"
                );
            }
        }
    }
}
