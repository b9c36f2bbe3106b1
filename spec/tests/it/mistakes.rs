//! What each mistake is told: the place, the message, the help.

use tapeline_spec::{
    Body, Named, Preset, Presets, Registry, Severity, expand, parse, read, read_chain,
};

use crate::words::{layers, presets};

/// The errors of a text, as `place: message; help`.
fn errors(text: &str) -> Vec<String> {
    let errors = read(text, &layers(), &presets()).err().unwrap_or_default();
    let shown = errors.iter().map(|error| {
        assert_eq!(error.severity, Severity::Error);
        format!("{}: {error}", &text[error.span.start..error.span.end])
    });
    shown.collect()
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    assert_eq!(errors(text), expected, "{text}");
}

#[test]
fn names() {
    refused(
        "conv2d(8, 5) maxpol2d(2)",
        &["maxpol2d: unknown layer `maxpol2d`; did you mean `maxpool2d`?"],
    );
    refused(
        "Conv2D(8, 5)",
        &["Conv2D: unknown layer `Conv2D`; did you mean `conv2d`?"],
    );
    refused(
        "conv2d(8,5) reluu flatten linear(10)",
        &["reluu: unknown layer `reluu`; did you mean `relu`?"],
    );
    refused(
        "dens(3)",
        &["dens: unknown layer `dens`; did you mean `dense`?"],
    );
    refused("nett", &["nett: unknown layer `nett`; did you mean `net`?"]);
    refused("something", &["something: unknown layer `something`"]);
    refused("true", &["true: `true` is a value, not a name"]);
}

#[test]
fn nothing() {
    refused("", &[": there is no layer"]);
    refused(
        " # only a comment",
        &[" # only a comment: there is no layer"],
    );
    refused("0*relu", &["0*relu: there is no layer"]);
    refused("empty", &["empty: there is no layer"]);
}

#[test]
fn arguments() {
    refused(
        "linear",
        &["linear: `linear` needs `out_features` (integer, 1 to 65536)"],
    );
    refused(
        "linear()",
        &["linear(): `linear` needs `out_features` (integer, 1 to 65536)"],
    );
    refused(
        "linear(0)",
        &["0: `out_features` of `linear` is 0; it must be an integer, 1 to 65536"],
    );
    refused(
        "linear(-3)",
        &["-3: `out_features` of `linear` is -3; it must be an integer, 1 to 65536"],
    );
    refused(
        "linear(2.0)",
        &["2.0: `out_features` of `linear` is 2.0; it must be an integer, 1 to 65536"],
    );
    refused(
        "linear(10, 3)",
        &["3: `bias` of `linear` is 3; it must be true or false"],
    );
    refused("linear(10, true, 3)", &["3: `linear` takes 2 arguments"]);
    refused("relu(3)", &["3: `relu` takes no arguments"]);
    refused(
        "dropout(1.5)",
        &["1.5: `p` of `dropout` is 1.5; it must be a number, 0 to 1"],
    );
    refused(
        "adam(0)",
        &["0: `rate` of `adam` is 0; it must be a number, above 0"],
    );
    refused(
        "adam(1, betas=(0.9, 1))",
        &[
            "betas=(0.9, 1): `betas` of `adam` is (0.9, 1); it must be a tuple of two numbers, at least 0 and below 1",
        ],
    );
    refused(
        "conv2d(8, 5, padding=some)",
        &[
            "padding=some: `padding` of `conv2d` is some; it must be an integer, 0 to 65536, or same or valid",
        ],
    );
    refused(
        "conv2d(8, 5, mode=3)",
        &["mode=3: `mode` of `conv2d` is 3; it must be zeros or reflect"],
    );
    refused(
        "conv2d(8, (5, 5, 5))",
        &[
            "(5, 5, 5): `kernel_size` of `conv2d` is (5, 5, 5); it must be an integer or tuple of two, 1 to 65536",
        ],
    );
    refused(
        "linear(out_feature=3)",
        &["out_feature: `linear` has no argument `out_feature`; did you mean `out_features`?"],
    );
    refused(
        "linear(3, width=4)",
        &["width: `linear` has no argument `width`; it takes `out_features`, `bias`"],
    );
    refused(
        "relu(x=4)",
        &["x: `relu` has no argument `x`; it takes none"],
    );
    refused(
        "linear(3, out_features=4)",
        &["out_features=4: `out_features` of `linear` is given twice"],
    );
    refused(
        "linear(bias=true, 3)",
        &["3: an argument without a name stands behind one with a name; those without come first"],
    );
}

