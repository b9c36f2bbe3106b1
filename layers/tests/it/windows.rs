//! Convolutions and poolings with other numbers down than across, held to their definitions in PyTorch's documentation, written out as loops.

use proptest::prelude::*;
use tapeline_layers::{Ctx, Layer, Mode, Plan, layers};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Params, Tensor, value_and_grad};

/// Two numbers, down and across.
type Pair = [usize; 2];

/// A layer's output for one image, its parameters, and the image.
type Computed = (Tensor<f64>, Params<f64>, Tensor<f64>);

/// Builds a layer and runs it on an image of `shape`.
fn output(text: &str, shape: [usize; 3]) -> Result<Computed, String> {
    let registry = layers();
    let spec = read(text, &registry, &Presets::new()).map_err(|errors| format!("{errors:?}"))?;
    let plan = Plan::build(&spec, &shape).map_err(|errors| format!("{text}: {errors:?}"))?;
    let [channels, height, width] = shape;
    let count = channels * height * width;
    // Negative throughout, so that a zero of padding would win a maximum.
    let values = (0..count).map(|i| -1.0 - (i * 37 % 101) as f64).collect();
    let image = Tensor::from_shape_vec(vec![1, channels, height, width], values).unwrap();
    let params = plan.init::<f64>(1);
    let (_, _, y) = value_and_grad(&params, std::slice::from_ref(&image), |tape, on_tape, x| {
        let cx = Ctx::new(tape, on_tape, Mode::Evaluation);
        let y = plan.chain.forward(&cx, x[0]);
        (y.sum(), y.value())
    });
    assert_eq!(y.shape()[1..], plan.output[..]);
    Ok((y, params, image))
}

/// The cell of the image under a cell of a window; none in the padding.
fn cell(
    image: &Tensor<f64>,
    channel: usize,
    at: Pair,
    step: Pair,
    [stride, padding, dilation]: [Pair; 3],
) -> Option<f64> {
    let place = [0, 1].map(|i| (at[i] * stride[i] + step[i] * dilation[i]).checked_sub(padding[i]));
    let [Some(row), Some(column)] = place else {
        return None;
    };
    image.get([0, channel, row, column]).copied()
}

fn size(input: Pair, kernel: Pair, [stride, padding, dilation]: [Pair; 3]) -> Pair {
    [0, 1].map(|i| (input[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1)
}

fn places([rows, columns]: Pair) -> impl Iterator<Item = Pair> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| [row, column]))
}

fn text([a, b]: Pair) -> String {
    format!("({a}, {b})")
}

fn pair(range: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Pair> {
    [range.clone(), range]
}

fn expect_near(found: f64, wanted: f64) -> Result<(), TestCaseError> {
    prop_assert!(
        (found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0),
        "{found}, not {wanted}"
    );
    Ok(())
}

proptest! {
    #[test]
    fn convolutions_are_as_pytorch_defines_them(
        input in pair(5..=9), kernel in pair(1..=3), stride in pair(1..=3), padding in pair(0..=3), dilation in pair(1..=2),
    ) {
        let spec = format!(
            "conv2d(2, {}, stride={}, padding={}, dilation={})",
            text(kernel), text(stride), text(padding), text(dilation),
        );
        let (y, params, image) = output(&spec, [3, input[0], input[1]]).map_err(TestCaseError::fail)?;
        let parts = [stride, padding, dilation];
        let out = size(input, kernel, parts);
        prop_assert_eq!(y.shape(), &[1, 2, out[0], out[1]]);
        let [weight, bias] = ["0.weight", "0.bias"].map(|name| &params.get(params.find(name).unwrap()).value);
        for filter in 0..2 {
            for at in places(out) {
                let mut wanted = bias[[filter]];
                for channel in 0..3 {
                    for step in places(kernel) {
                        let x = cell(&image, channel, at, step, parts).unwrap_or(0.0);
                        wanted += weight[[filter, channel, step[0], step[1]]] * x;
                    }
                }
                expect_near(y[[0, filter, at[0], at[1]]], wanted)?;
            }
        }
    }

    #[test]
    fn poolings_are_as_pytorch_defines_them(
        input in pair(4..=9), kernel in pair(1..=4), stride in pair(1..=3), padding in pair(0..=2),
    ) {
        let spec = |name: &str, more: &str| {
            format!("{name}({}, stride={}, padding={}{more})", text(kernel), text(stride), text(padding))
        };
        let shape = [2, input[0], input[1]];
        let parts = [stride, padding, [1, 1]];
        let max = output(&spec("maxpool2d", ""), shape);
        let mean = output(&spec("avgpool2d", ""), shape);
        let inside = output(&spec("avgpool2d", ", count_include_pad=false"), shape);
        if (0..2).any(|i| 2 * padding[i] > kernel[i]) {
            for refused in [max, mean, inside] {
                prop_assert!(refused.unwrap_err().contains("more than half"));
            }
            return Ok(());
        }
        let [max, mean, inside] = [max, mean, inside].map(Result::unwrap);
        let out = size(input, kernel, parts);
        prop_assert_eq!(max.0.shape(), &[1, 2, out[0], out[1]]);
        for channel in 0..2 {
            for at in places(out) {
                let cells: Vec<_> = places(kernel).filter_map(|step| cell(&max.2, channel, at, step, parts)).collect();
                let place = [0, channel, at[0], at[1]];
                let sum: f64 = cells.iter().sum();
                expect_near(max.0[place], cells.iter().copied().fold(f64::NEG_INFINITY, f64::max))?;
                expect_near(mean.0[place], sum / (kernel[0] * kernel[1]) as f64)?;
                expect_near(inside.0[place], sum / cells.len() as f64)?;
            }
        }
    }

    /// One number is both.
    #[test]
    fn one_number_stands_for_two(kernel in 1..=3usize, stride in 1..=2usize, padding in 0..=1usize, dilation in 1..=2usize) {
        let both = |n: usize| text([n, n]);
        let one = format!("conv2d(1, {kernel}, stride={stride}, padding={padding}, dilation={dilation})");
        let two = format!(
            "conv2d(1, {}, stride={}, padding={}, dilation={})",
            both(kernel), both(stride), both(padding), both(dilation),
        );
        prop_assert_eq!(output(&one, [1, 7, 7]).unwrap().0, output(&two, [1, 7, 7]).unwrap().0);
    }
}
