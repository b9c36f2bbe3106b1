//! Root mean square normalization.

use tapeline_spec::Arg;
use tapeline_tensor::{ParamId, Var, rms_norm};

use super::normalized;
use crate::{Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, features::by_token};

const EPS: Arg<f64> = Arg::new("eps", "added to the mean square for numerical stability")
    .keyword_only()
    .inferred(0, "PyTorch's `normalized_shape`")
    .default(f32::EPSILON as f64)
    .above(0.0);
const AFFINE: Arg<bool> = Arg::new("affine", "whether to learn a weight")
    .keyword_only()
    .default(true);

/// `x / √(mean(x²) + eps) · weight`, with the mean over all values of a sample, or of each token
/// of a sequence. `weight` has the shape of a sample, or of a token: `[features]`. (`torch.nn.RMSNorm`; Zhang, Sennrich 2019)
pub const RMSNORM: LayerDef = LayerDef {
    name: "rmsnorm",
    aliases: &["rms_norm"],
    about: "root mean square normalization over all values of each sample or token",
    args: &[EPS.info(), AFFINE.info()],
    examples: &[
        ("rmsnorm", &[7]),
        ("rmsnorm(eps=0.01)", &[2, 3, 4]),
        ("rmsnorm", &[3, 4]),
        ("rmsnorm(affine=false)", &[5]),
    ],
    build: |args, build| {
        let weight = match args.get(AFFINE) {
            true => {
                let shape = normalized(build.shape());
                Some(build.scale("weight", shape, Init::Constant(1.0))?)
            }
            false => None,
        };
        let eps = args.get(EPS);
        Ok(build.same_shape(RmsNorm { eps, weight }))
    },
    ..LayerDef::BASE
};

struct RmsNorm {
    eps: f64,
    weight: Option<ParamId>,
}

impl<T: Element> Layer<T> for RmsNorm {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let weight = self.weight.map(|id| cx.param(id));
        by_token(x, |x| rms_norm(x, weight, self.eps))
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let dimensions: Vec<_> = (1 + graph.feature_axis()..=graph.shape().len()).collect();
        let (dimensions, eps) = (graph.sizes(&dimensions), graph.number(self.eps));
        let squares = graph.node("Mul", &[x, x]);
        let mean = graph.node("ReduceMean", &[squares, dimensions]);
        let mean = graph.node("Add", &[mean, eps]);
        let root = graph.node("Sqrt", &[mean]);
        let y = graph.node("Div", &[x, root]);
        let Some(weight) = self.weight else {
            return Ok(y);
        };
        let weight = graph.param(weight);
        Ok(graph.node("Mul", &[y, weight]))
    }
}