#[test]
fn steps_of_nothing() {
    for text in ["conv2d(8, 3, stride=0)", "maxpool2d(2, stride=0)"] {
        let errors = errors(text);
        assert_eq!(errors.len(), 1);
        assert!(
            errors[0].starts_with("stride=0: `stride` of "),
            "{errors:?}"
        );
    }
    refused(
        "maxpool2d(0)",
        &[
            "0: `kernel_size` of `maxpool2d` is 0; it must be an integer or tuple of two, 1 to 65536",
        ],
    );
}

#[test]
fn bodies() {
    refused(
        "relu[ linear(3) ]",
        &["relu[ linear(3) ]: `relu` takes no body"],
    );
    refused(
        "residual",
        &["residual: `residual` needs a body; `residual[ … ]`"],
    );
    refused(
        "residual[ relu | relu ]",
        &["residual[ relu | relu ]: `residual` takes one body, not 2 branches"],
    );
    refused("concat", &["concat: `concat` needs a body; `concat[ … ]`"]);
    // What is wrong inside is told all the same.
    refused(
        "relu[ linear(0) ]",
        &[
            "relu[ linear(0) ]: `relu` takes no body",
            "0: `out_features` of `linear` is 0; it must be an integer, 1 to 65536",
        ],
    );
    assert_eq!(errors("concat[ | relu ] residual[ ]"), [""; 0]);
}

#[test]
fn all_at_once_and_no_call_twice() {
    refused(
        "linear(bia=true) dropout(2) relux",
        &[
            "bia: `linear` has no argument `bia`; did you mean `bias`?",
            "2: `p` of `dropout` is 2; it must be a number, 0 to 1",
            "relux: unknown layer `relux`; did you mean `relu`?",
        ],
    );
    assert_eq!(errors(&"relux ".repeat(100)).len(), 20);
}

#[test]
fn brackets() {
    refused("linear(10", &["(: `(` is never closed; `)` is missing"]);
    refused("linear(10) relu)", &["): `)` closes nothing"]);
    refused(
        "residual[ relu",
        &["[: `[` is never closed; `]` is missing"],
    );
    refused("linear(10]", &["]: `(` is closed by `]`; `)` is wanted"]);
    refused(
        "residual[ linear(10 ]",
        &["]: `(` is closed by `]`; `)` is wanted"],
    );
    refused(
        "linear (10)",
        &["(: `(` cannot stand here; arguments touch their name: `name(…)`"],
    );
    refused(
        "[ relu ]",
        &[
            "[: `[` cannot stand here; a group needs a count: `2*[ … ]`; a body touches its name: `name[ … ]`",
        ],
    );
    refused(
        "relu | relu",
        &["|: `|` cannot stand here; alternatives stand in braces: `{ … | … }`"],
    );
    refused(
        "relu, relu",
        &[",: `,` cannot stand here; only arguments are parted by `,`"],
    );
    refused(
        "linear(10 true)",
        &["true: `,` or `)` is wanted, not `true`"],
    );
    refused("linear(, 3)", &[",: a value is wanted, not `,`"]);
    refused("linear(bias=)", &["bias=: a value is wanted behind `=`"]);
    refused("linear(())", &["(): a tuple holds at least one value"]);
}

