//! Transposes of matrices. Element by element, one of the two matrices would be walked in strides;
//! here, blocks are transposed in registers.

use crate::Scalar;

/// Rows and columns of a block.
const BLOCK: usize = 8;

/// Writes the transpose of `x`, `[rows, columns]` with rows `from` elements apart, to `out`, with
/// rows `to` elements apart.
pub fn transpose<T: Scalar>(
    (x, from): (&[T], usize),
    [rows, columns]: [usize; 2],
    (out, to): (&mut [T], usize),
) {
    if columns == 0 {
        return;
    }
    for row in (0..rows).step_by(BLOCK) {
        let (x, out) = (&x[row * from..], &mut out[row..]);
        let height = BLOCK.min(rows - row);
        let done = match height {
            BLOCK => T::transpose_blocks((x, from), columns / BLOCK, (out, to)) * BLOCK,
            _ => 0,
        };
        for column in done..columns {
            let x = x[column..].iter().step_by(from.max(1)).take(height);
            let out = out[column * to..].iter_mut();
            out.zip(x).for_each(|(out, &x)| *out = x);
        }
    }
}

/// Transposes `count` adjacent blocks; returns how many it did: none if the processor lacks the
/// instructions.
#[cfg(target_arch = "x86_64")]
pub fn blocks(x: (&[f32], usize), count: usize, out: (&mut [f32], usize)) -> usize {
    match pulp::x86::V3::try_new() {
        Some(simd) if count > 0 => {
            simd.vectorize(avx::Blocks {
                simd,
                x,
                count,
                out,
            });
            count
        }
        _ => 0,
    }
}

/// Transposes no blocks.
#[cfg(not(target_arch = "x86_64"))]
pub fn blocks(_: (&[f32], usize), _: usize, _: (&mut [f32], usize)) -> usize {
    0
}

#[cfg(target_arch = "x86_64")]
mod avx {
    use pulp::{NullaryFnOnce, cast, f32x8, x86::V3};

    use super::BLOCK;
    use crate::kernels::simd::Lanes;

    pub struct Blocks<'a> {
        pub simd: V3,
        pub x: (&'a [f32], usize),
        pub count: usize,
        pub out: (&'a mut [f32], usize),
    }

    impl NullaryFnOnce for Blocks<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (x, from) = self.x;
            let width = self.count * BLOCK;
            let mut rows: [&[f32x8]; BLOCK] = [&[]; BLOCK];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = f32::vectors::<V3>(&x[i * from..][..width]);
            }
            let (out, to) = self.out;
            for i in 0..self.count {
                let out = &mut out[i * BLOCK * to..];
                let block = transposed(
                    self.simd,
                    rows.each_ref().map(
                        #[inline(always)]
                        |row| row[i],
                    ),
                );
                for (j, row) in block.into_iter().enumerate() {
                    f32::vectors_mut::<V3>(&mut out[j * to..][..BLOCK])[0] = row;
                }
            }
        }
    }

    /// Exchanges pairs of elements, then pairs of pairs, then halves.
    #[inline(always)]
    fn transposed(simd: V3, [a, b, c, d, e, f, g, h]: [f32x8; BLOCK]) -> [f32x8; BLOCK] {
        // Not closures, which would be compiled without vectors.
        macro_rules! op {
            ($op:ident$(::<$half:literal>)?: $a:expr, $b:expr) => {
                cast::<_, f32x8>(simd.avx.$op$(::<$half>)?(cast($a), cast($b)))
            };
        }
        macro_rules! quarters {
            ($a:expr, $b:expr, $c:expr, $d:expr) => {{
                let (p, q) = (op!(_mm256_unpacklo_ps: $a, $b), op!(_mm256_unpacklo_ps: $c, $d));
                let (r, s) = (op!(_mm256_unpackhi_ps: $a, $b), op!(_mm256_unpackhi_ps: $c, $d));
                [
                    op!(_mm256_unpacklo_pd: p, q),
                    op!(_mm256_unpackhi_pd: p, q),
                    op!(_mm256_unpacklo_pd: r, s),
                    op!(_mm256_unpackhi_pd: r, s),
                ]
            }};
        }
        let ([a, b, c, d], [e, f, g, h]) = (quarters!(a, b, c, d), quarters!(e, f, g, h));
        [
            op!(_mm256_permute2f128_ps::<0x20>: a, e),
            op!(_mm256_permute2f128_ps::<0x20>: b, f),
            op!(_mm256_permute2f128_ps::<0x20>: c, g),
            op!(_mm256_permute2f128_ps::<0x20>: d, h),
            op!(_mm256_permute2f128_ps::<0x31>: a, e),
            op!(_mm256_permute2f128_ps::<0x31>: b, f),
            op!(_mm256_permute2f128_ps::<0x31>: c, g),
            op!(_mm256_permute2f128_ps::<0x31>: d, h),
        ]
    }
}
