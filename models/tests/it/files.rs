//! Writing of model files, and rejection of invalid ones.

use std::{collections::BTreeMap, fs, path::Path};

use proptest::prelude::*;
use tapeline_data::{Normalisation, Preparation, Statistics};
use tapeline_layers::layers;
use tapeline_models::{Labels, Model, load, load_weights, presets, save, weights};
use tapeline_tensor::{Params, Role, Tensor};

fn model() -> Model {
    Model::build("flatten linear(2)", &[1, 1, 3], &layers(), &presets()).unwrap()
}

fn labels() -> Labels {
    Labels {
        classes: vec!["no".into(), "yes".into()],
        normalisation: Normalisation::default(),
        preparation: Preparation::Mnist,
        statistics: Statistics::new([[0.1, 0.2], [0.0, 0.0], [0.125, 0.5]]),
    }
}

fn tensor(shape: &[usize], values: impl IntoIterator<Item = f32>) -> Tensor {
    Tensor::from_shape_vec(shape, values.into_iter().collect()).unwrap()
}

fn params(entries: &[(&str, Tensor)]) -> Params {
    let mut params = Params::new();
    for (name, value) in entries {
        params.push(*name, Role::Weight, value.clone());
    }
    params
}

/// Returns the error of reading the model's weights from these entries.
fn refusal(entries: &[(&str, Tensor)]) -> String {
    let bytes = weights::encode(&params(entries), &BTreeMap::new());
    let error = weights::decode(
        &bytes,
        &model().plan.declared,
        Path::new("some.safetensors"),
    );
    error.unwrap_err().to_string()
}

