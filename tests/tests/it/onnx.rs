//! ONNX files of everything registered, read back: names, order and values are sound. That they compute the same is seen by
//! `models/tests/python/onnx_check.py`.

use std::collections::BTreeSet;

use proptest::prelude::*;
use prost::Message;
use tapeline_data::Normalisation;
use tapeline_layers::{Ctx, Element, Layer, LayerDef, Meaning, layers, strategies::network};
use tapeline_models::{
    Labels, Model,
    onnx::{
        self, IR_VERSION, OPSET, OnnxError, Options,
        proto::{DataType, ModelProto},
    },
    presets,
};
use tapeline_tensor::Var;

const ALL: Options = Options {
    normalise: true,
    uint8: true,
    softmax: true,
};

fn labels() -> Labels {
    Labels {
        classes: vec!["a \"b\"".into()],
        normalisation: Normalisation {
            scale: 0.5,
            mean: 0.25.into(),
            std: 2.0.into(),
        },
        ..Labels::default()
    }
}

fn model(text: &str, input: &[usize]) -> Model {
    Model::build(text, input, &layers(), &presets()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Writes a file and reads it.
fn there_and_back(model: &Model, options: Options) -> ModelProto {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.onnx");
    onnx::save(&file, model, &model.init(1), &labels(), options).unwrap();
    ModelProto::decode(&*std::fs::read(file).unwrap()).unwrap()
}

/// Everything that a reader relies on.
fn is_sound(model: &Model, options: Options) {
    let text = model.full();
    let message = there_and_back(model, options);
    assert_eq!(
        (message.ir_version, message.opset_import[0].version),
        (IR_VERSION, OPSET)
    );
    let graph = message.graph.unwrap();

    let mut known = BTreeSet::from([graph.input[0].name.clone()]);
    let params = model.init::<f32>(1);
    for tensor in &graph.initializer {
        assert!(known.insert(tensor.name.clone()), "{text}: {}", tensor.name);
        let count: i64 = tensor.dims.iter().product();
        let size = if tensor.name.contains("sizes") { 8 } else { 4 };
        assert_eq!(tensor.raw_data.len(), count as usize * size, "{text}");
    }
    for param in &params {
        let tensor = graph.initializer.iter().find(|t| t.name == param.name);
        let tensor = tensor.unwrap_or_else(|| panic!("{text}: no {}", param.name));
        let shape: Vec<_> = tensor.dims.iter().map(|&size| size as usize).collect();
        assert_eq!(shape, param.value.shape(), "{text}");
        let bytes: Vec<_> = param.value.iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(tensor.raw_data, bytes, "{text}");
    }

    let (mut names, mut used) = (BTreeSet::new(), BTreeSet::new());
    for node in &graph.node {
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            assert!(known.contains(input), "{text}: {} takes {input}", node.name);
            used.insert(input.clone());
        }
        for output in &node.output {
            assert!(known.insert(output.clone()), "{text}: a second {output}");
        }
        assert!(names.insert(&node.name), "{text}: a second {}", node.name);
    }
    let output = &graph.output[0];
    used.insert(output.name.clone());
    assert_eq!(used, known, "{text}: what is there and what is used");

    let kind = |info: &onnx::proto::ValueInfoProto| {
        info.r#type.clone().unwrap().tensor_type.unwrap().elem_type
    };
    let taken = if options.uint8 {
        DataType::Uint8
    } else {
        DataType::Float
    };
    let kinds = (kind(&graph.input[0]), kind(output));
    assert_eq!(kinds, (taken as i32, DataType::Float as i32), "{text}");
    let casts = graph.node.iter().filter(|node| node.op_type == "Cast");
    assert_eq!(casts.count(), usize::from(options.uint8), "{text}");

    let sizes = |info: &onnx::proto::ValueInfoProto| {
        let tensor = info.r#type.clone().unwrap().tensor_type.unwrap();
        let sizes = tensor.shape.unwrap().dim.into_iter();
        let sizes = sizes.map(|dim| (dim.dim_param.unwrap_or_default(), dim.dim_value));
        sizes.collect::<Vec<_>>()
    };
    for (info, shape) in [
        (&graph.input[0], &model.plan.input),
        (output, &model.plan.output),
    ] {
        let fixed = shape.iter().map(|&size| (String::new(), Some(size as i64)));
        let expected: Vec<_> = [("n".to_string(), None)].into_iter().chain(fixed).collect();
        assert_eq!(sizes(info), expected, "{text}");
    }
}

#[test]
fn every_example_and_every_preset_is_written() {
    for def in layers().iter() {
        for (text, input) in def.examples {
            let model = model(text, input);
            is_sound(&model, Options::default());
            let softmax = model.meaning() != Meaning::Probabilities && !input.is_empty();
            is_sound(&model, Options { softmax, ..ALL });
        }
    }
    for preset in presets().iter() {
        is_sound(&model(preset.name, &[1, 28, 28]), Options::default());
        is_sound(&model(preset.name, &[1, 28, 28]), ALL);
    }
}

proptest! {
    #[test]
    fn drawn_networks_are_written(
        network in network(&layers(), 1..=8), normalise: bool, uint8: bool, softmax: bool,
    ) {
        let model = model(&network.text, &network.input);
        let options = Options { normalise, uint8, softmax };
        is_sound(&model, options);
        prop_assert_eq!(there_and_back(&model, options), there_and_back(&model, options));
    }
}

#[test]
fn the_file_says_what_it_holds() {
    let named = |text: &str, options| {
        let message = there_and_back(&model(text, &[3]), options);
        let entries = message.metadata_props.into_iter();
        let entries: Vec<_> = entries.map(|entry| (entry.key, entry.value)).collect();
        (message.graph.unwrap().output[0].name.clone(), entries)
    };
    let softmax = Options {
        softmax: true,
        ..Options::default()
    };
    for (text, options, output) in [
        ("linear(1)", Options::default(), "logits"),
        ("linear(1)", softmax, "probabilities"),
        ("linear(1) softmax", Options::default(), "probabilities"),
        (
            "sum[ linear(1) softmax ] dropout",
            Options::default(),
            "probabilities",
        ),
        (
            "linear(1) log_softmax",
            Options::default(),
            "log_probabilities",
        ),
        ("linear(1) log_softmax", softmax, "probabilities"),
        ("linear(1) sigmoid", Options::default(), "logits"),
        ("dropout", Options::default(), "logits"),
    ] {
        assert_eq!(named(text, options).0, output, "{text}");
    }
    let entry = |key: &str, value: &str| (key.to_string(), value.to_string());
    let expected = [
        entry("classes", r#"["a \"b\""]"#),
        entry("input", "3"),
        entry("normalisation", r#"{"mean":0.25,"scale":0.5,"std":2.0}"#),
        entry("spec", model("linear(1)", &[3]).full()),
    ];
    assert_eq!(named("linear(1)", Options::default()).1, expected);
    let (_, mut entries) = named("linear(1)", ALL);
    entries.insert(2, expected[2].clone());
    assert_eq!(entries, expected, "the normalisation alone is absent");
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
fn a_layer_that_is_not_written_is_shown_in_the_spec() {
    let registry = layers().with(SILENT).unwrap();
    let text = "tanh residual[ relu silent ] linear(3)";
    let model = Model::build(text, &[3], &registry, &presets()).unwrap();
    let error = onnx::message(&model, &model.init(0), &labels(), ALL).unwrap_err();
    let OnnxError::Spec(error) = error else {
        panic!("{error}");
    };
    let wanted = "error: `silent` can't be exported to ONNX
  │ tanh residual[ relu silent ] linear(3)
  │                     ^^^^^^";
    assert!(error.to_string().starts_with(wanted), "{error}");
    assert_eq!(error.diagnostics.len(), 1);
}
