//! Arguments that depend on the input of their layer.

use proptest::prelude::*;
use tapeline_layers::{Plan, layers, with_input_sizes};
use tapeline_spec::{Presets, Resolved, SpecError, read};

type Spec = Resolved<tapeline_layers::LayerDef>;

fn build(text: &str, shape: &[usize]) -> Result<(Spec, Plan), SpecError> {
    let spec = read(text, &layers(), &with_input_sizes(Presets::new()))?;
    let plan = Plan::build(&spec, shape)?;
    Ok((spec, plan))
}

#[test]
fn each_layer_sees_its_own_input() {
    for (text, shape, wanted) in [
        (
            "linear(features/2) linear(features/2)",
            &[12][..],
            "linear(6) linear(3)",
        ),
        (
            "conv2d(2*channels, 3) residual[ conv2d(channels, 1) 2*conv2d(channels, 1) ] flatten linear(features-1)",
            &[2, 3, 3],
            "conv2d(4, 3) residual[ conv2d(4, 1) conv2d(4, 1) conv2d(4, 1) ] flatten linear(3)",
        ),
        (
            "concat[ conv2d(channels, 1) | conv2d(3*channels, 1) ] 2*relu shape((channels, 2, 2))",
            &[2, 2, 2],
            "concat[ conv2d(2, 1) | conv2d(6, 1) ] 2*relu shape((8, 2, 2))",
        ),
        (
            "linear(2*features) transpose linear(tokens/2) transpose shape((tokens, 6))",
            &[4, 3],
            "linear(6) transpose linear(3) transpose shape((3, 6))",
        ),
        ("groupnorm(channels/2)", &[4, 2, 2], "groupnorm(2)"),
        (
            "let down(k) = [ conv2d(k*channels, 2, stride=2) relu ]; 2*down(2)",
            &[1, 4, 4],
            "conv2d(2, 2, stride=2) relu conv2d(4, 2, stride=2) relu",
        ),
    ] {
        let (spec, plan) = build(text, shape).unwrap();
        let bound = plan.resolve_sizes(&spec);
        assert_eq!(bound.short(), wanted);
        let same = read(&bound.full(), &layers(), &Presets::new()).unwrap();
        let same = Plan::build(&same, shape).unwrap();
        assert_eq!((same.declared, same.output), (plan.declared, plan.output));
        let texts: Vec<_> = plan.rows.iter().map(|row| row.depth).collect();
        assert_eq!(
            texts,
            same.rows.iter().map(|row| row.depth).collect::<Vec<_>>()
        );
    }
}

#[test]
fn errors_are_at_the_argument() {
    for (text, shape, place, message) in [
        (
            "relu linear(features/5)",
            &[12][..],
            "features/5",
            "`features/5` is not an integer: 12 / 5 leaves a remainder of 2",
        ),
        (
            "linear(features)",
            &[1, 2, 2],
            "features",
            "`features` is a size of an input [features], but the input is [1, 2, 2]",
        ),
        (
            "linear(tokens)",
            &[3],
            "tokens",
            "`tokens` is a size of an input [tokens, features], but the input is [3]",
        ),
        (
            "flatten linear(2*channels)",
            &[1, 2, 2],
            "2*channels",
            "`channels` is a size of an input [channels, height, width], but the input is [4]",
        ),
        (
            "linear(features-2)",
            &[2],
            "features-2",
            "`out_features` of `linear` is 0; it must be an integer, 1 to 1048576",
        ),
        (
            "let half = [ linear(features/2) ]; 3*half",
            &[4],
            "features/2",
            "`features/2` is not an integer: 1 / 2 leaves a remainder of 1",
        ),
        (
            "let odd(n) = [ linear(4) residual[ linear(n) ] ]; odd(4) odd(5)",
            &[4],
            "residual[ linear(n) ]",
            "`residual[ linear(5) ]` on [4] from `linear(4)`: its body outputs [5], which can't be added to the input",
        ),
    ] {
        let error = build(text, shape).err().unwrap();
        let found = &error.diagnostics[0];
        assert_eq!(
            (&text[found.span.start..found.span.end], &*found.message),
            (place, message)
        );
        let in_definition = text.starts_with("let");
        assert_eq!(found.notes.len(), usize::from(in_definition), "{error}");
    }
}

proptest! {
    /// Widths computed by hand, written as numbers, give the same model.
    #[test]
    fn numbers_give_the_same_model(start in 1..9usize, factors in proptest::collection::vec(1..4usize, 1..5)) {
        let (mut width, mut texts, mut numbers) = (start, Vec::new(), Vec::new());
        for factor in factors {
            width = factor * width + 1;
            texts.push(format!("linear({factor}*features+1)"));
            numbers.push(format!("linear({width})"));
        }
        let (spec, plan) = build(&texts.join(" relu "), &[start]).unwrap();
        prop_assert_eq!(plan.resolve_sizes(&spec).short(), numbers.join(" relu "));
        prop_assert_eq!(plan.output, [width]);
    }
}