#[test]
fn values_stand_in_logical_order_and_metadata_in_order() {
    // The memory order is 1 4 2 5 3 6.
    let transposed = tensor(&[3, 2], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]).reversed_axes();
    let metadata = BTreeMap::from([("b", "2".to_string()), ("a", "1".to_string())]);
    let bytes = weights::encode(&params(&[("w", transposed)]), &metadata);
    let header = r#"{"__metadata__":{"a":"1","b":"2"},"w":{"data_offsets":[0,24],"dtype":"F32","shape":[2,3]}}"#;
    let padded = header.len().next_multiple_of(8);
    assert_eq!(bytes[..8], (padded as u64).to_le_bytes());
    assert_eq!(
        std::str::from_utf8(&bytes[8..8 + padded])
            .unwrap()
            .trim_end(),
        header
    );
    let values: Vec<f32> = bytes[8 + padded..]
        .chunks(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    assert_eq!(values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn names_shapes_and_values_are_checked() {
    let weight = tensor(&[2, 3], [0.0; 6]);
    let bias = tensor(&[2], [0.0; 2]);
    assert_eq!(
        refusal(&[("1.weigth", weight.clone())]),
        "some.safetensors: doesn't fit the model: it lacks `1.weight`, `1.bias`; it has unexpected `1.weigth`"
    );
    assert_eq!(
        refusal(&[
            ("1.weight", tensor(&[3, 2], [0.0; 6])),
            ("1.bias", bias.clone())
        ]),
        "some.safetensors: doesn't fit the model: `1.weight` has shape [3, 2], but the model wants [2, 3]"
    );
    assert_eq!(
        refusal(&[
            ("1.weight", weight.clone()),
            ("1.bias", tensor(&[2], [0.0, f32::NAN]))
        ]),
        "some.safetensors: doesn't fit the model: `1.bias` holds NaN at index 1"
    );
    assert_eq!(
        refusal(&[
            ("1.bias", tensor(&[3], [0.0; 3])),
            ("1.wait", weight.clone())
        ]),
        "some.safetensors: doesn't fit the model: it lacks `1.weight`; it has unexpected `1.wait`; `1.bias` has shape [3], but the model wants [2]"
    );
    let tracked = [
        ("1.weight", weight),
        ("1.bias", bias),
        ("0.num_batches_tracked", tensor(&[], [7.0])),
    ];
    let bytes = weights::encode(&params(&tracked), &BTreeMap::new());
    assert_eq!(
        weights::decode(&bytes, &model().plan.declared, Path::new(""))
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn another_type_of_number_is_refused() {
    let bytes = weights::encode(
        &params(&[
            ("1.weight", tensor(&[2, 3], [0.0; 6])),
            ("1.bias", tensor(&[2], [0.0; 2])),
        ]),
        &BTreeMap::new(),
    );
    let places: Vec<_> = (0..bytes.len() - 2)
        .filter(|&i| &bytes[i..i + 3] == b"F32")
        .collect();
    let mut bytes = bytes;
    for place in places {
        bytes[place] = b'I';
    }
    let error = weights::decode(&bytes, &model().plan.declared, Path::new("f")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "f: doesn't fit the model: `1.weight` has type I32, but F32, F64, F16 or BF16 is wanted; `1.bias` has type I32, but F32, F64, F16 or BF16 is wanted"
    );
}

#[test]
fn every_part_of_the_metadata_is_needed_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.safetensors");
    let model = model();
    let params = model.init(0);
    save(&file, &model, &params, &labels()).unwrap();
    let good = weights::metadata(&fs::read(&file).unwrap(), &file).unwrap();

    let with = |changes: &[(&str, Option<&str>)]| {
        let mut metadata: BTreeMap<&str, String> =
            good.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        for (name, value) in changes {
            match value {
                Some(value) => metadata.insert(name, value.to_string()),
                None => metadata.remove(name),
            };
        }
        fs::write(&file, weights::encode(&params, &metadata)).unwrap();
        load(&file, &layers(), &presets())
            .map(drop)
            .map_err(|e| e.problem)
    };
    assert_eq!(with(&[]), Ok(()));
    // Older files don't have these.
    let later = ["preparation", "statistics"];
    assert!(later.iter().all(|name| good.contains_key(*name)));
    assert_eq!(with(&later.map(|name| (name, None))), Ok(()));
    for name in good.keys().filter(|name| !later.contains(&name.as_str())) {
        let problem = with(&[(name, None)]).unwrap_err();
        assert!(
            problem.starts_with(&format!("has no `{name}` in its metadata")),
            "{problem}"
        );
    }
    let cases = [
        (
            "format",
            "other-9",
            "has format `other-9`, but this program reads `tapeline-1`",
        ),
        (
            "input",
            "1x28x",
            "its input `1x28x` is not a shape like 1x28x28",
        ),
        (
            "input",
            "1x0x3",
            "its input `1x0x3` is not a shape like 1x28x28",
        ),
        (
            "spec",
            "flatten liner(2)",
            "its spec is wrong: unknown layer `liner`; did you mean `linear`?",
        ),
        (
            "spec",
            "flatten linear(3)",
            "names 2 classes, but its model outputs 3",
        ),
        (
            "classes",
            "[\"no\"]",
            "names 1 classes, but its model outputs 2",
        ),
        (
            "normalisation",
            "{\"scale\":1,\"mean\":0}",
            "its normalisation has no finite `std`",
        ),
        (
            "normalisation",
            "{\"scale\":1,\"mean\":0,\"std\":0}",
            "its normalisation is wrong: `std` must be a finite number above 0, got 0",
        ),
        (
            "normalisation",
            "{\"scale\":-1,\"mean\":0,\"std\":1}",
            "its normalisation is wrong: `scale` must be a finite number above 0, got -1",
        ),
        (
            "normalisation",
            "{\"scale\":1,\"mean\":0,\"std\":1e-40}",
            "its normalisation is wrong: maps pixels 0 and 255 to 0 and inf",
        ),
        (
            "preparation",
            "imagenet",
            "its preparation `imagenet` is unknown",
        ),
        (
            "statistics",
            "{\"mean\":[0,1],\"ink\":[0,1]}",
            "its statistics `{\"mean\":[0,1],\"ink\":[0,1]}` are not ranges of figures",
        ),
        (
            "statistics",
            "{\"mean\":[1,0],\"ink\":[0,1],\"contrast\":[0,1]}",
            "its statistics `{\"mean\":[1,0],\"ink\":[0,1],\"contrast\":[0,1]}` are not ranges of figures",
        ),
        (
            "input",
            "1x1x4",
            "doesn't fit the model: `1.weight` has shape [2, 3], but the model wants [2, 4]",
        ),
    ];
    for (name, value, problem) in cases {
        assert_eq!(
            with(&[(name, Some(value))]),
            Err(problem.into()),
            "{name} = {value}"
        );
    }
    for (name, value) in [("classes", "no"), ("normalisation", "[]")] {
        let problem = with(&[(name, Some(value))]).unwrap_err();
        assert!(
            problem.starts_with(&format!("its {name} can't be read: ")),
            "{problem}"
        );
    }
}

#[test]
fn weights_go_beside_a_spec() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.safetensors");
    let params = model().init(3);
    fs::write(&file, weights::encode(&params, &BTreeMap::new())).unwrap();
    assert_eq!(load_weights(&file, &model()).unwrap(), params);
    let error = load(&file, &layers(), &presets())
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("it holds weights only: pass them together with a spec"),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("file");
    fs::write(&beside, "a file, not a folder").unwrap();
    let error = save(
        &beside.join("m.safetensors"),
        &model(),
        &model().init(0),
        &labels(),
    )
    .unwrap_err();
    assert!(error.problem.starts_with("can't be written: "), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Creates a file with one tensor `0.weight`, `[1, n]`, of a type.
fn of_type(dtype: &str, count: usize, data: &[u8]) -> Result<Vec<f32>, String> {
    let header = format!(
        r#"{{"0.weight":{{"dtype":"{dtype}","shape":[1,{count}],"data_offsets":[0,{}]}}}}"#,
        data.len()
    );
    let bytes = [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        data,
    ]
    .concat();
    let model = Model::build("linear(1, bias=false)", &[count], &layers(), &presets()).unwrap();
    let params = weights::decode(&bytes, &model.plan.declared, Path::new("f"));
    let values = |params: Params| params.iter().flat_map(|p| p.value.clone()).collect();
    params.map(values).map_err(|e| e.problem)
}

fn half_precision(bits: u16) -> f32 {
    half::f16::from_bits(bits).into()
}

#[test]
fn every_number_of_16_bits_is_read_exactly() {
    let types = [
        ("F16", half_precision as fn(u16) -> f32),
        ("BF16", |bits| half::bf16::from_bits(bits).into()),
    ];
    for (dtype, number) in types {
        let (finite, other): (Vec<u16>, Vec<u16>) =
            (0..=u16::MAX).partition(|&bits| number(bits).is_finite());
        let data: Vec<_> = finite.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let read = of_type(dtype, finite.len(), &data).unwrap();
        for (bits, read) in finite.into_iter().zip(read) {
            assert_eq!(
                read.to_bits(),
                number(bits).to_bits(),
                "{dtype} {bits:#06x}"
            );
        }
        for bits in other {
            let problem = of_type(dtype, 1, &bits.to_le_bytes()).unwrap_err();
            let holds = format!("`0.weight` holds {} at index 0", number(bits));
            assert!(problem.ends_with(&holds), "{dtype} {bits:#06x}: {problem}");
        }
    }
}

proptest! {
    #[test]
    fn wide_numbers_are_rounded(numbers in prop::collection::vec(-1e38..1e38_f64, 1..9)) {
        let data: Vec<_> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let rounded: Vec<_> = numbers.iter().map(|&x| x as f32).collect();
        prop_assert_eq!(of_type("F64", numbers.len(), &data), Ok(rounded));
    }

    #[test]
    fn tensors_stand_in_any_order(seed: u64, places in Just((0..6).collect::<Vec<_>>()).prop_shuffle()) {
        let text = "linear(3) batchnorm1d linear(2, bias=false)";
        let model = Model::build(text, &[4], &layers(), &presets()).unwrap();
        let wanted = model.init::<f32>(seed);
        let entries: Vec<_> = wanted.iter().collect();
        let mut shuffled = Params::new();
        for place in places.into_iter().chain([6]) {
            shuffled.push(&entries[place].name, entries[place].role, entries[place].value.clone());
        }
        let bytes = weights::encode(&shuffled, &BTreeMap::new());
        let read = weights::decode(&bytes, &model.plan.declared, Path::new("f"));
        prop_assert_eq!(read.unwrap(), wanted);
    }
}

#[test]
fn a_number_too_large_for_f32_is_refused() {
    let problem = of_type("F64", 1, &1e300_f64.to_le_bytes()).unwrap_err();
    assert!(
        problem.ends_with("`0.weight` holds 1e300 at index 0"),
        "{problem}"
    );
}
