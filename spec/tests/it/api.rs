//! Keys, arguments and registries, as Rust code uses them.

use crate::common::{
    AT, BETAS, BIAS, DEFS, Def, GREETING, KERNEL, LR, MODE, OUT, P, PADDING, SHARES, STEP, WEIGHTS,
    presets, registry,
};
use tapeline_spec::{
    Arg, ArgInfo, Args, Body, Diagnostic, NumbersOrWord, Registry, Severity, SizeOrWord, Span,
    Value, read, read_chain,
};

#[test]
fn values_in_rust() {
    let (registry, presets) = (registry(), presets());
    let calls = read(
        "conv(8, 5, padding=same) maxpool2d(3) adam(2) pad(out=1) say dropout linear(2, false)",
        &registry,
        &presets,
    )
    .unwrap()
    .calls();
    assert_eq!(
        (calls[0].args.get(KERNEL), calls[0].args.get(PADDING)),
        ([5, 5], SizeOrWord::Word("same"))
    );
    assert_eq!(
        (
            calls[1].args.get(STEP),
            calls[1].args.given("stride"),
            calls[1].args.given("kernel")
        ),
        ([3, 3], false, true)
    );
    assert_eq!(
        (calls[2].args.get(LR), calls[2].args.get(BETAS)),
        (2.0, [0.9, 0.999])
    );
    assert_eq!(
        (
            calls[3].args.get(MODE),
            calls[4].args.get(GREETING),
            calls[5].args.get(P)
        ),
        ("zeros", "hello".to_string(), 0.5)
    );
    assert_eq!(
        (calls[6].args.get(OUT), calls[6].args.get(BIAS)),
        (2, false)
    );
    assert!(calls[6].args.has("bias") && !calls[6].args.has("p"));

    let lists = |text| {
        let calls = read(text, &registry, &presets).unwrap().calls();
        (calls[0].args.get(AT), calls[0].args.get(WEIGHTS))
    };
    assert_eq!(lists("steps(3)"), (vec![3], vec![1.0]));
    assert_eq!(
        lists("steps((3, 3), weights=(2, 0.5, 1))"),
        (vec![3, 3], vec![2.0, 0.5, 1.0])
    );

    let larger = calls[1].args.with("kernel", Value::Int(4)).unwrap();
    assert_eq!(larger.get(STEP), [4, 4]);
    let error = calls[1].args.with("kernel", Value::Int(0)).unwrap_err();
    assert_eq!(
        (error.span, error.message.as_str()),
        (
            Span::default(),
            "`kernel` is 0; it must be an integer or two integers, 1 to 64"
        )
    );

    let infos = calls[6].def.args;
    let of = |given: &[(&str, Value)]| Args::of(infos, given);
    assert_eq!(
        of(&[("bias", Value::Bool(false)), ("out", Value::Int(2))]).unwrap(),
        calls[6].args
    );
    let problem = |given: &[(&str, Value)]| of(given).unwrap_err().to_string();
    assert_eq!(problem(&[]), "`out` (integer, 1 to 65536) is missing");
    assert_eq!(
        problem(&[("uot", Value::Int(2))]),
        "there is no argument `uot`; did you mean `out`?"
    );
    assert_eq!(
        problem(&[("out", Value::Int(2)), ("out", Value::Int(2))]),
        "`out` is given twice"
    );
}

#[test]
#[should_panic(expected = "no argument `p`")]
fn a_key_of_another_definition() {
    let registry = registry();
    let calls = read_chain("linear(3)", &registry).unwrap();
    calls[0].args.get(P);
}

#[test]
fn places_of_arguments() {
    let registry = registry();
    let text = "conv2d(8, kernel=(3, 3)) block";
    let calls = read(text, &registry, &presets()).unwrap().calls();
    let at = |call: usize, name| {
        calls[call]
            .arg_span(name)
            .map(|span| &text[span.start..span.end])
    };
    assert_eq!(
        (at(0, "out"), at(0, "kernel"), at(0, "stride")),
        (Some("8"), Some("(3, 3)"), None)
    );
    assert_eq!((at(1, "out"), at(1, "bias")), (Some("block"), None));
    assert_eq!(
        Diagnostic::warning(calls[0].span, "odd").severity,
        Severity::Warning
    );
}