#[test]
fn repetition() {
    refused(
        "3* relu",
        &["3*: this repeats nothing; `3*name` or `3*[ … ]`: `*` touches both sides"],
    );
    refused(
        "3 relu",
        &["3: a number cannot stand here; `3*name` repeats: `*` touches both sides"],
    );
    refused(
        "1001*relu",
        &["1001: `1001` is no count; it must be an integer, 0 to 1000"],
    );
    refused(
        "-1*relu",
        &["-1: `-1` is no count; it must be an integer, 0 to 1000"],
    );
    refused(
        "+1*relu",
        &["+1: `+1` is no count; it must be an integer, 0 to 1000"],
    );
    refused(
        "2.0*relu",
        &[
            "2.0: `2.0` cannot stand here; a count is a whole number",
            "*: `*` cannot stand here; a count touches it on the left: `3*name`",
        ],
    );
    refused(
        "1000*[ 1000*relu ]",
        &["1000*[ 1000*relu ]: this stands for 1000000 layers; at most 10000 are allowed"],
    );
    let tower = (0..40).fold("relu".to_string(), |inner, _| format!("1000*[ {inner} ]"));
    assert!(
        errors(&tower)[0]
            .ends_with(": this stands for far too many layers; at most 10000 are allowed")
    );
    assert_eq!(errors("10*[ 1000*relu ]"), [""; 0]);
}

