//! Every layer says how it is written as nodes.

use std::collections::BTreeSet;

use tapeline_layers::{
    Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, Plan, graph::ValueSource, layers,
};
use tapeline_spec::{Presets, Registry, read};
use tapeline_tensor::Var;

/// The graph of a spec, and its output.
fn graph(
    text: &str,
    shape: &[usize],
    registry: &Registry<LayerDef>,
) -> (Plan, Result<(Graph, GraphValue), NoNodes>) {
    let spec = read(text, registry, &Presets::new()).unwrap();
    let plan = Plan::build(&spec, shape).unwrap();
    let mut graph = Graph::new(shape);
    let x = graph.input();
    let written = plan.chain.nodes(&mut graph, x).map(|y| (graph, y));
    (plan, written)
}

/// The operations, in order.
fn ops(text: &str, shape: &[usize]) -> Vec<&'static str> {
    let (graph, _) = graph(text, shape, &layers()).1.unwrap();
    graph.nodes().iter().map(|node| node.op).collect()
}

#[test]
fn every_layer_is_written_with_all_its_parameters() {
    for def in layers().iter() {
        for (text, shape) in def.examples {
            let (plan, written) = graph(text, shape, &layers());
            let (graph, output) = written.unwrap_or_else(|e| panic!("{text}: {e}"));
            let mut used = BTreeSet::new();
            for (place, node) in graph.nodes().iter().enumerate() {
                assert_eq!(
                    graph.source(node.output),
                    &ValueSource::Node(place),
                    "{text}"
                );
                for &input in &node.inputs {
                    match graph.source(input) {
                        ValueSource::Node(earlier) => assert!(*earlier < place, "{text}"),
                        ValueSource::Param(id) => _ = used.insert(id.index()),
                        _ => {}
                    }
                }
            }
            assert!(used.into_iter().eq(0..plan.declared.len()), "{text}");
            let last = graph.nodes().last().map(|node| node.output);
            assert_eq!(output, last.unwrap_or(graph.input()), "{text}");
        }
    }
}

#[test]
fn what_only_training_does_leaves_no_node() {
    let text = "dropout(0.9) dropout2d gaussian_noise alpha_dropout drop_path relu";
    assert_eq!(ops(text, &[2, 3, 4]), ["Relu"]);
    let ops = ops("batchnorm2d(affine=false)", &[2, 3, 4]);
    assert_eq!(ops, ["BatchNormalization"]);
}

#[test]
fn layers_that_became_one_are_written_one_by_one() {
    let text = "conv2d(2, 3) relu maxpool2d(2) relu flatten linear(3)";
    let expected = ["Conv", "Relu", "MaxPool", "Relu", "Flatten", "Gemm"];
    assert_eq!(ops(text, &[1, 6, 6]), expected);
}

#[test]
fn nodes_have_the_places_of_their_layers() {
    let text = "flatten residual[ sum[ tanh | linear(12) ] ] sigmoid";
    let (graph, _) = graph(text, &[1, 3, 4], &layers()).1.unwrap();
    let found: Vec<_> = graph
        .nodes()
        .iter()
        .map(|node| (&*node.path, node.op))
        .collect();
    let expected = [
        ("0", "Flatten"),
        ("1.0.0.0", "Tanh"),
        ("1.0.1.0", "Gemm"),
        ("1.0", "Sum"),
        ("1", "Add"),
        ("2", "Sigmoid"),
    ];
    assert_eq!(found, expected);
}

struct Silent;

impl<T: Element> Layer<T> for Silent {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x
    }
}

const SILENT: LayerDef = LayerDef {
    name: "silent",
    build: |_, build| Ok(build.same_shape(Silent)),
    ..LayerDef::BASE
};

#[test]
fn a_layer_that_does_not_say_it_is_named() {
    let registry = layers().with(SILENT).unwrap();
    for (text, path) in [
        ("tanh silent", "1"),
        (
            "residual[ tanh sum[ tanh | 2*relu silent ] ] silent",
            "0.1.1.2",
        ),
    ] {
        let error = graph(text, &[2, 3, 4], &registry).1.err().unwrap();
        assert_eq!(error.path, path, "{text}");
    }
}
