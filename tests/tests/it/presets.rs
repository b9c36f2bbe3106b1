//! Every preset passes the check, and every mutated rule in it is noticed.

use tapeline_layers::{LayerDef, Plan, check, layers};
use tapeline_models::presets;
use tapeline_spec::{Call, read};

/// Smaller than MNIST's images, so that the check of deep networks is fast; each of their layers still has an input of its own.
const INPUT: [usize; 3] = [1, 12, 12];

fn passes(calls: &[Call<LayerDef>], shape: &[usize]) {
    let registry = layers();
    let text: Vec<_> = calls.iter().map(Call::text).collect();
    let text = text.join(" ");
    let report = check::calls(calls, shape, &registry).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(report.failure(), None, "{text}");
    let caught = check::catches_calls(calls, shape, &registry);
    let caught = caught.unwrap_or_else(|e| panic!("{e}"));
    assert!(caught.mutants() > 0, "{text}: no mutant");
}

#[test]
fn every_preset_passes_the_check() {
    let (layers, presets) = (layers(), presets());
    for preset in presets.iter() {
        let spec = read(preset.name, &layers, &presets).unwrap();
        passes(&spec.calls(), &INPUT);
    }
}

/// A wrong rule in the first layer of many, and in the middle of them, shows.
#[test]
fn every_rule_of_a_deep_network_is_checked() {
    let layers = layers();
    let text = "8*residual[ linear(64) relu ] 6*[ linear(64) sigmoid ] linear(10)";
    let spec = read(text, &layers, &presets()).unwrap();
    let calls = spec.calls();
    passes(&calls, &[64]);
    let plan = Plan::build(&spec, &[64]).unwrap();
    let caught = check::catches_calls(&calls, &[64], &layers).unwrap();
    // Each linear layer has at least three shares, each of which is scaled, dropped and of the wrong sign, in two modes.
    let products = plan
        .rows
        .iter()
        .filter(|row| row.text.starts_with("linear"))
        .count();
    assert!(caught.mutants() > products * 3 * 3 * 2, "{caught:?}");
}
