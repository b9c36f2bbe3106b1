//! What outputs mean is known from the plan, and no layer says more than is true.

use tapeline_layers::{
    Build, Built, Ctx, Element, Layer, LayerDef, Meaning, Plan, Refusal, check, layers,
};
use tapeline_spec::{Args, Presets, read};
use tapeline_tensor::Var;

fn plan(text: &str, shape: &[usize]) -> Plan {
    let registry = layers();
    let spec = read(text, &registry, &Presets::new()).unwrap();
    Plan::build(&spec, shape).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// What each end of a model means, and the layer it has that from.
#[test]
fn meaning_is_passed_on_by_layers_that_keep_it() {
    use Meaning::{LogProbabilities, Logits, Probabilities, UnitInterval};
    let cases = [
        ("flatten linear(3)", Logits, ""),
        ("flatten linear(3) softmax", Probabilities, "softmax"),
        (
            "flatten linear(3) softmax dropout",
            Probabilities,
            "softmax",
        ),
        ("flatten linear(3) softmax relu", Logits, ""),
        (
            "flatten linear(3) log_softmax dropout",
            LogProbabilities,
            "log_softmax",
        ),
        (
            "flatten linear(3) sigmoid alpha_dropout",
            UnitInterval,
            "sigmoid",
        ),
        ("conv2d(3, 4) softmax flatten", Probabilities, "softmax"),
        (
            "conv2d(3, 4) log_softmax flatten",
            LogProbabilities,
            "log_softmax",
        ),
        ("conv2d(3, 4) softmax reshape(3)", Probabilities, "softmax"),
        // A class at four places is no class.
        ("conv2d(3, 3) softmax flatten", UnitInterval, "softmax"),
        ("conv2d(3, 3) log_softmax flatten", Logits, ""),
        (
            "conv2d(3, 3) softmax reshape((3, 1, 4))",
            Probabilities,
            "softmax",
        ),
        (
            "conv2d(3, 3) softmax reshape((3, 4))",
            UnitInterval,
            "softmax",
        ),
        ("conv2d(3, 3) softmax tokens", Probabilities, "softmax"),
        ("tokens linear(3) softmax mean", Probabilities, "softmax"),
        (
            "tokens linear(3) softmax reshape((2, 8, 3))",
            UnitInterval,
            "softmax",
        ),
        (
            "tokens linear(3) softmax transpose",
            UnitInterval,
            "softmax",
        ),
        (
            "tokens linear(3) softmax image(8, 2)",
            Probabilities,
            "softmax",
        ),
        (
            "conv2d(3, 3) softmax reshape((4, 3))",
            UnitInterval,
            "softmax",
        ),
        (
            "conv2d(3, 3) softmax global_avgpool2d",
            Probabilities,
            "softmax",
        ),
        ("conv2d(3, 3) log_softmax global_avgpool2d", Logits, ""),
        (
            "conv2d(3, 3) softmax maxpool2d(2) flatten",
            UnitInterval,
            "softmax",
        ),
        (
            "conv2d(3, 3) softmax avgpool2d(2) flatten",
            Probabilities,
            "softmax",
        ),
        (
            "conv2d(3, 3) softmax avgpool2d(2, padding=1)",
            UnitInterval,
            "softmax",
        ),
        ("flatten sum[ linear(3) softmax ]", Probabilities, "softmax"),
        (
            "flatten concat[ linear(3) softmax ]",
            Probabilities,
            "softmax",
        ),
        (
            "flatten sum[ linear(3) softmax | linear(3) softmax ]",
            Logits,
            "",
        ),
        (
            "flatten concat[ linear(3) softmax | linear(3) sigmoid ]",
            UnitInterval,
            "sigmoid",
        ),
        (
            "flatten concat[ linear(3) softmax | linear(3) ]",
            Logits,
            "",
        ),
        (
            "flatten linear(3) softmax sum[ dropout ]",
            Probabilities,
            "softmax",
        ),
        ("flatten linear(3) softmax residual[ dropout ]", Logits, ""),
    ];
    for (text, meaning, from) in cases {
        let plan = plan(text, &[1, 4, 4]);
        let found = plan.meaning_from().map_or("", |row| &row.text);
        assert_eq!((plan.meaning(), found), (meaning, from), "{text}");
    }
}

struct Same;

impl<T: Element> Layer<T> for Same {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        x * 0.5
    }
}

/// Passes its input's meaning on, though it halves it.
const LIAR: LayerDef = LayerDef {
    name: "liar",
    examples: &[("liar", &[3])],
    build: |_: &Args, build: &mut Build| -> Result<Built, Refusal> {
        let meaning = build.input_meaning();
        Ok(build.same_shape(Same).means(meaning))
    },
    ..LayerDef::BASE
};

/// Says nothing of what it outputs.
const SILENT: LayerDef = LayerDef {
    name: "silent",
    build: |_: &Args, build: &mut Build| -> Result<Built, Refusal> { Ok(build.same_shape(Same)) },
    examples: &[("silent", &[3])],
    ..LayerDef::BASE
};

#[test]
fn a_layer_that_says_more_than_is_true_fails_the_check() {
    let failure = check::layer(&LIAR).unwrap_err().to_string();
    assert!(
        failure.contains("meaning: for an input of Probabilities"),
        "{failure}"
    );
    check::layer(&SILENT).unwrap();
}
