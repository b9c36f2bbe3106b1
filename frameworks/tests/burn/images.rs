use burn_tensor::{
    module,
    ops::{ConvOptions, ConvTransposeOptions, InterpolateMode, InterpolateOptions},
};
use tapeline_frameworks::mixed;

use crate::Case;

/// Operations on images whose gradients are right.
pub fn right() -> Vec<Case<4>> {
    let x = || mixed(&[2, 2, 5, 5]);
    let kernels = || mixed(&[2, 2, 3, 3]);
    let even = || vec![mixed(&[2, 2, 4, 6])];
    vec![
        ("conv2d", vec![x(), kernels()], |x| {
            module::conv2d(
                x[0].clone(),
                x[1].clone(),
                None,
                ConvOptions::new([1, 1], [1, 1], [1, 1], 1),
            )
        }),
        ("conv2d of stride 2", vec![x(), kernels()], |x| {
            module::conv2d(
                x[0].clone(),
                x[1].clone(),
                None,
                ConvOptions::new([2, 2], [1, 1], [1, 1], 1),
            )
        }),
        ("conv2d of dilation 2", vec![x(), kernels()], |x| {
            module::conv2d(
                x[0].clone(),
                x[1].clone(),
                None,
                ConvOptions::new([1, 1], [0, 0], [2, 2], 1),
            )
        }),
        (
            "conv2d of stride 3",
            vec![mixed(&[1, 2, 7, 8]), kernels()],
            |x| {
                module::conv2d(
                    x[0].clone(),
                    x[1].clone(),
                    None,
                    ConvOptions::new([3, 2], [1, 0], [1, 1], 1),
                )
            },
        ),
        ("conv2d of groups", vec![x(), mixed(&[4, 1, 3, 3])], |x| {
            module::conv2d(
                x[0].clone(),
                x[1].clone(),
                None,
                ConvOptions::new([1, 1], [1, 1], [1, 1], 2),
            )
        }),
        ("conv_transpose2d", vec![x(), kernels()], |x| {
            module::conv_transpose2d(
                x[0].clone(),
                x[1].clone(),
                None,
                ConvTransposeOptions::new([2, 2], [1, 1], [1, 1], [1, 1], 1),
            )
        }),
        ("max_pool2d", even(), |x| {
            module::max_pool2d(x[0].clone(), [2, 2], [2, 2], [0, 0], [1, 1], false)
        }),
        ("max_pool2d of windows that overlap", vec![x()], |x| {
            module::max_pool2d(x[0].clone(), [3, 3], [2, 2], [1, 1], [1, 1], false)
        }),
        ("max_pool2d, rounded up", vec![x()], |x| {
            module::max_pool2d(x[0].clone(), [2, 2], [2, 2], [0, 0], [1, 1], true)
        }),
        ("max_pool2d of dilation 2", vec![x()], |x| {
            module::max_pool2d(x[0].clone(), [2, 2], [1, 1], [0, 0], [2, 2], false)
        }),
        ("avg_pool2d", even(), |x| {
            module::avg_pool2d(x[0].clone(), [2, 2], [2, 2], [0, 0], true, false)
        }),
        ("avg_pool2d of an odd size", vec![x()], |x| {
            module::avg_pool2d(x[0].clone(), [2, 2], [2, 2], [0, 0], true, false)
        }),
        ("avg_pool2d with padding", vec![x()], |x| {
            module::avg_pool2d(x[0].clone(), [3, 3], [2, 2], [1, 1], true, false)
        }),
        (
            "avg_pool2d with padding that does not count",
            vec![x()],
            |x| module::avg_pool2d(x[0].clone(), [3, 3], [2, 2], [1, 1], false, false),
        ),
        ("avg_pool2d, rounded up", vec![x()], |x| {
            module::avg_pool2d(x[0].clone(), [2, 2], [2, 2], [0, 0], true, true)
        }),
        ("adaptive_avg_pool2d", vec![x()], |x| {
            module::adaptive_avg_pool2d(x[0].clone(), [3, 2])
        }),
        ("interpolate nearest", vec![x()], |x| {
            module::interpolate(
                x[0].clone(),
                [7, 8],
                InterpolateOptions::new(InterpolateMode::Nearest),
            )
        }),
    ]
}
