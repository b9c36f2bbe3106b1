//! Layers whose ONNX nodes have a mistake, which the check must refuse.

use tapeline_layers::{
    Build, Built, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, Refusal, check,
    graph::Attribute,
};
use tapeline_spec::Args;
use tapeline_tensor::{Conv2d, Moments, ParamId, Var, batch_norm, conv2d, linear};

/// A way to write the layer as nodes, given its parameters.
type Nodes = fn(&mut Graph, GraphValue, &[ParamId]) -> GraphValue;

/// The parts of a layer under test: what it computes, and nodes that may be wrong.
#[derive(Clone, Copy)]
enum Of {
    Linear,
    Convolution,
    LeakyRelu,
    Softmax,
    BatchNorm,
}

struct Written {
    of: Of,
    params: Vec<ParamId>,
    nodes: Nodes,
}

const CONVOLUTION: Conv2d = Conv2d {
    stride: [1, 1],
    padding: [[1, 1], [1, 1]],
    dilation: [1, 1],
    groups: 1,
};

fn build(build: &mut Build, of: Of, nodes: Nodes) -> Result<Built, Refusal> {
    let params = match of {
        Of::Linear => {
            let size = build.features()?;
            let weight = build
                .weight("weight", &[size, size], Init::fan_in(size))?
                .id();
            vec![weight, build.bias("bias", &[size], Init::fan_in(size))?]
        }
        Of::Convolution => {
            let [channels, _, _] = build.image()?;
            let shape = [channels, channels, 3, 3];
            vec![
                build
                    .weight("weight", &shape, Init::fan_in(9 * channels))?
                    .id(),
            ]
        }
        Of::LeakyRelu => vec![],
        // Of an image, whose last axis is not that of the channels.
        Of::Softmax => build.image().map(|_| vec![])?,
        Of::BatchNorm => {
            let [channels, _, _] = build.image()?;
            let mean = build.buffer("mean", &[channels], 0.0)?;
            vec![mean, build.buffer("var", &[channels], 1.0)?]
        }
    };
    Ok(build.same_shape(Written { of, params, nodes }))
}

impl<T: Element> Layer<T> for Written {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let param = |i: usize| cx.param(self.params[i]);
        match self.of {
            Of::Linear => linear(x, param(0), Some(param(1))),
            Of::Convolution => conv2d(x, param(0), None, CONVOLUTION),
            Of::LeakyRelu => {
                let slope = T::of(0.2);
                let share = move |x: T| if x > T::zero() { T::one() } else { slope };
                x.map(
                    "leaky_relu",
                    move |x| x * share(x),
                    move |g, x| g * share(x),
                )
            }
            Of::Softmax => x.softmax(1),
            Of::BatchNorm => {
                let [mean, var] = [0, 1].map(|i| param(i).value().iter().copied().collect());
                batch_norm(x, None, Some(Moments { mean, var }), 1e-3).0
            }
        }
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Ok((self.nodes)(graph, x, &self.params))
    }
}

macro_rules! written {
    ($($name:ident of $of:ident on $shape:expr, $nodes:expr;)*) => {
        &[$({
            const DEF: LayerDef = LayerDef {
                name: stringify!($name),
                about: "a layer with nodes of its own",
                examples: &[(stringify!($name), &$shape)],
                build: |_: &Args, b: &mut Build| build(b, Of::$of, $nodes),
                ..LayerDef::BASE
            };
            DEF
        }),*]
    };
}

fn params<const N: usize>(graph: &mut Graph, ids: &[ParamId]) -> [GraphValue; N] {
    std::array::from_fn(|i| graph.param(ids[i]))
}

fn gemm(graph: &mut Graph, x: GraphValue, ids: &[ParamId], transposed: usize) -> GraphValue {
    let [weight, bias] = params(graph, ids);
    graph.node_with("Gemm", &[x, weight, bias], &[("transB", transposed.into())])
}

fn conv(graph: &mut Graph, x: GraphValue, ids: &[ParamId], pads: [usize; 4]) -> GraphValue {
    let [weight] = params(graph, ids);
    graph.node_with("Conv", &[x, weight], &[("pads", pads.into())])
}

