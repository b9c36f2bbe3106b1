//! Concatenation with a saved value.

use tapeline_spec::quote;
use tapeline_tensor::{Var, concat};

use super::{NAME, saved};
use crate::{Built, Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal, SavedId};

/// `[x, a]`, with `a` the value saved as `name`: concatenates both along the channels of `[channels,
/// h, w]`, or the features of `[tokens, features]` or `[features]`; the other sizes must be equal.
/// (`torch.cat`; Ronneberger et al. 2015, Huang et al. 2017)
pub const CONCAT_WITH: LayerDef = LayerDef {
    name: "concat_with",
    aliases: &["cat_with"],
    about: "concatenates a value saved by `save` to its input, along the channels",
    args: &[NAME.info()],
    examples: &[
        ("save(a) tanh concat_with(a)", &[2, 4, 3]),
        ("save(a) linear(3) relu concat_with(a)", &[5]),
        ("save(a) tanh concat_with(a)", &[3, 4]),
        (
            "save(a) conv2d(3, 2, stride=2) tanh upsample2d(scale_factor=2) concat_with(a)",
            &[2, 4, 6],
        ),
    ],
    build: |args, build| {
        let value = saved(args, build)?;
        let axis = build.feature_axis();
        let mut output = build.shape().to_vec();
        let added = value.shape.get(axis).copied().unwrap_or_default();
        output[axis] = added;
        if output != value.shape {
            let (name, shape) = (quote(&value.name), &value.shape);
            let message = format!("{name}, which is {shape:?}, can't be concatenated to its input");
            let help = match build.shape().len() {
                3 => "both must have the same height and width",
                _ => "all sizes but that of the features must be equal",
            };
            return Err(Refusal::from(message).help(help).saved(&value));
        }
        output[axis] = build.shape()[axis].saturating_add(added);
        let meaning = build.input_meaning().scattered();
        let layer = ConcatWith { id: value.id, axis };
        Ok(Built::new(layer, output).means(meaning.common(value.meaning.scattered())))
    },
    ..LayerDef::BASE
};

struct ConcatWith {
    id: SavedId,
    /// The dimension of a sample.
    axis: usize,
}

impl<T: Element> Layer<T> for ConcatWith {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        concat(&[x, cx.saved(self.id)], 1 + self.axis)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let inputs = [x, graph.saved(self.id)];
        let axis = (1 + self.axis).into();
        Ok(graph.node_with("Concat", &inputs, &[("axis", axis)]))
    }
}