#[test]
fn registration() {
    let refused = |def: Def| registry().with(def).unwrap_err().to_string();
    assert_eq!(
        refused(Def::new("relu", &[])),
        "layer `relu` is already registered"
    );
    assert_eq!(
        refused(Def::new("conv", &[])),
        "layer `conv` is already registered"
    );
    assert_eq!(
        refused(Def {
            aliases: &["new", "relu"],
            ..Def::new("n", &[])
        }),
        "layer `relu` is already registered"
    );
    assert_eq!(
        refused(Def {
            aliases: &["n"],
            ..Def::new("n", &[])
        }),
        "layer `n` is already registered"
    );
    assert_eq!(
        refused(Def::new("max-pool", &[])),
        "layer name `max-pool`: expected snake case, words of lower-case ASCII letters and digits joined by single `_`, starting with a letter; help: write `max_pool`"
    );
    assert_eq!(
        refused(Def::new("true", &[])),
        "layer name `true`: `true` is a value in specs"
    );
    for name in [
        "MaxPool",
        "maxPool",
        "max__pool",
        "max_",
        "_max",
        "2d",
        "größe",
        "",
    ] {
        assert!(
            refused(Def::new(name, &[]))
                .starts_with(&format!("layer name `{name}`: expected snake case"))
        );
    }
    assert!(
        refused(Def {
            aliases: &["maxPool"],
            ..Def::new("n", &[])
        })
        .ends_with("help: write `max_pool`")
    );

    const LARGE: Arg<usize> = Arg::new("a", "").range(1..=3).default(4);
    const TRIED: Arg<f64> = Arg::new("a", "").above(0.0).tried(0.0..=1.0);
    const WORD: Arg<&str> = Arg::new("a", "").choices(&["x", "y z"]);
    const NONE: Arg<&str> = Arg::new("a", "");
    const ABSENT: Arg<usize> = Arg::new("a", "").default_as("b");
    const OTHER: Arg<usize> = Arg::new("a", "").default_as("p");
    const SIZE: Arg<usize> = Arg::new("a", "");
    const ODD: Arg<usize> = Arg::new("outFeatures", "");
    const ALIAS: Arg<usize> = Arg::new("out", "").alias("true");
    let cases: [(&'static [ArgInfo], &str); 9] = [
        (
            const { &[LARGE.info()] },
            "its default isn't allowed: `a` is 4; it must be an integer, 1 to 3",
        ),
        (
            const { &[TRIED.info()] },
            "its `tried` range is outside its limits",
        ),
        (
            const { &[WORD.info()] },
            "its choice `y z` is not a valid name",
        ),
        (const { &[NONE.info()] }, "it has no words to choose from"),
        (
            const { &[ABSENT.info()] },
            "it defaults to the value of `b`, which doesn't exist",
        ),
        (
            const { &[OTHER.info(), P.info()] },
            "it can't default to the value of `p`",
        ),
        (
            const { &[SIZE.info(), SIZE.info()] },
            "it is declared twice",
        ),
        (
            const { &[ODD.info()] },
            "expected snake case, words of lower-case ASCII letters and digits joined by single `_`, starting with a letter; help: write `out_features`",
        ),
        (
            const { &[ALIAS.info()] },
            "its alias `true`: `true` is a value in specs",
        ),
    ];
    for (args, problem) in cases {
        let name = args[0].name;
        assert_eq!(
            refused(Def::new("n", args)),
            format!("argument `{name}` of `n`: {problem}")
        );
    }

    let registry = registry();
    let names: Vec<_> = registry.iter().map(|def| def.name).collect();
    assert!(names.is_sorted() && names.len() == DEFS.len());
    assert_eq!(registry.get("dense").map(|def| def.name), Some("linear"));
    assert_eq!(
        (registry.nearest("Dence"), registry.noun()),
        (Some("dense"), "layer")
    );
    assert!(
        registry
            .with(Def {
                body: Body::Branches,
                ..Def::new("parallel", &[])
            })
            .is_ok()
    );
    assert!(Registry::new("loss").with(Def::new("relu", &[])).is_ok());
}

#[test]
fn an_argument_may_have_an_alias_and_be_numbers_or_a_word() {
    let registry = registry();
    let read = |text: &str| read_chain(text, &registry);
    for (text, value) in [
        ("split(parts=equal, out=1)", NumbersOrWord::Word("equal")),
        (
            "split(shares=(2, 0.5), out=1)",
            NumbersOrWord::Numbers(vec![2.0, 0.5]),
        ),
        ("split(3, out=1)", NumbersOrWord::Numbers(vec![3.0])),
        ("split(out=1)", NumbersOrWord::Numbers(vec![1.0])),
    ] {
        let call = read(text).unwrap().remove(0);
        assert_eq!(call.args.get(SHARES), value, "{text}");
        // The printed form has the name.
        assert_eq!(read(&call.full()).unwrap()[0].args, call.args);
        assert!(call.full().contains("shares=") && !call.full().contains("parts"));
    }
    let message = |text| read(text).unwrap_err().diagnostics[0].message.clone();
    assert_eq!(
        message("split(1, parts=2, out=1)"),
        "`shares` of `split` is given twice"
    );
    assert_eq!(
        message("split(parts=equl, out=1)"),
        "`shares` of `split` is equl; it must be a number or list of numbers, above 0, or equal"
    );
}

#[test]
fn kinds_and_defaults() {
    let kinds: Vec<_> = DEFS
        .iter()
        .flat_map(|def| def.args)
        .map(|info| (info.name, info.kind(), info.default_text()))
        .collect();
    for (name, kind, default) in [
        ("out", "integer, 1 to 65536", None),
        ("bias", "true or false", Some("true")),
        ("kernel", "integer or two integers, 1 to 64", None),
        ("stride", "integer or two integers, at least 1", Some("1")),
        (
            "stride",
            "integer or two integers, at least 1",
            Some("= kernel"),
        ),
        ("padding", "integer, 0 to 64, or same or valid", Some("0")),
        ("p", "number, 0 to 1", Some("0.5")),
        ("lr", "number, above 0", None),
        (
            "betas",
            "two numbers, at least 0 and below 1",
            Some("(0.9, 0.999)"),
        ),
        ("mode", "zeros or reflect", Some("zeros")),
        ("text", "text in quotes", Some("\"hello\"")),
        ("at", "integer or list of integers, at least 1", None),
        ("weights", "number or list of numbers, above 0", Some("1.0")),
        (
            "shares",
            "number or list of numbers, above 0, or equal",
            Some("1.0"),
        ),
    ] {
        let wanted = (name, kind.to_string(), default.map(String::from));
        assert!(kinds.contains(&wanted), "{wanted:?} in {kinds:?}");
    }
}
