//! Every registered layer and preset can be exported as Python source. That the source computes the
//! same is seen by `python/torch_check.py`.

use std::path::Path;

use tapeline_layers::{Built, Ctx, Element, Layer, LayerDef, layers};
use tapeline_models::{Labels, Model, presets, torch};
use tapeline_spec::Registry;
use tapeline_tensor::Var;

fn source(spec: &str, input: &[usize], layers: &Registry<LayerDef>) -> Result<String, String> {
    let presets = presets();
    let model = Model::build(spec, input, layers, &presets).unwrap();
    let labels = Labels {
        classes: vec!["a \"b\"\n".into()],
        ..Labels::default()
    };
    let weights = Path::new("a \"b\".safetensors");
    let source = torch::source(&model, &labels, weights, (layers, &presets));
    source.map_err(|error| error.to_string())
}

#[test]
fn every_example_and_every_preset_has_a_source() {
    let layers = layers();
    let examples = layers.iter().flat_map(|def| def.examples);
    let examples: Vec<_> = examples.map(|(spec, input)| (*spec, *input)).collect();
    let presets = presets();
    let names = presets.iter().map(|preset| (preset.name, &[1, 28, 28][..]));
    for (spec, input) in examples.into_iter().chain(names) {
        let source = source(spec, input, &layers).unwrap_or_else(|e| panic!("{spec}: {e}"));
        for (open, close) in [('(', ')'), ('[', ']')] {
            assert_eq!(
                source.matches(open).count(),
                source.matches(close).count(),
                "{source}"
            );
        }
        assert!(source.contains(r#"CLASSES = ["a \"b\"\n"]"#), "{source}");
        assert!(
            source.contains(r#"load_file(file or Path(__file__).parent / "a \"b\".safetensors")"#),
            "{source}"
        );
    }
}

/// A body that saves a value under a name that it can see keeps the value outside.
#[test]
fn saved_values_have_keys_of_their_own() {
    let spec = "save(a) residual[ save(a) tanh add(a) sum[ add(a) | save(a) add(a) ] ] add(a)";
    let source = source(spec, &[2], &layers()).unwrap();
    for (line, count) in [
        ("Save(saved, \"a\"),", 1),
        ("Add(saved, \"a\"),", 1),
        ("Save(saved, \"1.a\"),", 1),
        ("Add(saved, \"1.a\"),", 2),
        ("Save(saved, \"1.3.1.a\"),", 1),
        ("Add(saved, \"1.3.1.a\"),", 1),
        ("        saved = {}\n        super().__init__(\n", 1),
        ("        self.saved.clear()\n", 1),
    ] {
        assert_eq!(source.matches(line).count(), count, "{line}: {source}");
    }
}

struct Other;

impl<T: Element> Layer<T> for Other {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x
    }
}

/// A layer of someone else is named, with its place.
#[test]
fn an_unknown_layer_is_refused() {
    const OTHER: LayerDef = LayerDef {
        name: "other",
        build: |_, build| Ok::<Built, _>(build.same_shape(Other)),
        ..LayerDef::BASE
    };
    let layers = layers().with(OTHER).unwrap();
    let error = source("linear(2) residual[ tanh other ]", &[2], &layers).unwrap_err();
    for part in ["`other` has no counterpart", "^^^^^"] {
        assert!(error.contains(part), "{error}");
    }
}
