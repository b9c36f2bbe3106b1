//! Model files and weights: a file that is read must survive a round trip.

use std::{collections::BTreeMap, path::Path};

use tapeline_layers::{Declared, Init, layers};
use tapeline_models::{Labels, Model, file, onnx, presets, weights};
use tapeline_tensor::{Params, Role};

use super::message::expect_readable;

pub fn run(input: &[u8]) {
    let name = Path::new("model");
    if let Err(error) = weights::metadata(input, name) {
        expect_readable(&error);
    }
    match weights::decode(input, &declared(), name) {
        Ok(params) => {
            let written = weights::encode(&params, &BTreeMap::new());
            let again = weights::decode(&written, &declared(), name);
            assert_eq!(again.expect("it was just written"), params);
            expect_finite(&params);
        }
        Err(error) => expect_readable(&error),
    }
    match file::decode(input, name, &layers(), &presets()) {
        Ok(trained) => {
            let (model, params, labels) = (&trained.model, &trained.params, &trained.labels);
            expect_finite(params);
            let written = file::encode(model, params, labels);
            let again = file::decode(&written, name, &layers(), &presets())
                .unwrap_or_else(|error| panic!("it was just written, but: {error}"));
            assert_eq!((&again.params, &again.labels), (params, labels));
            assert_eq!(again.model.full(), model.full());
            if let Err(error) = onnx::message(model, params, labels, onnx::Options::default()) {
                expect_readable(&error);
            }
        }
        Err(error) => expect_readable(&error),
    }
}

fn expect_finite(params: &Params) {
    for param in params {
        assert!(param.value.iter().all(|x| x.is_finite()), "{}", param.name);
    }
}

/// Declares two parameters, one in each memory order.
fn declared() -> [Declared; 2] {
    [("w", false), ("v", true)].map(|(name, column_major)| Declared {
        name: name.into(),
        role: Role::Weight,
        shape: vec![2, 3],
        init: Init::Constant(0.0),
        column_major,
    })
}

/// Returns a file with the two parameters, and files of small models.
pub fn seeds() -> Vec<Vec<u8>> {
    let params = tapeline_layers::declare::init(&declared(), 0);
    let weights = weights::encode(&params, &BTreeMap::new());
    let models = [
        "flatten linear(2)",
        "conv2d(1, 2) batchnorm2d flatten linear(2)",
    ]
    .map(|text| {
        let model = Model::build(text, &[1, 3, 3], &layers(), &presets())
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let labels = Labels {
            classes: ["yes", "no"].map(String::from).to_vec(),
            ..Labels::default()
        };
        file::encode(&model, &model.init(0), &labels)
    });
    [vec![weights], models.to_vec()].concat()
}
