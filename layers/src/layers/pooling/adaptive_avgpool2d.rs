//! Average pooling to a size.

use tapeline_spec::Arg;
use tapeline_tensor::adaptive_avg_pool2d;

use crate::{
    Built, Graph, LayerDef, Value,
    layers::{MAX_SIZE, activations::pointwise},
};

const OUTPUT_SIZE: Arg<[usize; 2]> = Arg::new("output_size", "height and width of the output")
    .range(1..=MAX_SIZE)
    .tried(1..=4);

/// The means of `output_size` parts of the image, which overlap by a cell where sizes don't divide: `[channels, h, w]` gives
/// `[channels, h', w']`. (`torch.nn.AdaptiveAvgPool2d`)
pub const ADAPTIVE_AVGPOOL2D: LayerDef = LayerDef {
    name: "adaptive_avgpool2d",
    aliases: &["adaptive_avg_pool2d"],
    about: "means of as many parts of the image as are wanted",
    args: &[OUTPUT_SIZE.info()],
    examples: &[
        ("adaptive_avgpool2d(1)", &[2, 3, 4]),
        ("adaptive_avgpool2d((2, 3))", &[1, 5, 7]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let size = args.get(OUTPUT_SIZE);
        build.fits(&[channels, size[0], size[1]])?;
        // The matrices of its nodes.
        for (size, parts) in [(height, size[0]), (width, size[1])] {
            build.count_table(size.saturating_mul(parts))?;
        }
        let pooled = pointwise!(
            move |x| adaptive_avg_pool2d(x, size),
            move |graph, x| nodes(graph, x, size),
        );
        let meaning = build.input_meaning().averaged();
        Ok(Built::new(pooled, [channels, size[0], size[1]]).means(meaning))
    },
    ..LayerDef::BASE
};

/// ONNX has no such pooling. Each mean is a sum of cells times their shares, so the means of all parts are a product with a matrix from the left
/// and one from the right.
fn nodes(graph: &mut Graph, x: Value, [rows, columns]: [usize; 2]) -> Value {
    let &[_, height, width] = graph.shape() else {
        unreachable!("it was built for an image");
    };
    let down = shares(height, rows);
    let across = shares(width, columns);
    let transposed = (0..width).flat_map(|cell| across.iter().skip(cell).step_by(width));
    let transposed = transposed.copied().collect();
    let down = graph.numbers(&[rows, height], down);
    let across = graph.numbers(&[width, columns], transposed);
    let y = graph.node("MatMul", &[down, x]);
    graph.node("MatMul", &[y, across])
}

/// The share of each of `size` cells in each of `parts` means: `[parts, size]`.
fn shares(size: usize, parts: usize) -> Vec<f32> {
    let row = |part: usize| {
        let cells = part * size / parts..((part + 1) * size).div_ceil(parts);
        let share = 1.0 / cells.len() as f32;
        (0..size).map(move |cell| if cells.contains(&cell) { share } else { 0.0 })
    };
    (0..parts).flat_map(row).collect()
}
