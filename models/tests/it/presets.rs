//! The presets are the networks that they are named after.

use tapeline_layers::layers;
use tapeline_models::{Model, presets};

/// Numbers of learned values, counted by PyTorch for modules of the same definition.
#[test]
fn presets_learn_as_many_values_as_in_pytorch() {
    for (name, count) in [
        ("cnn", 105_194),
        ("convmixer", 25_418),
        ("convnext_tiny", 102_378),
        ("densenet_small", 46_210),
    ] {
        let model = Model::build(name, &[1, 28, 28], &layers(), &presets()).unwrap();
        assert_eq!(model.plan.parameters(), count, "{name}");
        assert_eq!(model.classes(), Ok(10), "{name}");
        assert_eq!(model.short(), name);
        let again = Model::build(model.full(), &[1, 28, 28], &layers(), &presets()).unwrap();
        assert_eq!(again.plan.declared, model.plan.declared, "{name}");
    }
}
