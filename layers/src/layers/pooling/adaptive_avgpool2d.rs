//! Average pooling to a fixed output size.

use tapeline_spec::Arg;
use tapeline_tensor::adaptive_avg_pool2d;

use crate::{
    Built, Graph, GraphValue, LayerDef,
    layers::{MAX_SIZE, activations::pointwise},
    sizes::product,
};

const OUTPUT_SIZE: Arg<[usize; 2]> = Arg::new("output_size", "height and width of the output")
    .range(1..=MAX_SIZE)
    .tried(1..=4);

/// The mean of each of `output_size` regions of the image, `[channels, h, w]` to `[channels, h',
/// w']`. Regions overlap by one row or column if the sizes don't divide evenly.
/// (`torch.nn.AdaptiveAvgPool2d`)
pub const ADAPTIVE_AVGPOOL2D: LayerDef = LayerDef {
    name: "adaptive_avgpool2d",
    aliases: &["adaptive_avg_pool2d"],
    about: "average pooling to a fixed output size",
    args: &[OUTPUT_SIZE.info()],
    examples: &[
        ("adaptive_avgpool2d(1)", &[2, 3, 4]),
        ("adaptive_avgpool2d((2, 3))", &[1, 5, 7]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let size = args.get(OUTPUT_SIZE);
        build.fits(&[channels, size[0], size[1]])?;
        // The matrices that `nodes` builds.
        for (size, parts) in [(height, size[0]), (width, size[1])] {
            build.count_table(product(&[size, parts]))?;
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

/// Writes the pooling as products with a matrix from the left and one from the right, since ONNX
/// has no such operation. Each mean is a weighted sum of cells, with separate weights for rows and
/// columns.
fn nodes(graph: &mut Graph, x: GraphValue, [rows, columns]: [usize; 2]) -> GraphValue {
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

/// Returns the weight of each of `size` cells in each of `parts` means: `[parts, size]`.
fn shares(size: usize, parts: usize) -> Vec<f32> {
    let row = |part: usize| {
        let cells = part * size / parts..((part + 1) * size).div_ceil(parts);
        let share = 1.0 / cells.len() as f32;
        (0..size).map(move |cell| if cells.contains(&cell) { share } else { 0.0 })
    };
    (0..parts).flat_map(row).collect()
}
