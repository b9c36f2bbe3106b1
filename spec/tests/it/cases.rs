//! One text for each rule of the language and each kind of error.

use crate::common::{presets, registry, told};
use tapeline_spec::{Preset, Presets, Span, expand, parse, read, read_chain};

/// What comes of a text: its two printed forms, or what is wrong with it.
#[track_caller]
fn says(text: &str, expected: &[&str]) {
    let said = match read(text, &registry(), &presets()) {
        Ok(resolved) => vec![
            format!("short: {}", resolved.short()),
            format!("full: {}", resolved.full()),
        ],
        Err(error) => {
            assert_eq!(error.text, text);
            told(&error)
        }
    };
    assert_eq!(said, expected, "{text}");
}

/// Many texts, each with what comes of it on indented lines below.
#[track_caller]
fn table(cases: &str) {
    let mut lines = cases.lines().filter(|line| !line.is_empty()).peekable();
    while let Some(text) = lines.next() {
        let expected = std::iter::from_fn(|| lines.next_if(|line| line.starts_with("    ")));
        says(text, &expected.map(str::trim_start).collect::<Vec<_>>());
    }
}

#[test]
fn names() {
    table(
        r#"
dense(10)
    short: linear(10)
    full: linear(out=10, bias=true)
conv2d(8,5) reluu flatten linear(10)
    reluu: unknown layer `reluu` (did you mean `relu`?)
Conv2D(8,5)
    Conv2D: unknown layer `Conv2D` (did you mean `conv2d`?)
dence(8)
    dence: unknown layer `dence` (did you mean `dense`?)
twoer
    twoer: unknown layer `twoer` (did you mean `tower`?)
transformer
    transformer: unknown layer `transformer` (available: `adam`, `concat`, `conv2d`, `dropout`, `flatten`, `gated`, `linear`, `maxpool2d`, `pad`, `relu`, `residual`, `say` and 8 more)
reluu[ tanhh ] linear(10) extra)
    reluu: unknown layer `reluu` (did you mean `relu`?)
    tanhh: unknown layer `tanhh` (available: `adam`, `concat`, `conv2d`, `dropout`, `flatten`, `gated`, `linear`, `maxpool2d`, `pad`, `relu`, `residual`, `say` and 8 more)
    extra: unknown layer `extra` (available: `adam`, `concat`, `conv2d`, `dropout`, `flatten`, `gated`, `linear`, `maxpool2d`, `pad`, `relu`, `residual`, `say` and 8 more)
    ): unmatched `)`
"#,
    );
}

#[test]
fn nothing() {
    for text in [
        "",
        " \n",
        "# linear(10)",
        "0*linear(10)",
        "3*[ ]",
        "5*[ 0*tower ]",
    ] {
        let errors = read(text, &registry(), &presets()).unwrap_err().diagnostics;
        assert_eq!(
            (errors.len(), errors[0].message.as_str()),
            (1, "expected at least one layer"),
            "{text}"
        );
    }
}

#[test]
fn arguments() {
    table(
        r#"
linear( 8 , bias = false , )
    short: linear(8, bias=false)
    full: linear(out=8, bias=false)
linear(bias=true, out=+8)
    short: linear(8)
    full: linear(out=8, bias=true)
relu()
    short: relu
    full: relu
linear(featurs=3)
    featurs: `linear` has no argument `featurs` (it takes `out`, `bias`)
linear(8, bais=true)
    bais: `linear` has no argument `bais` (did you mean `bias`?)
relu(x=1)
    x: `relu` has no argument `x` (it takes no arguments)
linear(8, out=9)
    out: `out` of `linear` is given twice
linear
    linear: `linear` needs `out` (integer, 1 to 65536)
linear(bias=false)
    linear(bias=false): `linear` needs `out` (integer, 1 to 65536)
conv2d
    conv2d: `conv2d` needs `out` (integer, 1 to 65536) and `kernel` (integer or two integers, 1 to 64)
linear(1, true, 3, 4)
    3: `linear` takes at most 2 arguments (they are `out`, `bias`)
dropout(0.5, 1)
    1: `dropout` takes one argument, `p`
relu(1)
    1: `relu` takes no arguments
linear(bias=true, 8)
    8: a positional argument can't follow a named argument
linear(true=8)
    true: `true` is not a valid argument name
conv2d(bies=true)
    bies: `conv2d` has no argument `bies` (did you mean `bias`?)
gated(p=2)
    2: `p` of `gated` is 2; it must be a number, 0 to 1
"#,
    );
}