#[test]
fn alternatives() {
    let help = "alternatives cannot stand in one model; use `compare` to try them all";
    refused("linear({1, 2})", &[&format!("{{1, 2}}: {help}")]);
    refused(
        "{relu | flatten}",
        &[&format!("{{relu | flatten}}: {help}")],
    );
    refused("{0, 2}*relu", &[&format!("{{0, 2}}*relu: {help}")]);
    refused(
        "{relu}",
        &[
            "{relu}: alternatives are two or more; `{ … | … }`; a group without alternatives has no brackets",
        ],
    );
    refused(
        "{1}*relu",
        &["{1}: alternatives are two or more: `{1, 2}*…`"],
    );
    refused("linear({1})", &["{1}: alternatives are two or more"]);

    let all = |text: &str| {
        expand(&parse(text).unwrap())
            .map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(
        all("conv2d(8, {1, 3}) {relu | } {0, 2}*[ linear(3) ]").unwrap(),
        [
            "conv2d(8, 1) relu 0*linear(3)",
            "conv2d(8, 1) relu 2*linear(3)",
            "conv2d(8, 1) 0*linear(3)",
            "conv2d(8, 1) 2*linear(3)",
            "conv2d(8, 3) relu 0*linear(3)",
            "conv2d(8, 3) relu 2*linear(3)",
            "conv2d(8, 3) 0*linear(3)",
            "conv2d(8, 3) 2*linear(3)",
        ]
    );
    assert_eq!(all("relu").unwrap(), ["relu"]);
    let many = "{relu | flatten} ".repeat(10);
    assert_eq!(
        all(&many).unwrap_err().message,
        "this stands for 1024 alternatives; at most 1000 are allowed"
    );
    assert!(
        all(&many.repeat(20))
            .unwrap_err()
            .message
            .starts_with("this stands for far too many alternatives")
    );
}

#[test]
fn characters() {
    refused(
        "conv2d(8，5)",
        &["，: `，`, a full-width character (U+FF0C), cannot stand here; write `,`"],
    );
    refused(
        "linear(10)é",
        &["é: `é` holds `é`; names are made of ASCII letters, digits and `_`"],
    );
    refused(
        "rélu",
        &["rélu: `rélu` holds `é`; names are made of ASCII letters, digits and `_`"],
    );
    refused(
        "relu\u{a0}relu",
        &["\u{a0}: a no-break space (U+00A0) cannot stand here; write a plain space, or nothing"],
    );
    refused(
        "relu \u{202e}relu",
        &[
            "\u{202e}: an invisible direction mark (U+202E) cannot stand here; write a plain space, or nothing",
        ],
    );
    refused(
        "relu; relu",
        &[";: `;` cannot stand here; layers are parted by spaces, arguments by `,`"],
    );
    refused("linear(1_000)", &["1_000: `1_000` is no number"]);
    refused(
        "linear(99999999999999999999)",
        &["99999999999999999999: `99999999999999999999` is too large"],
    );
    refused("dropout(1e400)", &["1e400: `1e400` is too large"]);
    refused(
        "dropout(\"a)",
        &[
            "(: `(` is never closed; `)` is missing",
            "\"a): this text has no closing `\"`; it must end on its line",
        ],
    );
}

#[test]
fn a_mistake_in_a_preset_has_the_place_of_its_word() {
    refused(
        "relu broken",
        &[
            "broken: in preset `broken`, at `linear(0)`: `out_features` of `linear` is 0; it must be an integer, 1 to 65536",
        ],
    );
    refused(
        "net(3)",
        &["net(3): `net` is a preset, which takes no arguments and no body"],
    );
    refused(
        "net[ relu ]",
        &["net[ relu ]: `net` is a preset, which takes no arguments and no body"],
    );
}

#[test]
fn presets_are_spliced_and_remembered() {
    let (registry, presets) = (layers(), presets());
    let resolved = read("dropout(0.50) 1*net", &registry, &presets).unwrap();
    assert_eq!(resolved.short(), "dropout 1*net");
    let conv = "conv2d(out_channels=8, kernel_size=5, stride=5, padding=same, mode=zeros)";
    assert_eq!(
        resolved.full(),
        format!(
            "dropout(p=0.5) 1*[ 2*[ {conv} relu ] flatten linear(out_features=10, bias=true) ]"
        )
    );
    let calls = resolved.calls();
    let names: Vec<_> = calls.iter().map(|call| call.def.name()).collect();
    assert_eq!(
        names,
        [
            "dropout", "conv2d", "relu", "conv2d", "relu", "flatten", "linear"
        ]
    );
    assert_eq!((calls[0].preset(), calls[6].preset()), (None, Some("net")));
    assert_eq!((calls[6].span.start, calls[6].span.end), (16, 19));
}

#[test]
fn what_cannot_be_registered() {
    let preset = |name, text| {
        Presets::new()
            .with(Preset {
                name,
                text,
                about: "",
            })
            .err()
            .map(|e| e.to_string())
    };
    assert_eq!(preset("a", "a"), Some("preset `a` uses itself".into()));
    assert_eq!(preset("a", "b ("), Some("preset `a`: `(` cannot stand here; arguments touch their name: `name(…)`; `(` is never closed; `)` is missing".into()));
    assert_eq!(
        preset("true", "b"),
        Some("`true` can't be written as the name of a preset".into())
    );
    let again = Presets::new()
        .with(Preset {
            name: "a",
            text: "b",
            about: "",
        })
        .unwrap()
        .with(Preset {
            name: "a",
            text: "b",
            about: "",
        });
    assert_eq!(again.unwrap_err().to_string(), "a second preset `a`");

    struct Word(&'static str, &'static [&'static str]);
    impl Named for Word {
        fn name(&self) -> &'static str {
            self.0
        }
        fn aliases(&self) -> &'static [&'static str] {
            self.1
        }
        fn about(&self) -> &'static str {
            ""
        }
        fn body(&self) -> Body {
            Body::None
        }
    }
    let with = |words: Vec<Word>| {
        let all = words
            .into_iter()
            .try_fold(Registry::new("word"), Registry::with);
        all.err().map(|e| e.to_string())
    };
    assert_eq!(
        with(vec![Word("a", &["b"]), Word("b", &[])]),
        Some("a second word `b`".into())
    );
    assert_eq!(
        with(vec![Word("a", &["a"])]),
        Some("a second word `a`".into())
    );
    assert_eq!(
        with(vec![Word("a b", &[])]),
        Some("`a b` can't be written as the name of a word".into())
    );
    assert_eq!(with(vec![Word("b", &[]), Word("a", &[])]), None);
}

#[test]
fn a_name_of_two_kinds_is_refused() {
    let presets = Presets::new()
        .with(Preset {
            name: "relu",
            text: "flatten",
            about: "",
        })
        .unwrap();
    let errors = read("relu", &layers(), &presets).unwrap_err();
    assert_eq!(
        errors[0].message,
        "`relu` is the name of a layer and of a preset"
    );
}

#[test]
fn chains_are_plain() {
    let chain = |text: &str| {
        read_chain(text, &layers())
            .map(|calls| calls.len())
            .map_err(|errors| errors[0].to_string())
    };
    assert_eq!(chain("dropout adam(1)"), Ok(2));
    assert_eq!(chain("2*relu"), Err("a layer cannot be repeated".into()));
    assert_eq!(chain("net"), Err("unknown layer `net`".into()));
    assert_eq!(chain(""), Err("there is no layer".into()));
}
