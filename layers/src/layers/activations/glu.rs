//! The gated linear unit, and what its variants share.

use tapeline_tensor::Var;

use super::{gelu::gelu, silu::silu};
use crate::{Build, Built, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal};

/// `a · sigmoid(b)`, where `a` is the first half of the features or channels and `b` the second:
/// `[2 k]` to `[k]`, `[tokens, 2 k]` to `[tokens, k]`, `[2 k, h, w]` to `[k, h, w]`. (`torch.nn.GLU`;
/// Dauphin et al. 2017)
pub const GLU: LayerDef = LayerDef {
    name: "glu",
    about: "gated linear unit, the first half of the channels times the sigmoid of the second",
    examples: &[("glu", &[6]), ("glu", &[4, 3, 2]), ("glu", &[3, 4])],
    build: |_, build| gated(build, Gate::Sigmoid),
    ..LayerDef::BASE
};

/// The function of the second half, by which the first is multiplied.
#[derive(Clone, Copy)]
pub(super) enum Gate {
    Sigmoid,
    Gelu,
    Silu,
}

/// Builds a layer that halves the features or channels: the first half times a function of the
/// second.
pub(super) fn gated(build: &Build, gate: Gate) -> Result<Built, Refusal> {
    let what = match build.shape() {
        [_] | [_, _] => "features",
        _ => "channels",
    };
    let channels = build.channels();
    if channels % 2 == 1 {
        return Err(Refusal::from(format!(
            "it halves the number of {what}, which is {channels}"
        ))
        .help("make it even in the layer before"));
    }
    let half = channels / 2;
    let axis = 1 + build.feature_axis();
    Ok(Built::new(
        Gated { half, axis, gate },
        build.with_channels(half),
    ))
}

struct Gated {
    half: usize,
    /// The axis of the features or channels, with the batch.
    axis: usize,
    gate: Gate,
}

impl<T: Element> Layer<T> for Gated {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let [a, b] = x.split(self.axis, [self.half; 2]);
        a * match self.gate {
            Gate::Sigmoid => b.sigmoid(),
            Gate::Gelu => gelu(b),
            Gate::Silu => silu(b),
        }
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let [a, b] = [0, self.half].map(|start| {
            let range = [start, start + self.half, self.axis];
            let [start, end, axis] = range.map(|number| graph.sizes(&[number]));
            graph.node("Slice", &[x, start, end, axis])
        });
        let gate = match self.gate {
            Gate::Gelu => graph.node("Gelu", &[b]),
            Gate::Sigmoid | Gate::Silu => graph.node("Sigmoid", &[b]),
        };
        let y = graph.node("Mul", &[a, gate]);
        Ok(match self.gate {
            Gate::Silu => graph.node("Mul", &[y, b]),
            Gate::Sigmoid | Gate::Gelu => y,
        })
    }
}
