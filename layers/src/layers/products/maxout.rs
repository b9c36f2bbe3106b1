//! Maxout.

use tapeline_spec::Arg;
use tapeline_tensor::Var;

use super::{
    BIAS, INIT, init,
    linear::{Linear, OUT_FEATURES},
};
use crate::{Built, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes};

const PIECES: Arg<usize> = Arg::new("pieces", "number of linear pieces of each output feature")
    .range(1..=1024)
    .default(2)
    .tried(1..=4);

/// The maximum of `pieces` linear functions for each output feature: `[in]` to `[out]`, or
/// `[tokens, in]` to `[tokens, out]`. `weight` is
/// `[out · pieces, in]` and `bias` is `[out · pieces]`; the pieces of a feature are adjacent. Both
/// are initialized as those of `linear`. Pieces that share the maximum have equal parts of its
/// gradient. (Goodfellow et al. 2013)
pub const MAXOUT: LayerDef = LayerDef {
    name: "maxout",
    about: "maximum of several linear functions for each output feature",
    args: &[OUT_FEATURES.info(), PIECES.info(), BIAS.info(), INIT.info()],
    examples: &[
        ("maxout(3)", &[5]),
        ("maxout(4, 3)", &[2]),
        ("maxout(2)", &[3, 4]),
        ("maxout(2, pieces=4, bias=false, init=kaiming_normal)", &[6]),
    ],
    build: |args, build| {
        let sizes = [args.get(OUT_FEATURES), args.get(PIECES)];
        let (inputs, all) = (build.features()?, sizes.iter().product());
        build.fits(&build.with_channels(all))?;
        let weight = init(args.get(INIT), inputs, all);
        let bias = args.get(BIAS).then(|| Init::fan_in(inputs));
        let linear = Linear::declare(build, "", [inputs, all], weight, bias)?;
        let output = build.with_channels(sizes[0]);
        Ok(Built::new(Maxout { linear, sizes }, output))
    },
    ..LayerDef::BASE
};

struct Maxout {
    linear: Linear,
    /// Output features, and the pieces of each.
    sizes: [usize; 2],
}

impl<T: Element> Layer<T> for Maxout {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let all = self.linear.forward(cx, x);
        let (shape, axis) = (x.shape(), x.ndim());
        let pieces = all.reshape(&[&shape[..axis - 1], &self.sizes].concat());
        pieces.max_axis(axis)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let all = Layer::<T>::nodes(&self.linear, graph, x)?;
        let (shape, axis) = (graph.shape().to_vec(), graph.feature_axis());
        let all = graph.reshape(all, &[&shape[..axis], &self.sizes].concat());
        let axis = graph.sizes(&[axis + 2]);
        Ok(graph.node_with("ReduceMax", &[all, axis], &[("keepdims", 0.into())]))
    }
}
