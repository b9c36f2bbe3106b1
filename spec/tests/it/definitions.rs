//! Definitions in a text.

use crate::common::{presets, registry, told};
use proptest::{collection::vec, prelude::*};
use tapeline_spec::{Preset, Presets, SpecError, choices, expand, parse, read, read_chain};

fn short(text: &str) -> Result<String, SpecError> {
    read(
        text,
        &registry(),
        &presets().with_integer("classes", Some(10)),
    )
    .map(|spec| spec.short())
}

#[test]
fn a_use_stands_for_the_body() {
    for (text, wanted) in [
        ("let a = [relu]; a a", "relu relu"),
        ("let a = [ ]; a relu", "relu"),
        (
            "let stage(n, s=1) = [ conv2d(n, 3, stride=s) relu ]; stage(16) 2*stage(32, s=2) linear(classes)",
            "conv2d(16, 3) relu 2*[ conv2d(32, 3, stride=2) relu ] linear(10)",
        ),
        ("let a(n) = [linear(n)]; 3*a(2*4)", "3*linear(8)"),
        (
            "let a(n) = [linear(n)]; let b(n) = [a(n+1) residual[ a(n*2) ]]; b(3)",
            "linear(4) residual[ linear(6) ]",
        ),
        (
            "let a(k) = [conv2d(8, k, padding=same)]; a((1, 3)) a(3)",
            "conv2d(8, (1, 3), padding=same) conv2d(8, 3, padding=same)",
        ),
        (
            "let a(p=same, b=false) = [conv2d(8, 3, padding=p, bias=b)]; a a(2, b=true)",
            "conv2d(8, 3, padding=same, bias=false) conv2d(8, 3, padding=2)",
        ),
        (
            "let a(x) = [say(x) dropout(0.5)]; a(\"b\")",
            "say(text=\"b\") dropout",
        ),
        (
            "let a(n=classes) = [linear(n)]; a a(classes/2)",
            "linear(10) linear(5)",
        ),
        (
            "let a(same) = [conv2d(8, 3, padding=same)]; a(2)",
            "conv2d(8, 3, padding=2)",
        ),
        ("let a = [block]; 2*a", "2*block"),
    ] {
        assert_eq!(short(text).unwrap(), wanted, "{text}");
    }
}

#[test]
fn the_full_form_has_them_written_out() {
    let text = "let a(n) = [2*linear(n)]; residual[ a(3) ] a(4)";
    let spec = read(text, &registry(), &presets()).unwrap();
    assert_eq!(
        spec.full(),
        "residual[ 2*linear(out=3, bias=true) ] 2*linear(out=4, bias=true)"
    );
}

#[track_caller]
fn says(text: &str, expected: &[&str]) {
    assert_eq!(told(&short(text).unwrap_err()), expected, "{text}");
}

