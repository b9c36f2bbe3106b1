//! What is allowed, but hardly meant.

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
        ("softmax", "nll", "end with `log_softmax`"),
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
