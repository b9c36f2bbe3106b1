//! A custom layer: everything it needs is in this one file.

use tapeline_layers::{
    Build, Built, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, Refusal,
};
use tapeline_spec::{Arg, Args};
use tapeline_tensor::{ParamId, Var};

const BETA: Arg<f64> = Arg::new("beta", "initial value of β")
    .default(1.0)
    .tried(0.5..=2.0);

/// `x · sigmoid(βx)` with a single learned β. (Ramachandran et al. 2017)
pub const SWISH: LayerDef = LayerDef {
    name: "swish",
    about: "x · sigmoid(βx), with a learned β",
    args: &[BETA.info()],
    examples: &[("swish", &[7]), ("swish(0.5)", &[2, 3, 4])],
    build,
    ..LayerDef::BASE
};

fn build(args: &Args, build: &mut Build) -> Result<Built, Refusal> {
    let beta = build.scale("beta", &[1], Init::Constant(args.get(BETA)))?;
    Ok(build.same_shape(Swish { beta }))
}

struct Swish {
    beta: ParamId,
}

impl<T: Element> Layer<T> for Swish {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x * (x * cx.param(self.beta)).sigmoid()
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let beta = graph.param(self.beta);
        let scaled = graph.node("Mul", &[x, beta]);
        let share = graph.node("Sigmoid", &[scaled]);
        Ok(graph.node("Mul", &[x, share]))
    }
}
