//! Warnings about valid but probably unintended combinations.

use tapeline_layers::{layers, losses};
use tapeline_models::{Model, presets};

#[test]
fn an_end_that_the_loss_does_not_take_is_warned_of() {
    let losses = losses();
    let warnings = |last: &str, loss: &str| {
        let text = format!("flatten linear(3) {last}");
        let model = Model::build(&text, &[1, 2, 2], &layers(), &presets()).unwrap();
        let warnings = model.warnings(losses.get(loss).unwrap());
        for warning in &warnings.diagnostics {
            let place = warning.span.start..warning.span.end;
            assert!(text.ends_with(&text[place]), "{warning:?}");
        }
        warnings.to_string()
    };
    let cases = [
        ("softmax", "cross_entropy", "leave `softmax` out"),
        ("softmax", "focal", "leave `softmax` out"),
        ("softmax", "hinge", "leave `softmax` out"),
        ("sigmoid", "bce_with_logits", "leave `sigmoid` out"),
        ("hard_sigmoid", "cross_entropy", "leave `hard_sigmoid` out"),
        ("softmax", "nll", "write `log_softmax` instead of `softmax`"),
        ("relu", "nll", "end with `log_softmax`"),
    ];
    for (last, loss, help) in cases {
        let found = warnings(last, loss);
        let all = [last, loss, help].iter().all(|part| found.contains(part));
        assert!(all, "{last} before {loss}: {found}");
    }
    for (last, loss) in [
        ("", "cross_entropy"),
        ("log_softmax", "nll"),
        ("softmax", "mse"),
        ("sigmoid", "l1"),
    ] {
        assert_eq!(warnings(last, loss), "", "{last} before {loss}");
    }
}

/// Warnings point at the layer that determines the meaning of the output, wherever it is.
#[test]
fn a_softmax_is_found_behind_layers_that_keep_its_meaning() {
    let losses = losses();
    let warnings = |text: &str, loss: &str| {
        let model = Model::build(text, &[1, 2, 2], &layers(), &presets()).unwrap();
        let warnings = model.warnings(losses.get(loss).unwrap()).diagnostics;
        let places = warnings.iter().map(|w| &text[w.span.start..w.span.end]);
        places.map(String::from).collect::<Vec<_>>()
    };
    for text in [
        "conv2d(3, 2) softmax flatten",
        "flatten linear(3) softmax dropout",
        "flatten sum[ linear(3) softmax ]",
        "conv2d(3, 1) softmax global_avgpool2d",
    ] {
        assert_eq!(warnings(text, "cross_entropy"), ["softmax"], "{text}");
        assert_eq!(warnings(text, "nll"), ["softmax"], "{text}");
        let logarithms = text.replace("softmax", "log_softmax");
        let known = !text.contains("global");
        let found = warnings(&logarithms, "nll");
        assert_eq!(found.is_empty(), known, "{logarithms}: {found:?}");
        assert_eq!(
            warnings(&logarithms, "cross_entropy"),
            [""; 0],
            "{logarithms}"
        );
    }
}

#[test]
fn a_saved_value_that_no_layer_uses_is_warned_of() {
    let losses = losses();
    let warnings = |text: &str| {
        let model = Model::build(text, &[1, 2, 2], &layers(), &presets()).unwrap();
        let warnings = model.warnings(losses.get("cross_entropy").unwrap());
        warnings.to_string()
    };
    assert_eq!(
        warnings("save(a) flatten save(b) tanh add(b) linear(3)"),
        "warning: no layer uses the value of `save(a)`
  │ save(a) flatten save(b) tanh add(b) linear(3)
  │ ^^^^^^^ help: leave it out, or use the value by `add` or `concat_with`"
    );
    let both = warnings("flatten save(a) linear(3) softmax");
    assert_eq!(both.matches("warning: ").count(), 2, "{both}");
    assert_eq!(warnings("save(a) tanh add(a) flatten"), "");
}
