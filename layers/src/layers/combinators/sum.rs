//! Sum of branches.

use tapeline_spec::Body;
use tapeline_tensor::Var;

use crate::{
    Built, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal, Sequential,
};

/// Applies its branches to the same input and adds their outputs. (Xie et al. 2017)
pub const SUM: LayerDef = LayerDef {
    name: "sum",
    about: "adds the outputs of its branches",
    body: Body::Branches,
    examples: &[
        (
            "sum[ conv2d(2, 3, padding=1) | conv2d(2, 1) relu ]",
            &[2, 4, 3],
        ),
        ("sum[ linear(5) | tanh | ]", &[5]),
    ],
    build: |_, build| {
        let (branches, shapes): (Vec<_>, Vec<_>) = build.branches()?.into_iter().unzip();
        let only = match &branches[..] {
            [branch] => Some(branch.meaning()),
            _ => None,
        };
        let shape = shapes.first().map_or(build.shape(), Vec::as_slice);
        if let Some(other) = shapes.iter().find(|other| *other != shape) {
            let message = format!("a branch output of {other:?} can't be added to {shape:?}");
            return Err(Refusal::from(message).help("all branches must output the same shape"));
        }
        let built = Built::new(Sum { branches }, shape);
        // The sum of a single branch keeps its meaning; a sum of several is logits.
        Ok(match only {
            Some(meaning) => built.means(meaning),
            None => built,
        })
    },
    ..LayerDef::BASE
};

struct Sum {
    branches: Vec<Sequential>,
}

impl<T: Element> Layer<T> for Sum {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let outputs = self.branches.iter().map(|branch| branch.forward(cx, x));
        outputs.reduce(|a, b| a + b).unwrap_or(x)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let outputs = self.branches.iter().map(|branch| branch.nodes(graph, x));
        let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
        Ok(graph.node("Sum", &outputs))
    }
}