#[test]
fn values() {
    table(
        r#"
dropout(1) adam(1)
    short: dropout(p=1.0) adam(1.0)
    full: dropout(p=1.0) adam(lr=1.0, betas=(0.9, 0.999))
dropout(+.25) adam(5.)
    short: dropout(p=0.25) adam(5.0)
    full: dropout(p=0.25) adam(lr=5.0, betas=(0.9, 0.999))
adam(1E-8, (0, 0.5,))
    short: adam(1e-8, betas=(0.0, 0.5))
    full: adam(lr=1e-8, betas=(0.0, 0.5))
pad(reflect, 1)
    short: pad(mode=reflect, out=1)
    full: pad(mode=reflect, out=1)
conv2d(1, (3, 3), stride=(2, 1), padding=same)
    short: conv2d(1, 3, stride=(2, 1), padding=same)
    full: conv2d(out=1, kernel=3, stride=(2, 1), padding=same, bias=true)
maxpool2d((2, 3)) maxpool2d(2, 2) maxpool2d(2, 1)
    short: maxpool2d((2, 3)) maxpool2d(2) maxpool2d(2, stride=1)
    full: maxpool2d(kernel=(2, 3), stride=(2, 3)) maxpool2d(kernel=2, stride=2) maxpool2d(kernel=2, stride=1)
conv2d(8, 5, stride=0)
    0: `stride` of `conv2d` is 0; it must be an integer or two integers, at least 1
conv2d(8, (5, 0))
    (5, 0): `kernel` of `conv2d` is (5, 0); it must be an integer or two integers, 1 to 64
conv2d(8, (5, 5, 5))
    (5, 5, 5): `kernel` of `conv2d` is (5, 5, 5); it must be an integer or two integers, 1 to 64
conv2d(8, (5))
    (5): `kernel` of `conv2d` is (5); it must be an integer or two integers, 1 to 64 (write `5`)
linear(-1)
    -1: `out` of `linear` is -1; it must be an integer, 1 to 65536
linear(65537)
    65537: `out` of `linear` is 65537; it must be an integer, 1 to 65536
linear(10.0)
    10.0: `out` of `linear` is 10.0; it must be an integer, 1 to 65536 (write `10`)
linear(0.0)
    0.0: `out` of `linear` is 0.0; it must be an integer, 1 to 65536 (an integer has no decimal point and no exponent)
linear(1.5)
    1.5: `out` of `linear` is 1.5; it must be an integer, 1 to 65536 (an integer has no decimal point and no exponent)
linear(relu)
    relu: `out` of `linear` is relu; it must be an integer, 1 to 65536
linear(8, bias=True)
    True: `bias` of `linear` is True; it must be true or false (write `true`)
linear(8, bias=0)
    0: `bias` of `linear` is 0; it must be true or false (write `false`)
dropout(1.5)
    1.5: `p` of `dropout` is 1.5; it must be a number, 0 to 1
dropout(-1e-9)
    -1e-9: `p` of `dropout` is -1e-9; it must be a number, 0 to 1
dropout("half")
    "half": `p` of `dropout` is "half"; it must be a number, 0 to 1
adam(0)
    0: `lr` of `adam` is 0; it must be a number, above 0
adam(1, betas=(0.9, 1))
    (0.9, 1): `betas` of `adam` is (0.9, 1); it must be two numbers, at least 0 and below 1
adam(1, betas=0.9)
    0.9: `betas` of `adam` is 0.9; it must be two numbers, at least 0 and below 1
pad(zero, 1)
    zero: `mode` of `pad` is zero; it must be zeros or reflect (did you mean `zeros`?)
pad("zeros", 1)
    "zeros": `mode` of `pad` is "zeros"; it must be zeros or reflect (write `zeros`)
conv2d(8, 5, padding=some)
    some: `padding` of `conv2d` is some; it must be an integer, 0 to 64, or same or valid (did you mean `same`?)
say("a \"b\" \\ # é") say
    short: say(text="a \"b\" \\ # é") say
    full: say(text="a \"b\" \\ # é") say(text="hello")
steps((3, 3), weights=(2, 1))
    short: steps((3, 3), weights=(2.0, 1.0))
    full: steps(at=(3, 3), weights=(2.0, 1.0))
steps((3), 1)
    short: steps(3)
    full: steps(at=3, weights=1.0)
steps((3, 0))
    (3, 0): `at` of `steps` is (3, 0); it must be an integer or list of integers, at least 1
steps((3, 4.0))
    (3, 4.0): `at` of `steps` is (3, 4.0); it must be an integer or list of integers, at least 1
say(hello)
    hello: `text` of `say` is hello; it must be a text in quotes (write `"hello"`)
"#,
    );
}

