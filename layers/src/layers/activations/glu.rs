//! The gated linear unit.

use super::pointwise;
use crate::{Built, Graph, GraphValue, LayerDef, Refusal};

/// `a · sigmoid(b)`, where `a` is the first half of the features or channels and `b` the second:
/// `[2 k]` to `[k]`, `[tokens, 2 k]` to `[tokens, k]`, `[2 k, h, w]` to `[k, h, w]`. (`torch.nn.GLU`;
/// Dauphin et al. 2017)
pub const GLU: LayerDef = LayerDef {
    name: "glu",
    about: "gated linear unit, the first half of the channels times the sigmoid of the second",
    examples: &[("glu", &[6]), ("glu", &[4, 3, 2]), ("glu", &[3, 4])],
    build: |_, build| {
        let channels = build.channels();
        if channels % 2 == 1 {
            let what = match build.shape() {
                [_] | [_, _] => "features",
                _ => "channels",
            };
            return Err(Refusal::from(format!(
                "it halves the number of {what}, which is {channels}"
            ))
            .help("make it even in the layer before"));
        }
        let (half, axis) = (channels / 2, 1 + build.feature_axis());
        let gated = pointwise!(
            move |x| {
                let [a, b] = x.split(axis, [half, half]);
                a * b.sigmoid()
            },
            move |graph, x| {
                let [a, b] = [0, half].map(|start| channels_from(graph, x, axis, [start, half]));
                let gate = graph.node("Sigmoid", &[b]);
                graph.node("Mul", &[a, gate])
            }
        );
        Ok(Built::new(gated, build.with_channels(half)))
    },
    ..LayerDef::BASE
};

/// Appends the selection of `count` channels as a node.
fn channels_from(
    graph: &mut Graph,
    x: GraphValue,
    axis: usize,
    [start, count]: [usize; 2],
) -> GraphValue {
    let range = [start, start + count, axis].map(|number| graph.sizes(&[number]));
    let [start, end, axis] = range;
    graph.node("Slice", &[x, start, end, axis])
}
