//! The parametric rectified linear unit.

use ndarray::Zip;
use tapeline_spec::Arg;
use tapeline_tensor::{
    ParamId, Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
};

use crate::{Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes};

const PER_CHANNEL: Arg<bool> =
    Arg::new("per_channel", "whether to learn one slope per channel").default(false);
const INIT: Arg<f64> = Arg::new("init", "initial slope")
    .default(0.25)
    .tried(-1.0..=1.5);

/// `x` if `x > 0`, else `a x`, with a learned `a`, shared or per channel; the derivative at 0 is
/// `a`. `weight` is `[1]` or `[channels]`. (`torch.nn.PReLU`; He et al. 2015)
pub const PRELU: LayerDef = LayerDef {
    name: "prelu",
    about: "parametric rectified linear unit, x if x > 0, else a learned multiple of x",
    args: &[PER_CHANNEL.info(), INIT.info()],
    examples: &[
        ("prelu", &[7]),
        ("prelu(per_channel=true)", &[3, 2, 4]),
        ("prelu(true, init=-0.5)", &[5]),
        ("prelu(per_channel=true)", &[2, 3]),
    ],
    build: |args, build| {
        let channels = match args.get(PER_CHANNEL) {
            true => build.channels(),
            false => 1,
        };
        let init = Init::Constant(args.get(INIT));
        let weight = build.scale("weight", &[channels], init)?;
        let axis = 1 + build.feature_axis();
        Ok(build.same_shape(PRelu { weight, axis }))
    },
    ..LayerDef::BASE
};

struct PRelu {
    weight: ParamId,
    /// The axis of the channels, with the batch.
    axis: usize,
}

impl<T: Element> Layer<T> for PRelu {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let weight = cx.param(self.weight);
        let mut shape = vec![1; x.ndim()];
        shape[self.axis] = weight.shape()[0];
        prelu(x, weight.reshape(&shape))
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let weight = graph.by_channel(self.weight);
        Ok(graph.node("PRelu", &[x, weight]))
    }
}

fn prelu<'t, T: Scalar>(x: Var<'t, T>, slope: Var<'t, T>) -> Var<'t, T> {
    let (input, slopes) = (x.value(), slope.value());
    let (zero, one) = (T::zero(), T::one());
    let below = move |x: T| if x > zero { zero } else { x };
    let zeros = |like: &Tensor<T>| Buffer::zeros(like.len()).into_tensor(like.shape());
    let mut value = zeros(&input);
    Zip::from(&mut value)
        .and(&input)
        .and_broadcast(&slopes)
        .for_each(|y, &x, &slope| *y = x + below(x) * slope - below(x));
    x.tape().op("prelu", value, [x, slope], move |g, need| {
        let slope = need[1].then(|| {
            let mut share = zeros(&input);
            let parts = Zip::from(&mut share).and(&g).and(&input);
            parts.for_each(|share, &g, &x| *share = g * below(x));
            share
        });
        let x = need[0].then(|| {
            let mut share = zeros(&input);
            let parts = Zip::from(&mut share).and(&g).and(&input);
            parts
                .and_broadcast(&slopes)
                .for_each(|share, &g, &x, &slope| {
                    let above = if x > zero { one } else { zero };
                    *share = g * (above + (one - above) * slope);
                });
            share
        });
        give_back(g);
        [x, slope]
    })
}
