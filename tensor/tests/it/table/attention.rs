//! Attention.

use std::sync::Arc;

use proptest::prelude::*;
use tapeline_tensor::{Attention, Scalar, attention, plain};

use super::{
    Case, Input, Numbers, Op, Ways, case,
    draw::{input, size},
    fast, twin,
};

/// Attention whose factors are 0 at every third position or so.
fn options<T: Scalar>((heads, causal, with_factors): (usize, bool, bool)) -> Attention<T> {
    fn fill<T: Scalar>(first: usize, values: &mut [T]) {
        for (position, value) in (first..).zip(values) {
            let hash = (position as u32).wrapping_mul(2_654_435_761) >> 16;
            *value = T::of(if hash.is_multiple_of(3) { 0.0 } else { 1.5 });
        }
    }
    Attention {
        heads,
        causal,
        factors: with_factors.then(|| Arc::new(fill::<T>) as _),
    }
}

fn attending(input: Input, arguments: (usize, bool, bool)) -> Case {
    case!(
        "attention",
        vec![input],
        arguments,
        |x| attention(x[0], options(arguments)),
        |x, g| {
            let options = options(arguments);
            (
                plain::attention(&x[0], &options),
                vec![plain::attention_gradient(&x[0], &options, g)],
            )
        }
    )
}

pub fn ops() -> Vec<Op> {
    // One block of queries or several, and the last of any size; heads of one panel or several.
    let small = || {
        let tokens = prop_oneof![3 => size(), 1 => 6..=80usize];
        let widths = prop_oneof![3 => size(), 1 => 6..=40usize];
        let sizes = (size(), tokens, 1..=3usize, widths);
        sizes.prop_flat_map(|(n, tokens, heads, size)| {
            let x = input(vec![n, tokens, 3 * heads * size], Numbers::Any);
            let options = (Just(heads), any::<bool>(), any::<bool>());
            (x, options).prop_map(|(x, options)| attending(x, options))
        })
    };
    let op = |shape: [usize; 3], options| Op {
        small: small().boxed(),
        large: attending(Input::new(&shape, Numbers::Any), options),
    };
    vec![
        op([33, 49, 3 * 64], (4, false, true)),
        // Tasks of single heads.
        op([2, 100, 3 * 96], (3, true, false)),
    ]
}