fn leaky_relu(
    graph: &mut Graph,
    x: GraphValue,
    attributes: &[(&'static str, Attribute)],
) -> GraphValue {
    graph.node_with("LeakyRelu", &[x], attributes)
}

fn batch_normalization(
    graph: &mut Graph,
    x: GraphValue,
    ids: &[ParamId],
    epsilon: f64,
) -> GraphValue {
    let channels = graph.shape()[0];
    let [mean, var] = params(graph, ids);
    let [one, zero] = [1.0, 0.0].map(|number| graph.numbers(&[channels], vec![number; channels]));
    let epsilon = [("epsilon", epsilon.into())];
    graph.node_with("BatchNormalization", &[x, one, zero, mean, var], &epsilon)
}

const WRONG: &[LayerDef] = written! {
    linear_untransposed of Linear on [4], |graph, x, ids| gemm(graph, x, ids, 0);
    linear_without_bias of Linear on [4], |graph, x, ids| {
        let [weight] = params(graph, ids);
        graph.node_with("Gemm", &[x, weight], &[("transB", 1.into())])
    };
    convolution_without_pads of Convolution on [2, 5, 4], |graph, x, ids| conv(graph, x, ids, [0; 4]);
    convolution_shifted of Convolution on [2, 5, 4], |graph, x, ids| conv(graph, x, ids, [2, 1, 0, 1]);
    leaky_relu_of_default_slope of LeakyRelu on [7], |graph, x, _| leaky_relu(graph, x, &[]);
    softmax_over_the_last_axis of Softmax on [3, 2, 4], |graph, x, _| graph.node("Softmax", &[x]);
    batch_norm_of_another_epsilon of BatchNorm on [3, 2, 4], |graph, x, ids| {
        batch_normalization(graph, x, ids, 1e-5)
    };
    misspelt_attribute of LeakyRelu on [7], |graph, x, _| leaky_relu(graph, x, &[("slope", 0.2.into())]);
};

const RIGHT: &[LayerDef] = written! {
    linear_again of Linear on [4], |graph, x, ids| gemm(graph, x, ids, 1);
    convolution_again of Convolution on [2, 5, 4], |graph, x, ids| conv(graph, x, ids, [1; 4]);
    leaky_relu_again of LeakyRelu on [7], |graph, x, _| leaky_relu(graph, x, &[("alpha", 0.2.into())]);
    softmax_again of Softmax on [3, 2, 4], |graph, x, _| {
        graph.node_with("Softmax", &[x], &[("axis", 1.into())])
    };
    batch_norm_again of BatchNorm on [3, 2, 4], |graph, x, ids| {
        batch_normalization(graph, x, ids, 1e-3)
    };
};

#[test]
fn wrong_nodes_are_refused() {
    for def in WRONG {
        let found = check::layer(def).map_or_else(|failure| failure.found, |_| "nothing".into());
        assert!(found.starts_with("nodes: "), "{}: {found}", def.name);
    }
}

#[test]
fn right_nodes_pass() {
    for def in RIGHT {
        let report = check::layer(def).unwrap_or_else(|e| panic!("{e}"));
        let line = report
            .lines
            .iter()
            .find(|line| line.aspect == "nodes")
            .unwrap();
        assert_eq!(
            (line.checks, &line.skipped),
            (report.cases, &None),
            "{}",
            def.name
        );
        assert!(line.worst < 1e-12, "{}: {}", def.name, line.worst);
    }
}

/// The sine, whose nodes are none, or an operator that the interpreter doesn't know.
struct Sine {
    nodes: bool,
}

impl<T: Element> Layer<T> for Sine {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let of = |f: fn(f64) -> f64| move |x: T| T::of(f(x.widen()));
        let (sin, cos) = (of(f64::sin), of(f64::cos));
        x.map("sin", sin, move |g, x| g * cos(x))
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        match self.nodes {
            true => Ok(graph.node("Sin", &[x])),
            false => Err(graph.no_nodes()),
        }
    }
}

#[test]
fn a_layer_without_known_nodes_passes_and_the_report_says_so() {
    const SINE: LayerDef = LayerDef {
        name: "sine",
        about: "sin x",
        examples: &[("sine", &[7])],
        build: |_, build| Ok(build.same_shape(Sine { nodes: true })),
        ..LayerDef::BASE
    };
    const SILENT: LayerDef = LayerDef {
        build: |_, build| Ok(build.same_shape(Sine { nodes: false })),
        ..SINE
    };
    for (def, reason) in [
        (
            SINE,
            "node 0, `Sin` of layer 0: the interpreter doesn't know this operator",
        ),
        (SILENT, "layer 0 can't be written as ONNX nodes"),
    ] {
        let report = check::layer(&def).unwrap_or_else(|e| panic!("{e}"));
        let line = report
            .lines
            .iter()
            .find(|line| line.aspect == "nodes")
            .unwrap();
        assert_eq!((line.checks, line.skipped.as_deref()), (0, Some(reason)));
    }
}
