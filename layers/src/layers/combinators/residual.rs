//! Residual connections.

use tapeline_spec::{Arg, Body};
use tapeline_tensor::{Conv2d, ParamId, Var, conv2d, linear};

use crate::{
    Build, Built, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, Refusal,
    Sequential,
};

const PROJECTION: Arg<bool> = Arg::new(
    "projection",
    "whether to project the input to the shape of the body's output if they differ",
)
.default(false);

/// `x + f(x)`, with `f` the layers in its body. If shapes differ, `projection` adds a learned
/// projection of the input instead, `s(x) + f(x)`. The weight of `s` is `shortcut.weight`: the
/// matrix `[out, in]` of a linear layer, for features and tokens, or the kernel `[out, in, 1, 1]` of a 1×1 convolution whose
/// stride matches the size of the body's output. (He et al. 2016)
pub const RESIDUAL: LayerDef = LayerDef {
    name: "residual",
    about: "adds the output of its body to the input",
    args: &[PROJECTION.info()],
    body: Body::One,
    examples: &[
        ("residual[ linear(5) relu ]", &[5]),
        ("residual[ conv2d(2, 3, padding=same) tanh ]", &[2, 4, 3]),
        ("residual[ ]", &[3]),
        ("residual(projection=true)[ linear(4) tanh ]", &[3]),
        ("residual(projection=true)[ linear(4) tanh ]", &[2, 3]),
        (
            "residual(projection=true)[ conv2d(3, 3, stride=2, padding=1) ]",
            &[2, 5, 4],
        ),
    ],
    build: |args, build| {
        let (body, output) = build.body()?;
        if output == build.shape() {
            return Ok(build.same_shape(Residual {
                body,
                shortcut: Shortcut::Identity,
            }));
        }
        let message = format!("its body outputs {output:?}, which can't be added to the input");
        if !args.get(PROJECTION) {
            return Err(Refusal::from(message)
                .help("preserve the shape in the body, or use `residual(projection=true)[ … ]`"));
        }
        let shortcut = Shortcut::declare(build, &output, message)?;
        Ok(Built::new(Residual { body, shortcut }, output))
    },
    ..LayerDef::BASE
};

/// Returns whether both shapes are `[features]`, or sequences with the same number of tokens.
fn are_alike(from: &[usize], to: &[usize]) -> bool {
    match (from, to) {
        ([tokens, _], [others, _]) => tokens == others,
        _ => from.len() == 1 && to.len() == 1,
    }
}

/// The operation applied to the input before the sum.
enum Shortcut {
    Identity,
    Linear(ParamId),
    Convolution(ParamId, Conv2d),
}

impl Shortcut {
    fn declare(build: &mut Build, output: &[usize], message: String) -> Result<Self, Refusal> {
        const NAME: &str = "shortcut.weight";
        match (build.shape(), output) {
            (&[.., from], &[.., to]) if are_alike(build.shape(), output) => {
                build.cost(&[from, to, build.tokens()]);
                let weight = build.weight(NAME, &[to, from], Init::fan_in(from))?;
                Ok(Shortcut::Linear(weight.column_major()))
            }
            (&[from, h, w], &[to, height, width]) => {
                let stride = [h.div_ceil(height), w.div_ceil(width)];
                if h.div_ceil(stride[0]) != height || w.div_ceil(stride[1]) != width {
                    let message = format!("{message} with any stride");
                    return Err(
                        Refusal::from(message).help("add padding to the layers of the body")
                    );
                }
                build.cost(&[from, to, height, width]);
                let weight = build.weight(NAME, &[to, from, 1, 1], Init::fan_in(from))?;
                let options = Conv2d {
                    stride,
                    ..Conv2d::default()
                };
                Ok(Shortcut::Convolution(weight.id(), options))
            }
            _ => Err(Refusal::from(message)),
        }
    }
}

struct Residual {
    body: Sequential,
    shortcut: Shortcut,
}

impl<T: Element> Layer<T> for Residual {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let around = match self.shortcut {
            Shortcut::Identity => x,
            Shortcut::Linear(weight) => linear(x, cx.param(weight), None),
            Shortcut::Convolution(weight, options) => conv2d(x, cx.param(weight), None, options),
        };
        around + self.body.forward(cx, x)
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let around = match self.shortcut {
            Shortcut::Identity => x,
            Shortcut::Linear(weight) => graph.linear(x, weight, None),
            Shortcut::Convolution(weight, options) => graph.conv2d(x, weight, None, options),
        };
        let y = self.body.nodes(graph, x)?;
        Ok(graph.node("Add", &[around, y]))
    }
}
