//! Models built from arbitrary text for several input shapes: actual shapes and counts must match
//! the plan.

use tapeline_layers::{Ctx, Mode, layers};
use tapeline_models::{Labels, Model, onnx, presets};
use tapeline_tensor::{Tensor, value_and_grad};

use super::message::{expect_diagnostics, expect_readable};

/// Input shapes: features, images, and a shape whose size overflows.
const SHAPES: [&[usize]; 5] = [
    &[3],
    &[1, 28, 28],
    &[4, 5, 3],
    &[1, 1, 1],
    &[1 << 16, 1 << 16, 1 << 16, 1 << 16],
];

/// The maximum size of a model that is run: parameters + outputs of layers + multiply-adds / 100.
const SMALL: u64 = 1 << 14;

/// The maximum length of a full spec that is built again.
const SHORT: usize = 1 << 14;

pub fn run(input: &[u8]) {
    let text = &*String::from_utf8_lossy(input);
    for shape in SHAPES {
        match Model::build(text, shape, &layers(), &presets()) {
            Ok(model) => check(&model, shape),
            Err(error) => expect_diagnostics(text, &error),
        }
    }
}

fn check(model: &Model, shape: &[usize]) {
    assert_eq!(model.plan.input, shape);
    if let Some(row) = model.plan.rows.iter().rfind(|row| row.depth == 0) {
        assert_eq!(row.output, model.plan.output);
    }
    for text in [model.short(), model.full()] {
        if text.len() > SHORT {
            continue;
        }
        match Model::build(text, shape, &layers(), &presets()) {
            Ok(again) => {
                assert_eq!(again.full(), model.full());
                assert_eq!(again.plan.declared, model.plan.declared);
                assert_eq!(again.plan.output, model.plan.output);
            }
            Err(error) => panic!("{text:?} was printed, but: {error}"),
        }
    }
    if is_small(model) {
        runs(model, shape);
    }
}

fn is_small(model: &Model) -> bool {
    let plan = &model.plan;
    let outputs = plan
        .rows
        .iter()
        .map(|row| row.output.iter().product::<usize>());
    let values = plan.parameters() + outputs.sum::<usize>();
    values as u64 + plan.multiply_adds() / 100 <= SMALL
}

/// Runs forward and backward passes on two samples, and exports the model to ONNX.
fn runs(model: &Model, shape: &[usize]) {
    let params = model.init::<f32>(0);
    assert_eq!(params.count(), model.plan.parameters());
    let mut pixel = 0.37_f32;
    let x = Tensor::from_shape_simple_fn([&[2], shape].concat(), || {
        pixel = (pixel * 3.93).fract();
        pixel
    });
    let training = Mode::Training { seed: 1, step: 2 };
    for mode in [training, Mode::Evaluation] {
        let inputs = [x.clone()];
        let (_, grads, output) = value_and_grad(&params, &inputs, |tape, params, inputs| {
            let y = model.forward(&Ctx::new(tape, params, mode), inputs[0]);
            (y.sum(), y.value())
        });
        assert_eq!(output.shape(), [&[2], &model.plan.output[..]].concat());
        for (grad, param) in grads.params.iter().zip(&params) {
            if let Some(grad) = grad {
                assert_eq!(grad.shape(), param.value.shape(), "{}", param.name);
            }
        }
    }
    if let Ok(classes) = model.classes() {
        let labels = Labels {
            classes: vec![String::new(); classes],
            ..Labels::default()
        };
        if let Err(error) = onnx::message(model, &params, &labels, onnx::Options::default()) {
            expect_readable(&error);
        }
    }
}

/// Returns the examples of all layers, and two presets.
pub fn seeds() -> Vec<Vec<u8>> {
    let registry = layers();
    let examples = registry
        .iter()
        .flat_map(|def| def.examples.iter().map(|(text, _)| text));
    examples
        .map(|text| text.as_bytes().to_vec())
        .chain([b"mlp".to_vec(), b"cnn".to_vec()])
        .collect()
}
