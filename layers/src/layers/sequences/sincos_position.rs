//! Fixed position embedding by sines and cosines.

use std::sync::Arc;

use tapeline_spec::Arg;
use tapeline_tensor::{Tensor, Var};

use crate::{Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal, layers::MAX_SIZE};

const WIDTH: Arg<usize> = Arg::new(
    "width",
    "width of the image whose places the tokens are; 0 for a sequence in one dimension",
)
.range(0..=MAX_SIZE)
.default(0)
.tried(0..=2);

/// `x + e`, with fixed values `e` for each position, on `[tokens, features]`.
///
/// In one dimension, features `2 i` and `2 i + 1` of token `p` are the sine and cosine of `p /
/// 10000^(2 i / features)`. (Vaswani et al. 2017)
///
/// In two dimensions, with `width`, token `p` is at column `p mod width` and row `p / width`, and
/// the number of features is a multiple of 4. The first quarter of the features is `sin(column · ω)`
/// with `ω = 10000^(−i / (features/4))`, the second `cos(column · ω)`, the others the same for the
/// row. (Chen, Xie, He 2021, MoCo v3; Beyer et al. 2022)
pub const SINCOS_POSITION: LayerDef = LayerDef {
    name: "sincos_position",
    about: "adds fixed sines and cosines to each token, according to its position",
    args: &[WIDTH.info()],
    examples: &[
        ("sincos_position", &[3, 4]),
        ("sincos_position", &[5, 3]),
        ("sincos_position(width=2)", &[6, 4]),
    ],
    build: |args, build| {
        let (shape, width) = (build.sequence()?, args.get(WIDTH));
        let [tokens, features] = shape;
        if width > 0 && tokens % width != 0 {
            let message = format!("{tokens} tokens don't fill rows of {width}");
            return Err(Refusal::from(message).arg("width"));
        }
        if width > 0 && features % 4 != 0 {
            let message = format!("{features} features are not a multiple of 4");
            return Err(Refusal::from(message).arg("width"));
        }
        build.count_table(tokens * features)?;
        let table = (0..tokens * features).map(|place| {
            let (token, feature) = (place / features, place % features);
            match width {
                0 => value(token, feature % 2, feature / 2 * 2, features),
                _ => {
                    let (part, i) = (feature / (features / 4), feature % (features / 4));
                    let along = [token % width, token / width][part / 2];
                    value(along, part % 2, i, features / 4)
                }
            }
        });
        let table = table.collect();
        Ok(build.same_shape(SincosPosition { shape, table }))
    },
    ..LayerDef::BASE
};

/// Returns the sine, or with `phase` 1 the cosine, of `position / 10000^(i / count)`.
fn value(position: usize, phase: usize, i: usize, count: usize) -> f64 {
    let angle = position as f64 / 10_000f64.powf(i as f64 / count as f64);
    match phase {
        0 => angle.sin(),
        _ => angle.cos(),
    }
}

struct SincosPosition {
    shape: [usize; 2],
    table: Arc<[f64]>,
}

impl<T: Element> Layer<T> for SincosPosition {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let values = self.table.iter().map(|&value| T::of(value)).collect();
        let table = Tensor::from_shape_vec(&self.shape[..], values);
        let table = table.unwrap_or_else(|e| unreachable!("as many values: {e}"));
        x + cx.tape().constant(table)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let table = graph.numbers(&self.shape, self.table.to_vec());
        Ok(graph.node("Add", &[x, table]))
    }
}
