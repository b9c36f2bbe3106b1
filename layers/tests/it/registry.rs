//! Everything registered holds what is asked of all.

use tapeline_layers::{LayerDef, NamedLoss, Plan, check, layers, losses};
use tapeline_spec::{Presets, Registry, SpecError, read};

/// Runs a test for each entry and reports all failures at once.
fn each<D>(entries: impl Iterator<Item = D>, test: impl Fn(D) -> Result<(), String>) {
    let failures: Vec<_> = entries.filter_map(|entry| test(entry).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_layer_passes_the_check() {
    each(layers().iter(), |def| {
        let report = check::layer(def).map_err(|e| e.to_string())?;
        // A layer that refuses nearly all that its keys draw is hardly checked.
        if report.cases < 4 || report.refused > 3 * report.cases {
            let (cases, refused) = (report.cases, report.refused);
            return Err(format!("{}: {refused} refused, {cases} cases", def.name));
        }
        Ok(())
    });
}

#[test]
fn every_mutated_rule_is_noticed() {
    each(layers().iter(), |def| {
        let caught = check::catches(def).map_err(|e| e.to_string())?;
        // `flatten` and the like have rules with few mutants, and `shape` has no rule.
        if caught.mutants() < 4 && !caught.is_empty() {
            return Err(format!(
                "{}: only {} mutated rules",
                def.name,
                caught.mutants()
            ));
        }
        Ok(())
    });
}

#[test]
fn every_loss_passes_the_check() {
    each(losses().iter(), |def| {
        let report = check::loss(def).map_err(|e| e.to_string())?;
        if report.cases == 0 || report.refused > 3 * report.cases {
            let (cases, refused) = (report.cases, report.refused);
            return Err(format!("{}: {refused} refused, {cases} cases", def.name));
        }
        Ok(())
    });
}

fn build(text: &str, shape: &[usize], registry: &Registry<LayerDef>) -> Result<Plan, Vec<String>> {
    let list = |error: SpecError| {
        error
            .diagnostics
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let spec = read(text, registry, &Presets::new()).map_err(list)?;
    Plan::build(&spec, shape).map_err(list)
}

#[test]
fn names_are_pytorchs() {
    let plan = build(
        "conv2d(2, 3) relu residual[ conv2d(2, 3, padding=1) 2*residual[ conv2d(2, 1, bias=false) ] ] flatten linear(3)",
        &[1, 5, 5],
        &layers(),
    );
    let names: Vec<_> = plan
        .unwrap()
        .declared
        .iter()
        .map(|d| d.name.clone())
        .collect();
    let expected = [
        "0.weight",
        "0.bias",
        "2.0.weight",
        "2.0.bias",
        "2.1.0.weight",
        "2.2.0.weight",
        "4.weight",
        "4.bias",
    ];
    assert_eq!(names, expected);
}

#[test]
fn refusals_say_what_and_where_from() {
    let cases: &[(&str, &[usize], &str)] = &[
        (
            "conv2d(16, 3) maxpool2d(2) linear(10)",
            &[1, 16, 16],
            "`linear(10)` takes [features], but gets [16, 7, 7] from `maxpool2d(2)`; put `flatten` before it",
        ),
        (
            "linear(10)",
            &[1, 4, 4],
            "`linear(10)` takes [features], but gets [1, 4, 4]; put `flatten` before it",
        ),
        (
            "tokens conv2d(2, 3)",
            &[1, 4, 4],
            "`conv2d(2, 3)` takes [channels, height, width], but gets [16, 1] from `tokens`; `image` makes an image of a sequence",
        ),
        (
            "flatten mean",
            &[1, 4, 4],
            "`mean` takes [tokens, features], but gets [16] from `flatten`; `tokens`, `rows` and `patches` make a sequence of an image",
        ),
        (
            "patches(3, 8)",
            &[1, 6, 4],
            "`patches(3, 8)` on [1, 6, 4]: 3x3 patches don't divide 6x4",
        ),
        (
            "tokens image(2, 4)",
            &[1, 3, 4],
            "`image(2, 4)` on [12, 1] from `tokens`: 12 tokens don't fill 2 rows of 4",
        ),
        (
            "maxpool2d(2) maxpool2d(2)",
            &[1, 3, 3],
            "`maxpool2d(2)` on [1, 1, 1] from `maxpool2d(2)`: a window of 2x2 is larger than the plane of 1x1",
        ),
        (
            "conv2d(8, 5, dilation=8)",
            &[1, 28, 28],
            "`conv2d(8, 5, dilation=8)` on [1, 28, 28]: a window of 33x33 is larger than the plane of 28x28",
        ),
        (
            "maxpool2d(2) shape((4, 7, 7))",
            &[4, 16, 16],
            "`shape((4, 7, 7))` takes [4, 7, 7], but gets [4, 8, 8] from `maxpool2d(2)`",
        ),
        (
            "conv2d(3, 3, groups=2)",
            &[4, 8, 8],
            "`conv2d(3, 3, groups=2)` on [4, 8, 8]: 2 groups don't divide 3 output channels",
        ),
        (
            "maxpool2d(2, padding=2)",
            &[1, 8, 8],
            "`maxpool2d(2, padding=2)` on [1, 8, 8]: the padding is more than half of the window",
        ),
        (
            "conv2d(2, 3, stride=2, padding=same)",
            &[1, 8, 8],
            "`conv2d(2, 3, stride=2, padding=same)` on [1, 8, 8]: `padding=same` needs a stride of 1",
        ),
        (
            "residual[ linear(3) ]",
            &[4],
            "`residual[ linear(3) ]` on [4]: its body outputs [3], which can't be added to the input; preserve the shape in the body, or use `residual(projection=true)[ … ]`",
        ),
        (
            "attention(4)",
            &[5, 6],
            "`attention(4)` on [5, 6]: 4 heads don't divide 6 features; numbers of heads that divide 6: 1, 2, 3, 6",
        ),
        (
            "attention(1)",
            &[6],
            "`attention(1)` takes [tokens, features], but gets [6]; `tokens`, `rows` and `patches` make a sequence of an image",
        ),
        (
            "geglu",
            &[4, 3],
            "`geglu` on [4, 3]: it halves the number of features, which is 3; make it even in the layer before",
        ),
        (
            "flatten 9*linear(1048576)",
            &[1, 1024, 1024],
            "`linear(1048576)` on [1048576] from `flatten`: its weight [1048576, 1048576] makes the model larger than 134217728 parameters",
        ),
    ];
    for (text, shape, expected) in cases {
        let errors = build(text, shape, &layers()).err().unwrap_or_default();
        assert_eq!(errors, [*expected], "{text}");
    }
}

#[test]
fn costs_and_counts_are_those_of_the_definition() {
    let plan = build(
        "conv2d(6, 3, padding=1, groups=2) flatten linear(5, bias=false)",
        &[4, 7, 6],
        &layers(),
    )
    .unwrap();
    let rows: Vec<_> = plan
        .rows
        .iter()
        .map(|row| (row.output.clone(), row.parameters, row.multiply_adds))
        .collect();
    let conv = (vec![6, 7, 6], 6 * 2 * 9 + 6, 6 * 2 * 9 * 42);
    assert_eq!(rows, [conv, (vec![252], 0, 0), (vec![5], 252 * 5, 252 * 5)]);
}

/// Each token of a sequence goes through the same layer.
#[test]
fn tokens_are_treated_alike() {
    for (text, names, cost) in [
        (
            "linear(5)",
            vec![("0.weight", vec![5, 3]), ("0.bias", vec![5])],
            4 * 3 * 5,
        ),
        (
            "layernorm",
            vec![("0.weight", vec![3]), ("0.bias", vec![3])],
            0,
        ),
        ("rmsnorm", vec![("0.weight", vec![3])], 0),
        ("prelu(true)", vec![("0.weight", vec![3])], 0),
    ] {
        let plan = build(text, &[4, 3], &layers()).unwrap();
        let declared: Vec<_> = plan
            .declared
            .iter()
            .map(|d| (&*d.name, d.shape.clone()))
            .collect();
        assert_eq!(
            (declared, plan.rows[0].multiply_adds),
            (names, cost),
            "{text}"
        );
    }
}

#[test]
fn a_loss_is_exactly_one_call() {
    let read = |text| {
        NamedLoss::read(text, &losses())
            .map(|loss| loss.text)
            .map_err(|error| error.summary())
    };
    assert_eq!(
        read("cross_entropy").unwrap(),
        "cross_entropy(label_smoothing=0.0, weight=1.0)"
    );
    assert_eq!(
        read("mse euclidean").unwrap_err(),
        "a second loss; a model has one loss"
    );
    assert!(read("").unwrap_err().contains("expected at least one loss"));
    assert!(
        read("cross_entropi")
            .unwrap_err()
            .contains("did you mean `cross_entropy`?")
    );
}

/// What is silently something else in PyTorch's order is refused, with the call that was meant.
#[test]
fn pytorchs_order_is_refused_with_what_was_meant() {
    for (text, meant) in [
        (
            "conv2d(1, 8, 5)",
            "`conv2d(8, 5)` if 1 is PyTorch's `in_channels`",
        ),
        ("conv2d(16, 32, 3, padding=1)", "`conv2d(32, 3, padding=1)`"),
        (
            "linear(784, 10)",
            "`linear(10)` if 784 is PyTorch's `in_features`",
        ),
        (
            "batchnorm1d(64)",
            "`batchnorm1d` if 64 is PyTorch's `num_features`",
        ),
        ("batchnorm2d(64)", "`batchnorm2d` if 64"),
        (
            "layernorm(128)",
            "`layernorm` if 128 is PyTorch's `normalized_shape`",
        ),
        ("rmsnorm(128)", "`rmsnorm` if 128"),
        (
            "groupnorm(4, 64)",
            "`groupnorm(4)` if 64 is PyTorch's `num_channels`",
        ),
        (
            "lstm(28, 128)",
            "`lstm(128)` if 28 is PyTorch's `input_size`",
        ),
        ("conv1d(3, 8, 5)", "`conv1d(8, 5)`"),
        ("avgpool2d(2, 2, 0, true)", "write `count_include_pad=true`"),
        ("upsample2d(14)", "write `scale_factor=14`"),
    ] {
        let errors = build(text, &[1, 28, 28], &layers())
            .map(|_| ())
            .unwrap_err();
        assert!(
            errors.len() == 1 && errors[0].contains(meant),
            "{text}: {errors:?}"
        );
    }
}