#[test]
fn errors() {
    for (text, expected) in [
        (
            "let",
            ": expected a name after `let`, found the end of the text",
        ),
        (
            "let 3 = [relu]; relu",
            "3: expected a name after `let`, found `3`",
        ),
        (
            "let a [relu]; relu",
            "[: expected `=`, or `(` directly after the name `a`, found `[`",
        ),
        (
            "let a(n) [relu]; relu",
            "[: expected `=` after the parameters, found `[`",
        ),
        (
            "let a = relu; relu",
            "relu: expected `[` at the beginning of the body of `a`, found `relu`",
        ),
        (
            "let a = [relu] relu",
            "relu: expected `;` after the definition, found `relu`",
        ),
        (
            "let a = [relu | relu]; a",
            "[relu | relu]: a definition has one body, without `|`",
        ),
        (
            "let a = [relu; a",
            "[: `[` is never closed (`]` is missing)",
        ),
        (
            "let a(3) = [relu]; a",
            "3: expected the name of a parameter, found `3`",
        ),
        (
            "let a(n=1, m) = [relu]; a(1, 2)",
            "m: a parameter without a default can't follow one with a default",
        ),
        (
            "let a(n, n) = [relu]; a(1, 2)",
            "n: `n` is already a parameter of this definition (choose another name)",
        ),
        (
            "let a(classes) = [relu]; a(1)",
            "classes: `classes` is already the name of an integer (choose another name)",
        ),
        (
            "let relu = [flatten]; flatten",
            "relu: `relu` is already the name of a layer (choose another name)",
        ),
        (
            "let conv = [flatten]; flatten",
            "conv: `conv` is already the name of a layer (choose another name)",
        ),
        (
            "let tower = [flatten]; flatten",
            "tower: `tower` is already the name of a preset (choose another name)",
        ),
        (
            "let a = [relu]; let a = [flatten]; a",
            "a: `a` is already defined above (choose another name)",
        ),
        (
            "let a = [a]; relu",
            "a: `a` can't use itself (a definition can only use those before it)",
        ),
        (
            "let a = [b]; let b = [relu]; a",
            "b: `b` is defined below (move its definition before this one)",
        ),
        (
            "relu let a = [relu]; a",
            "let: a definition can't follow a call (move it to the beginning of the text)",
        ),
        (
            "residual[ let a = [relu]; a ]",
            "let: a definition can't be inside of brackets (move it to the beginning of the text)",
        ),
        (
            "let a = [reluu]; a a",
            "reluu: unknown layer `reluu` (did you mean `relu`?)",
        ),
        (
            "let abc = [relu]; acb",
            "acb: unknown layer `acb` (did you mean `abc`?)",
        ),
        (
            "let a(n) = [linear(m)]; a(1) a(2)",
            "m: `out` of `linear` is m; it must be an integer, 1 to 65536 (did you mean `n`?)",
        ),
        (
            "let a(n) = [linear(2*m)]; a(1) a(2)",
            "2*m: unknown name `m` (did you mean `n`?)",
        ),
        ("let a(n) = [linear(n)]; a", "a: `a` needs `n`"),
        ("let a(n, m) = [linear(n)]; a", "a: `a` needs `n` and `m`"),
        ("let a = [relu]; a(1)", "1: `a` takes no arguments"),
        (
            "let a(n) = [linear(n)]; a(1, 2)",
            "2: `a` takes one argument, `n`",
        ),
        (
            "let a(n, m) = [linear(n)]; a(1, 2, 3, 4)",
            "3: `a` takes at most 2 arguments, `n`, `m`",
        ),
        (
            "let a(n) = [linear(n)]; a(1, n=2)",
            "n: `n` of `a` is given twice",
        ),
        (
            "let a(size) = [linear(size)]; a(sze=2)",
            "sze: `a` has no argument `sze` (did you mean `size`?)",
        ),
        (
            "let a = [relu]; a[ relu ]",
            "[ relu ]: `a` is a definition, which takes no body",
        ),
        (
            "let a = [relu]; let b = [flatten];",
            "let b = [flatten];: expected at least one layer after the definitions (use one of them, such as `b`)",
        ),
        (
            "let a(n={1, 2}) = [linear(n)]; a",
            "{1, 2}: alternatives are not allowed here",
        ),
        (
            "let a = [{relu | flatten}]; a",
            "{relu | flatten}: alternatives are not allowed here",
        ),
    ] {
        says(text, &[expected]);
    }
}

#[test]
fn an_error_that_depends_on_the_arguments_shows_both_places() {
    let error =
        short("let a(n) = [ linear(n) ];\nlet b(m) = [ relu a(m-1) ];\nb(3)\nb(1)").unwrap_err();
    assert_eq!(
        error.to_string(),
        "\
error: `out` of `linear` is 0; it must be an integer, 1 to 65536
  ┌ line 1
  │ let a(n) = [ linear(n) ];
  │                     ^ help: `n` is 0 here
note: `a` is used here
  ┌ line 2
  │ let b(m) = [ relu a(m-1) ];
  │                   ^^^^^^
note: `b` is used here
  ┌ line 4
  │ b(1)
  │ ^^^^"
    );
    let error = short("let a(p) = [ dropout(p) ]; a(same)").unwrap_err();
    assert_eq!(
        error.diagnostics[0].message,
        "`p` of `dropout` is same; it must be a number, 0 to 1"
    );
    assert_eq!(
        error.diagnostics[0].help.as_deref(),
        Some("`p` is same here")
    );
}

#[test]
fn several_errors_at_once() {
    says(
        "let a(n) = [ reluu ]; let b = [ relu tanhh a(1) ]; a linear(0)",
        &[
            "reluu: unknown layer `reluu` (did you mean `relu`?)",
            "tanhh: unknown layer `tanhh` (available: `adam`, `concat`, `conv2d`, `dropout`, `flatten`, `gated`, `linear`, `maxpool2d`, `pad`, `relu`, `residual`, `say` and 9 more)",
            "a: `a` needs `n`",
            "0: `out` of `linear` is 0; it must be an integer, 1 to 65536",
        ],
    );
}

#[test]
fn what_depends_on_the_place_is_not_passed() {
    let presets = presets().with_deferred("width");
    let read = |text| read(text, &registry(), &presets);
    assert_eq!(
        read("let a(k) = [linear(k*width)]; a(2)").unwrap().short(),
        "linear(2*width)"
    );
    for text in [
        "let a(n) = [linear(n)]; a(width)",
        "let a(n) = [linear(n)]; a(2*width)",
        "let a(n=width) = [linear(n)]; a",
    ] {
        let error = read(text).err().unwrap();
        assert!(
            error.diagnostics[0]
                .message
                .contains("depends on where it is used"),
            "{error}"
        );
    }
}