#[test]
fn numbers() {
    table(
        r#"
linear(3x3)
    3x3: `3x3` is not a number
linear(1.2.3)
    1.2.3: `1.2.3` is not a number
linear(1e)
    1e: `1e` is not a number
linear(1_000)
    1_000: `1_000` is not a number
linear(99999999999999999999)
    99999999999999999999: number `99999999999999999999` is too large
dropout(1e999)
    1e999: number `1e999` is too large
9223372036854775808*relu
    9223372036854775808: number `9223372036854775808` is too large
"#,
    );
    assert!(parse("a(9223372036854775807, -9223372036854775808, 1e308, .5e-3, 5.E+1)").is_ok());
}

#[test]
fn brackets_and_marks() {
    table(
        r#"
conv2d (8, 5)
    (: unexpected white space before `(` (write `conv2d(`)
residual [ relu ]
    [: unexpected white space before `[` (write `residual[`)
relu (
    (: unexpected white space before `(` (write `relu(`)
(8)
    (: expected a name before `(`
[ relu ]
    [: expected a name or a count before `[` (a repetition is written `3*[ … ]`)
linear(10
    (: `(` is never closed (`)` is missing)
residual[ linear(10) 
    [: `[` is never closed (`]` is missing)
residual[ linear(10 ] relu
    ]: expected `,` or `)`, found `]`
linear(10 relu
    relu: expected `,` or `)`, found `relu`
conv2d(8 5) relu
    5: expected `,` or `)`, found `5`
conv2d(8,,5)
    ,: expected a value, found `,`
conv2d(kernel=, 8)
    ,: expected a value, found `,`
conv2d(8, ())
    (): expected at least one value in `()`
relu, flatten
    ,: unexpected `,` between calls (separate calls by white space, alternatives by `|`)
relu | flatten
    |: unexpected `|` (alternatives are written `{ … | … }`)
relu = relu
    =: unexpected `=` between calls
relu 3
    3: `3` is not a call (a repetition is written `3*relu` or `3*[ … ]`)
true relu
    true: `true` is a value, not a call
"relu" relu
    "relu": `"relu"` is a value, not a call
relu}
    }: unmatched `}`
say("hello) relu
    "hello) relu: this text has no closing quotation mark (it must close on the same line)
say("a\n")
    \n: unknown escape `\n` (only `\"` and `\\` are supported; write a backslash as `\\`)
"#,
    );
}

#[test]
fn white_space() {
    says(
        "relu\trelu\r\nrelu\rrelu # and no more ]\nrelu#\nrelu",
        &[
            "short: relu relu relu relu relu relu",
            "full: relu relu relu relu relu relu",
        ],
    );
    says(
        "residual[relu]# a\nresidual[ relu ]",
        &[
            "short: residual[ relu ] residual[ relu ]",
            "full: residual[ relu ] residual[ relu ]",
        ],
    );
    table(
        r#"
linear(10)relu
    relu: missing white space before `relu`
residual[relu]relu
    relu: missing white space before `relu`
relu{relu|flatten}
    {: missing white space before `{`
    {relu|flatten}: alternatives are not allowed here
2*relu2*relu
    relu2: unknown layer `relu2` (did you mean `relu`?)
    *: unexpected `*` between calls
linear(1)2*relu
    2: missing white space before `2`
"#,
    );
}

#[test]
fn odd_characters() {
    says(
        "conv2d(8，5)",
        &["，: unexpected full-width comma (U+FF0C) (write `,`)"],
    );
    says(
        "linear(10)é",
        &["é: unexpected character `é` (U+00E9) (names are made of ASCII letters, digits and `_`)"],
    );
    says(
        "rélu",
        &["é: unexpected character `é` (U+00E9) (names are made of ASCII letters, digits and `_`)"],
    );
    says(
        "re\u{301}lu",
        &[
            "\u{301}: unexpected character `\u{301}` (U+0301) (names are made of ASCII letters, digits and `_`)",
        ],
    );
    says(
        "relu\u{a0}flatten",
        &["\u{a0}: unexpected no-break space (U+00A0) (write an ordinary space)"],
    );
    says(
        "re\u{200f}lu",
        &["\u{200f}: unexpected direction mark (U+200F) (remove it)"],
    );
    says(
        "\u{feff}relu",
        &["\u{feff}: unexpected byte order mark (U+FEFF) (remove it)"],
    );
    says(
        "relu \0",
        &["\0: unexpected control character (U+0000) (remove it)"],
    );
    says(
        "linear（10）",
        &[
            "（: unexpected full-width bracket (U+FF08) (write `(`)",
            "）: unexpected full-width bracket (U+FF09) (write `)`)",
        ],
    );
    says(
        "say(“a b”) relu",
        &["“: unexpected curly quotation mark (U+201C) (write `\"`)"],
    );
    says(
        "max-pool",
        &["-: unexpected character `-` (U+002D) (names are made of ASCII letters, digits and `_`)"],
    );
    says(
        "relu; relu",
        &[
            ";: unexpected `;` between calls (separate calls by white space; only a definition ends with `;`)",
        ],
    );
    // Such a character and what else is wrong are told together.
    says(
        "linear(0)\u{3000}reluu",
        &[
            "0: `out` of `linear` is 0; it must be an integer, 1 to 65536",
            "\u{3000}: unexpected full-width space (U+3000) (write an ordinary space)",
            "reluu: unknown layer `reluu` (did you mean `relu`?)",
        ],
    );
}

#[test]
fn bodies() {
    table(
        r#"
residual[relu] residual[]
    short: residual[ relu ] residual[ ]
    full: residual[ relu ] residual[ ]
concat[|relu flatten|] concat[relu]
    short: concat[ | relu flatten | ] concat[ relu ]
    full: concat[ | relu flatten | ] concat[ relu ]
residual
    residual: `residual` needs a body (write `residual[ … ]`)
concat
    concat: `concat` needs a body (write `concat[ … | … ]`)
residual[relu | reluu]
    [relu | reluu]: `residual` takes one body, not 2 branches
    reluu: unknown layer `reluu` (did you mean `relu`?)
linear(3)[relu]
    [relu]: `linear` takes no body
gated(q=1)
    q: `gated` has no argument `q` (did you mean `p`?)
gated
    gated: `gated` needs `lr` (number, above 0)
    gated: `gated` needs a body (write `gated[ … ]`)
"#,
    );

    let registry = registry();
    let calls = read(
        "concat[ 2*dropout(0.5) | ] residual[ ] relu",
        &registry,
        &Presets::new(),
    )
    .unwrap()
    .calls();
    let shapes: Vec<Vec<_>> = calls
        .iter()
        .map(|call| call.bodies.iter().map(Vec::len).collect())
        .collect();
    assert_eq!(shapes, [vec![2, 0], vec![0], vec![]]);
    assert_eq!(
        (calls[0].text().as_str(), calls[0].full().as_str()),
        (
            "concat[ dropout dropout | ]",
            "concat[ dropout(p=0.5) dropout(p=0.5) | ]"
        )
    );
}

#[test]
fn repetition() {
    table(
        r#"
3*linear(8) 2*[ linear(8) relu ] 1*[relu] 0*relu
    short: 3*linear(8) 2*[ linear(8) relu ] 1*relu 0*relu
    full: 3*linear(out=8, bias=true) 2*[ linear(out=8, bias=true) relu ] 1*relu 0*relu
1001*relu
    1001: count must be an integer, 0 to 1000, got `1001`
-1*relu
    -1: count must be an integer, 0 to 1000, got `-1`
1.5*relu
    1.5: count must be an integer, 0 to 1000, got `1.5`
+1*relu
    +1: count must be an integer, 0 to 1000, got `+1`
3 *relu
    *: unexpected white space next to `*`
3* relu
    *: unexpected white space next to `*`
3 * [ relu ]
    *: unexpected white space next to `*`
2*3*relu
    3: expected a call or `[` after `*`, found `3`
3*[ relu | flatten ]
    [ relu | flatten ]: a repetition has one body, without `|`
1000*[ 1000*[ linear(8) ] ]
    1000*[ 1000*[ linear(8) ] ]: this expands to 1000000 calls; at most 10000 are allowed
residual[ 1000*[ 11*relu ] ] relu
    1000*[ 11*relu ]: this expands to 11000 calls; at most 10000 are allowed
"#,
    );
    let registry = registry();
    let long = read(
        "1000*[ 9*relu ] 999*relu residual[ ]",
        &registry,
        &Presets::new(),
    )
    .unwrap();
    assert_eq!(long.calls().len(), 10_000);
    let text = "relu ".repeat(10_001);
    let errors = read(&text, &registry, &Presets::new())
        .unwrap_err()
        .diagnostics;
    assert_eq!((errors.len(), errors[0].span.start), (1, 50_000));
}

#[test]
fn alternatives() {
    let expanded = |text: &str| -> Vec<String> {
        expand(&parse(text).unwrap())
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        expanded("conv2d(8, {1, 3}, padding=same) {relu | sigmoid}"),
        [
            "conv2d(8, 1, padding=same) relu",
            "conv2d(8, 1, padding=same) sigmoid",
            "conv2d(8, 3, padding=same) relu",
            "conv2d(8, 3, padding=same) sigmoid",
        ]
    );
    assert_eq!(
        expanded("a { | dropout(0.5)} b"),
        ["a b", "a dropout(0.5) b"]
    );
    assert_eq!(
        expanded("{0, 1, 2}*[ a b ]"),
        ["0*[ a b ]", "1*[ a b ]", "2*[ a b ]"]
    );
    assert_eq!(
        expanded("{a | b {c | d}} e[{f|g}] h(({1, 2}, 3))"),
        [
            "a e[ f ] h((1, 3))",
            "a e[ f ] h((2, 3))",
            "a e[ g ] h((1, 3))",
            "a e[ g ] h((2, 3))",
            "b c e[ f ] h((1, 3))",
            "b c e[ f ] h((2, 3))",
            "b c e[ g ] h((1, 3))",
            "b c e[ g ] h((2, 3))",
            "b d e[ f ] h((1, 3))",
            "b d e[ f ] h((2, 3))",
            "b d e[ g ] h((1, 3))",
            "b d e[ g ] h((2, 3))",
        ]
    );
    assert_eq!(expanded("{2*a | 3*[b c]}"), ["2*a", "3*[ b c ]"]);
    assert_eq!(expanded(""), [""]);

    let ten = "{a|b|c|d|e|f|g|h|i|j} ";
    assert_eq!(expanded(&ten.repeat(3)).len(), 1000);
    let error = |text: &str| {
        let mut errors = expand(&parse(text).unwrap()).unwrap_err().diagnostics;
        assert_eq!(errors.len(), 1);
        errors.remove(0)
    };
    assert_eq!(
        error(&ten.repeat(4)).to_string(),
        "10000 alternatives are too many; at most 1000"
    );
    assert_eq!(
        error(&ten.repeat(4)).span,
        Span {
            start: 0,
            end: 22 * 4 - 1
        }
    );
    assert_eq!(
        error(&ten.repeat(100)).message,
        format!("more than {} alternatives are too many", u64::MAX - 1)
    );
    assert!(
        error(&format!("{}{}", ten.repeat(3), "relu ".repeat(1000)))
            .message
            .contains("too long")
    );

    table(
        r#"
{relu | flatten} conv2d(8, {1, 3}) {1, 2}*[ reluu ]
    {relu | flatten}: alternatives are not allowed here
    {1, 3}: alternatives are not allowed here
    {1, 2}: alternatives are not allowed here
    reluu: unknown layer `reluu` (did you mean `relu`?)
{relu}
    {relu}: a choice needs at least two alternatives (separate them by `|`)
linear({3})
    {3}: a choice needs at least two alternatives (separate them by `,`)
{3}*relu
    {3}: a choice needs at least two alternatives (separate them by `,`)
linear({3, 4,})
    }: expected a value, found `}`
{1, 2} relu
    {1, 2}: `{1, 2}` is not a call (a repetition is written `3*relu` or `3*[ … ]`)
"#,
    );
}

#[test]
fn preset_words() {
    table(
        r#"
block 2*block residual[ block ] flatten
    short: block 2*block residual[ block ] flatten
    full: linear(out=8, bias=true) relu 2*[ linear(out=8, bias=true) relu ] residual[ linear(out=8, bias=true) relu ] flatten
"#,
    );
    table(
        r#"
block(8)
    block(8): `block` is a preset, which takes no arguments and no body
block[ relu ]
    block[ relu ]: `block` is a preset, which takes no arguments and no body
"#,
    );
    let registry = registry();
    let calls = read("relu tower", &registry, &presets()).unwrap().calls();
    assert_eq!(calls.len(), 1 + 2 * 3 + 2 * 2 + 1);
    assert_eq!(
        (calls[0].preset(), calls[0].span),
        (None, Span { start: 0, end: 4 })
    );
    for call in &calls[1..] {
        assert_eq!(
            (call.preset(), call.span),
            (Some("tower"), Span { start: 5, end: 10 })
        );
    }
    assert_eq!(calls[11].bodies[0][0].preset(), Some("tower"));

    let preset = |name, text| Preset {
        name,
        text,
        about: "",
    };
    let presets = Presets::new()
        .with(preset("bad", "relu 2*[ linear(0) ]"))
        .unwrap();
    let presets = presets.with(preset("outer", "bad residual")).unwrap();
    let presets = presets.with(preset("relu", "flatten")).unwrap();
    let text = "flatten outer relu";
    let error = read(text, &registry, &presets).unwrap_err();
    assert_eq!(
        told(&error),
        [
            "outer: preset `outer`: in `linear(0)`: `out` of `linear` is 0; it must be an integer, 1 to 65536",
            "outer: preset `outer`: in `residual`: `residual` needs a body (write `residual[ … ]`)",
            "relu: `relu` is both a layer and a preset (rename one of them)",
        ]
    );

    let refused = |name, text| {
        presets
            .clone()
            .with(preset(name, text))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refused("bad", "relu"), "preset `bad` is already registered");
    assert_eq!(
        refused("b c", "relu"),
        "preset name `b c`: expected snake case, words of lower-case ASCII letters and digits joined by single `_`, starting with a letter; help: write `b_c`"
    );
    assert_eq!(refused("x", "relu)"), "preset `x`: unmatched `)`");
    assert_eq!(
        refused("x", "relu({1, 2})"),
        "preset `x`: alternatives are not allowed"
    );
    assert_eq!(
        refused("x", "let a = [ {relu | flatten} ]; a"),
        "preset `x`: alternatives are not allowed"
    );
    let itself = Presets::new().with(preset("x", "x")).unwrap();
    let errors = read("x", &registry, &itself).unwrap_err().diagnostics;
    assert!(
        errors[0]
            .message
            .starts_with("preset `x`: in `x`: unknown layer `x`"),
        "{errors:?}"
    );
}

#[test]
fn chains() {
    let registry = registry();
    let calls = read_chain("adam(1) dense(3)", &registry).unwrap();
    let texts: Vec<_> = calls
        .iter()
        .map(|call| (call.text(), call.full()))
        .collect();
    let expected = [
        ("adam(1.0)", "adam(lr=1.0, betas=(0.9, 0.999))"),
        ("linear(3)", "linear(out=3, bias=true)"),
    ];
    assert_eq!(
        texts,
        expected.map(|(short, full)| (short.to_string(), full.to_string()))
    );
    for (text, error) in [
        ("2*relu", "2*relu: repetition is not allowed here"),
        ("residual[ relu ]", "[ relu ]: `residual` takes no body"),
        (
            "{relu | flatten}",
            "{relu | flatten}: alternatives are not allowed here",
        ),
        ("", ": expected at least one layer"),
        (
            "redidual",
            "redidual: unknown layer `redidual` (did you mean `residual`?)",
        ),
        (
            "block",
            "block: unknown layer `block` (available: `adam`, `concat`, `conv2d`, `dropout`, `flatten`, `gated`, `linear`, `maxpool2d`, `pad`, `relu`, `residual`, `say` and 5 more)",
        ),
    ] {
        assert_eq!(told(&read_chain(text, &registry).unwrap_err()), [error]);
    }
}
