//! Concatenation of branches.

use tapeline_spec::Body;
use tapeline_tensor::{Var, concat};

use crate::{
    Built, Ctx, Element, Graph, GraphValue, Layer, LayerDef, Meaning, NoNodes, Refusal, Sequential,
    features,
};

/// Applies its branches to the same input and concatenates their outputs along the channels or
/// features. (`torch.cat`; Szegedy et al. 2015)
pub const CONCAT: LayerDef = LayerDef {
    name: "concat",
    aliases: &["cat"],
    about: "concatenates the outputs of its branches",
    body: Body::Branches,
    examples: &[
        (
            "concat[ conv2d(2, 3, padding=1) | conv2d(3, 1) relu ]",
            &[2, 4, 3],
        ),
        ("concat[ linear(3) | tanh | ]", &[5]),
        ("concat[ linear(3) | ]", &[2, 4]),
    ],
    build: |_, build| {
        let (mut branches, mut shape) = (Vec::new(), None::<Vec<usize>>);
        for (branch, output) in build.branches()? {
            branches.push(branch);
            shape = Some(match shape {
                None => output,
                Some(mut all) if fits(&all, &output) => {
                    let axis = features::axis(&all);
                    all[axis] += output[axis];
                    all
                }
                Some(all) => {
                    let message =
                        format!("a branch output of {output:?} can't be concatenated to {all:?}");
                    return Err(Refusal::from(message)
                        .help("all branches must output the same sizes, except for the channels"));
                }
            });
        }
        let shape = shape.unwrap_or_else(|| build.shape().to_vec());
        let meaning = match &branches[..] {
            [branch] => branch.meaning(),
            branches => {
                let each = branches.iter().map(|branch| branch.meaning().scattered());
                each.reduce(Meaning::common).unwrap_or_default()
            }
        };
        let axis = 1 + features::axis(&shape);
        Ok(Built::new(Concat { branches, axis }, shape).means(meaning))
    },
    ..LayerDef::BASE
};

/// Returns whether two shapes differ only in their number of channels or features.
fn fits(a: &[usize], b: &[usize]) -> bool {
    let axis = features::axis(a);
    a.len() == b.len() && a[..axis] == b[..axis] && a[axis + 1..] == b[axis + 1..]
}

struct Concat {
    branches: Vec<Sequential>,
    /// The axis of the channels or features, with the batch.
    axis: usize,
}

impl<T: Element> Layer<T> for Concat {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let outputs = self.branches.iter().map(|branch| branch.forward(cx, x));
        concat(&outputs.collect::<Vec<_>>(), self.axis)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let outputs = self.branches.iter().map(|branch| branch.nodes(graph, x));
        let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
        Ok(graph.node_with("Concat", &outputs, &[("axis", self.axis.into())]))
    }
}