/// A preset has definitions of its own: it doesn't see those around it, nor they its own.
#[test]
fn presets_can_have_definitions() {
    let preset = |name, text| Preset {
        name,
        text,
        about: "",
    };
    let texts = [
        preset(
            "deep",
            "let a(n) = [ linear(n) relu ]; let b = [ 2*a(8) a(4) ]; b linear(2)",
        ),
        preset("deeper", "let b = [ deep ]; 2*b"),
        preset(
            "wrong",
            "let b = [ linear(0) ]; let deep = [ relu ]; let c = [ a(2) ]; b",
        ),
    ];
    let presets = texts
        .into_iter()
        .fold(presets(), |presets, preset| presets.with(preset).unwrap());
    let read = |text| read(text, &registry(), &presets);
    let spec = read("let a = [ flatten deeper ]; a").unwrap();
    assert_eq!(spec.short(), "flatten deeper");
    let once = "2*[ linear(out=8, bias=true) relu ] linear(out=4, bias=true) relu linear(out=2, bias=true)";
    assert_eq!(spec.full(), format!("flatten 2*[ {once} ]"));
    for text in [
        "deep a(2)",
        "let a = [ relu ]; deep a(2)",
        "let b = [ deep a(1) ]; b",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    let error = read("relu wrong").unwrap_err();
    let found: Vec<_> = error
        .diagnostics
        .iter()
        .map(|e| (&error.text[e.span.start..e.span.end], &*e.message))
        .collect();
    assert!(
        found
            .iter()
            .all(|(place, message)| *place == "wrong" && message.starts_with("preset `wrong`: ")),
        "{found:?}"
    );
    assert!(error.diagnostics.iter().all(|e| e.notes.is_empty()));
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn chains_have_no_definitions() {
    let error = read_chain("let a = [relu]; relu", &registry()).unwrap_err();
    assert_eq!(
        error.diagnostics[0].message,
        "definitions are not allowed here"
    );
}

#[test]
fn alternatives_in_definitions_are_expanded() {
    let tree = parse("let a(n={1, 2}) = [ {relu | flatten} linear(n) ]; a a({3, 4})").unwrap();
    let texts: Vec<_> = expand(&tree)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts.len(), 8);
    assert_eq!(texts[0], "let a(n=1) = [ relu linear(n) ]; a a(3)");
    assert_eq!(texts[7], "let a(n=2) = [ flatten linear(n) ]; a a(4)");
    let choices = choices(&tree).unwrap();
    assert_eq!(choices.places, ["{1, 2}", "{ relu | flatten }", "{3, 4}"]);
    assert_eq!(choices.chosen[7], ["2", "flatten", "4"]);
}

#[test]
fn presets_have_definitions_of_their_own() {
    let with = |text| {
        let preset = Preset {
            name: "net",
            text,
            about: "for a test",
        };
        presets().with(preset)
    };
    let presets = with("let a(n, p=0.5) = [ linear(n) dropout(p) ]; let b = [ 2*a(8) ]; b a(2)");
    let presets = presets.unwrap();
    let read = |text| read(text, &registry(), &presets);
    // The names in a preset are not those of the text around it.
    let spec = read("let a(m) = [ net linear(m) ]; residual[ a(3) ] a(4)").unwrap();
    let net = "2*[ linear(8) dropout(0.5) ] linear(2) dropout(0.5)";
    assert_eq!(spec.short(), "residual[ net linear(3) ] net linear(4)");
    let expanded = format!("residual[ {net} linear(3) ] {net} linear(4)");
    let expanded = read(&expanded).unwrap();
    assert_eq!(spec.full(), expanded.full());
    assert!(read("net a(1)").is_err());
    // An error is at the name of the preset.
    for (text, message) in [
        (
            "let a(n) = [ linear(n) ]; a(0)",
            "preset `net`: in `linear(n)`: `out` of `linear` is 0",
        ),
        (
            "let a = [ reluu ]; a",
            "preset `net`: in `reluu`: unknown layer",
        ),
        (
            "let relu = [ flatten ]; relu",
            "preset `net`: `relu` is already the name of a layer",
        ),
        (
            "let a = [ a ]; a",
            "preset `net`: in `a`: `a` can't use itself",
        ),
    ] {
        let presets = with(text).unwrap();
        let error = tapeline_spec::read("flatten net", &registry(), &presets).unwrap_err();
        for error in &error.diagnostics {
            assert!(error.message.starts_with(message), "{text}: {error:?}");
            assert_eq!(
                (error.span.start, error.span.end, &error.notes[..]),
                (8, 11, &[][..])
            );
        }
    }
    for (text, part) in [
        ("let a = [ {relu | flatten} ]; a", "alternatives"),
        ("let a(n={1, 2}) = [ linear(n) ]; a", "alternatives"),
        ("let a = [ 1000*relu ]; let b = [ 1000*a ]; b", "10000"),
    ] {
        let error = with(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_name_can_be_an_argument() {
    let short = |text| Ok::<_, SpecError>(read(text, &registry(), &presets())?.short());
    let text = "let a(n, m) = [ tag(n) tag(m) ]; a(x, relu) tag(name=n)";
    assert_eq!(short(text).unwrap(), "tag(x) tag(relu) tag(n)");
    for (text, message) in [
        ("tag(3)", "`name` of `tag` is 3; it must be a name"),
        (
            "tag(\"x\")",
            "`name` of `tag` is \"x\"; it must be a name; write `x`",
        ),
        (
            "tag(\"x y\")",
            "`name` of `tag` is \"x y\"; it must be a name",
        ),
        (
            "tag(x+1)",
            "unknown name `x`; no names of integers are known here",
        ),
        (
            "let a(n) = [ tag(n) ]; a(3)",
            "`name` of `tag` is 3; it must be a name; `n` is 3 here",
        ),
    ] {
        let error = short(text).unwrap_err();
        assert_eq!(error.diagnostics[0].to_string(), message, "{text}");
    }
}

/// Texts whose expansion would be too large.
#[test]
fn definitions_that_explode() {
    let chain = |count: usize, first: &str, next: &str, last: &str| {
        let mut text = format!("let a0{first};");
        for i in 1..count {
            let next = next.replace("NAME", &format!("a{}", i - 1));
            text += &format!(" let a{i}{next};");
        }
        text + &last.replace("NAME", &format!(" a{}", count - 1))
    };
    for (text, part) in [
        (chain(60, "=[relu]", "=[NAME NAME]", "NAME"), "10000"),
        (chain(60, "=[]", "=[NAME NAME]", "NAME relu"), "10000"),
        (chain(60, "=[relu]", "=[10*NAME]", "NAME"), "10000"),
        (
            chain(60, "=[relu]", "=[0*[NAME NAME] relu]", "NAME"),
            "10000",
        ),
        (chain(1000, "=[relu]", "=[NAME]", "NAME"), "64"),
        (
            chain(60, "(x)=[say(x)]", "(x)=[NAME((x, x))]", "NAME(1)"),
            "too long",
        ),
        (
            chain(60, "(x)=[linear(x)]", "(x)=[NAME(x*x)]", "NAME(3)"),
            "too large",
        ),
        (
            format!(
                "let a(x) = [{}]; 1*a(\"{}\")",
                "say(x) ".repeat(5000),
                "b".repeat(100_000)
            ),
            "too long",
        ),
        (
            format!(
                "let a = [steps(({}1))]; {}",
                "1, ".repeat(50_000),
                "a ".repeat(4000)
            ),
            "too long",
        ),
    ] {
        let error = short(&text).unwrap_err();
        assert!(
            error.diagnostics[0].message.contains(part),
            "{part}: {:?}",
            error.diagnostics[0]
        );
    }
}

/// Bodies as templates: a text with `n` and `k`, which stand for integers.
fn body() -> impl Strategy<Value = String> {
    let item = prop::sample::select(
        &[
            "linear(n)",
            "conv2d(k, n)",
            "linear(n+k)",
            "relu",
            "2*linear(k)",
            "residual[ linear(2*n) ]",
            "block",
        ][..],
    );
    vec(item, 0..4).prop_map(|items| items.join(" "))
}

/// Replaces the names `n` and `k` in a text.
fn put_in(text: &str, n: &str, k: &str) -> String {
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|word| {
            let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match name {
                "n" => word.replace('n', n),
                "k" => word.replace('k', k),
                _ => word.into(),
            }
        })
        .collect()
}

proptest! {
    /// A use is the same as the body with the arguments put in by hand.
    #[test]
    fn a_use_is_its_body((first, second) in (body(), body()), n in 1..9usize, k in 1..9usize) {
        let text = format!("let a(n, k=5) = [ {first} ]; let b(k, n) = [ {second} a(n+1, k) a(k) ]; b({k}, n={n}) relu");
        let inner = put_in(&first, &format!("({n}+1)"), &k.to_string());
        let outer = put_in(&first, &k.to_string(), "5");
        let written = format!("{} {inner} {outer} relu", put_in(&second, &n.to_string(), &k.to_string()));
        prop_assert_eq!(short(&text).unwrap(), short(&written).unwrap());
        let full = read(&text, &registry(), &presets()).unwrap().full();
        prop_assert_eq!(read(&full, &registry(), &Presets::new()).unwrap().full(), full);
    }
}
