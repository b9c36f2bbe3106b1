//! Upsampling of images.

use tapeline_spec::Arg;

use crate::{
    Built, Graph, GraphValue, LayerDef,
    layers::{MAX_SIZE, activations::pointwise},
    sizes::product,
};

const SCALE_FACTOR: Arg<[usize; 2]> = Arg::new("scale_factor", "scale factors of height and width")
    .keyword_only()
    .range(1..=MAX_SIZE)
    .tried(1..=3);

/// Repeats each pixel `s` times in both directions: `[channels, h, w]` to `[channels, h·s, w·s]`.
/// (`torch.nn.Upsample(mode="nearest")`)
pub const UPSAMPLE2D: LayerDef = LayerDef {
    name: "upsample2d",
    aliases: &["upsample"],
    about: "nearest-neighbor upsampling",
    args: &[SCALE_FACTOR.info()],
    examples: &[
        ("upsample2d(scale_factor=2)", &[2, 3, 4]),
        ("upsample2d(scale_factor=(1, 3))", &[1, 3, 2]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let [down, across] = args.get(SCALE_FACTOR);
        let output = [
            channels,
            product(&[height, down]),
            product(&[width, across]),
        ];
        build.fits(&output)?;
        let mut table = |len, scale| build.table(len, |place| Some(place / scale));
        let (rows, columns) = (table(output[1], down)?, table(output[2], across)?);
        let enlarged = pointwise!(
            {
                let (rows, columns) = (rows.clone(), columns.clone());
                move |x| tapeline_tensor::gather2d(x, &rows, &columns)
            },
            move |graph, x| nodes(graph, x, [down, across]),
        );
        Ok(Built::new(enlarged, output).means(build.input_meaning()))
    },
    ..LayerDef::BASE
};

fn nodes(graph: &mut Graph, x: GraphValue, factors: [usize; 2]) -> GraphValue {
    let [down, across] = factors.map(|factor| factor as f32);
    let region = graph.absent();
    let scales = graph.numbers(&[4], vec![1.0, 1.0, down, across]);
    let by_floor = [
        ("mode", "nearest".into()),
        ("coordinate_transformation_mode", "asymmetric".into()),
        ("nearest_mode", "floor".into()),
    ];
    graph.node_with("Resize", &[x, region, scales], &by_floor)
}
