//! Group normalization.

use tapeline_spec::Arg;
use tapeline_tensor::{Var, group_norm};

use super::{AFFINE, Affine};
use crate::{
    Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Refusal, features::channels_first,
    layers::MAX_SIZE,
};

const NUM_GROUPS: Arg<usize> = Arg::new(
    "num_groups",
    "number of groups that the channels are divided into",
)
.range(1..=MAX_SIZE)
.tried(1..=3);

const EPS: Arg<f64> = super::EPS.inferred(1, "PyTorch's `num_channels`");

/// `(x − mean) / √(var + eps) · weight + bias`, with the mean and variance of each group of
/// channels of a sample, or of features over all tokens of a sequence. `weight` and `bias` are
/// `[channels]`. (`torch.nn.GroupNorm`; Wu, He 2018)
pub const GROUPNORM: LayerDef = LayerDef {
    name: "groupnorm",
    aliases: &["group_norm"],
    about: "group normalization over groups of channels of each sample",
    args: &[NUM_GROUPS.info(), EPS.info(), AFFINE.info()],
    examples: &[
        ("groupnorm(2)", &[4, 3, 2]),
        ("groupnorm(3, affine=false)", &[6]),
        ("groupnorm(1)", &[2, 2, 3]),
        ("groupnorm(2)", &[3, 4]),
    ],
    build: |args, build| {
        let groups = args.get(NUM_GROUPS);
        let channels = build.channels();
        if channels % groups != 0 {
            let message = format!("{groups} groups don't divide {channels} channels");
            return Err(Refusal::from(message).arg("num_groups"));
        }
        let affine = match args.get(AFFINE) {
            true => Some(Affine::declare(build, &[channels])?),
            false => None,
        };
        let eps = args.get(EPS);
        Ok(build.same_shape(GroupNorm {
            groups,
            eps,
            affine,
        }))
    },
    ..LayerDef::BASE
};

struct GroupNorm {
    groups: usize,
    eps: f64,
    affine: Option<Affine>,
}

impl<T: Element> Layer<T> for GroupNorm {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let affine = self.affine.map(|affine| affine.params(cx));
        let y = group_norm(channels_first(x), self.groups, affine, self.eps);
        channels_first(y)
    }

    /// Writes the normalization as an `InstanceNormalization` whose channels are the groups.
    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let mut shape = graph.shape().to_vec();
        let axis = graph.feature_axis();
        shape[..=axis].rotate_right(1);
        let x = graph.channels_first(x);
        let size = shape.iter().product::<usize>() / self.groups;
        let rows = graph.reshape(x, &[self.groups, size]);
        let [ones, zeros] =
            [1.0, 0.0].map(|number| graph.numbers(&[self.groups], vec![number; self.groups]));
        let eps = [("epsilon", self.eps.into())];
        let y = graph.node_with("InstanceNormalization", &[rows, ones, zeros], &eps);
        let y = graph.reshape(y, &shape);
        let y = graph.channels_first(y);
        let Some(affine) = self.affine else {
            return Ok(y);
        };
        let [weight, bias] = [affine.weight, affine.bias].map(|id| graph.by_channel(id));
        let y = graph.node("Mul", &[y, weight]);
        Ok(graph.node("Add", &[y, bias]))
    }
}
