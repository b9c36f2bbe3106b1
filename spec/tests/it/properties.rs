//! What holds for every text.

use crate::common::{DEFS, Def, presets, registry};
use proptest::{collection::vec, prelude::*, sample::select};
use tapeline_spec::{
    Args, Call, Preset, Presets, SpecError, expand, parse, read, read_chain, resolve,
};

/// Reads a text in every way. Whatever is wrong has its place in the text; whatever is right is printed and read as the same.
fn any_text(text: &str) -> Result<(), TestCaseError> {
    let (registry, presets) = (registry(), presets());
    let parsed = parse(text);
    let read = read(text, &registry, &presets);
    let chain = read_chain(text, &registry);
    for error in [
        parsed.as_ref().err(),
        read.as_ref().err(),
        chain.as_ref().err(),
    ] {
        let Some(error) = error else { continue };
        places(error)?;
        prop_assert_eq!(&error.text, text);
        prop_assert!((1..=20).contains(&error.diagnostics.len()));
    }
    prop_assert!(parsed.is_ok() || (read.is_err() && chain.is_err()));
    if let Ok(tree) = parsed {
        let printed = tree.to_string();
        prop_assert!(parse(&printed).as_ref() == Ok(&tree), "{:?}", printed);
        if let Err(error) = expand(&tree) {
            places(&error)?;
        }
        prop_assert_eq!(
            resolve(&tree, &registry, &presets).err(),
            read.as_ref().err().cloned()
        );
    }
    Ok(())
}

fn places(SpecError { text, diagnostics }: &SpecError) -> Result<(), TestCaseError> {
    for error in diagnostics {
        let (start, end) = (error.span.start, error.span.end);
        prop_assert!(
            start <= end && text.get(start..end).is_some(),
            "{:?} in {:?}",
            error,
            text
        );
    }
    let starts = diagnostics.iter().map(|error| error.span.start);
    prop_assert!(starts.is_sorted());
    Ok(())
}

/// Pieces of the language, and what people type instead.
fn fragments() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "|",
        ",",
        "=",
        "*",
        " ",
        "\n",
        "\r",
        "\t",
        "# c\n",
        "#",
        "\"",
        "\\",
        "\"a\"",
        "\"\\\"\"",
        "\"\\x\"",
        "0",
        "3",
        "1000",
        "1001",
        "-1",
        "+5",
        ".5",
        "5.",
        "1e9",
        "1e999",
        "1e",
        "3x3",
        "99999999999999999999",
        "true",
        "false",
        "relu",
        "linear",
        "conv2d",
        "dense",
        "residual",
        "concat",
        "block",
        "tower",
        "nothing",
        "out",
        "bias=false",
        "stride",
        "padding=same",
        "(1, 2)",
        "linear(8)",
        "conv2d(8, 5)",
        "3*[",
        "2*relu",
        "{1, 2}*",
        "{1, 2}",
        "residual[",
        "é",
        "，",
        "（",
        "\u{a0}",
        "\u{202e}",
        "\u{feff}",
        "“",
        "🙂",
        "e\u{301}",
        "\0",
        "-",
        "+",
        "/",
        ";",
        "'",
        "let ",
        "let a(n, m=2) = [",
        "];",
        "let b = [ relu ];",
        "n",
        "a(3)",
        "(n+1)*2",
        "2*n",
    ];
    vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

fn space() -> impl Strategy<Value = &'static str> {
    select(&[" ", "  ", "\n", "\t\r\n", " # of no account (]\n"][..])
}

fn gap() -> impl Strategy<Value = &'static str> {
    select(&["", "", " ", "\n", "# |\n"][..])
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_]{0,6}".prop_filter("a name", |name| {
        !["true", "false", "let"].contains(&&**name)
    })
}

/// Parts with a separator and perhaps space around it.
fn joined(parts: Vec<(String, &'static str, &'static str)>, separator: &str) -> String {
    let parts: Vec<_> = parts
        .iter()
        .map(|(part, before, after)| format!("{before}{part}{after}"))
        .collect();
    parts.join(separator)
}

fn spaced(
    part: impl Strategy<Value = String>,
) -> impl Strategy<Value = (String, &'static str, &'static str)> {
    (part, gap(), gap())
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        "[+-]?[0-9]{1,3}\\.[0-9]{0,3}([eE][+-]?[0-9]{1,2})?",
        "[+-]?\\.[0-9]{1,3}",
        prop::num::f64::NORMAL.prop_map(|x| format!("{x:?}")),
        any::<bool>().prop_map(|b| b.to_string()),
        name(),
        "\"([^\"\\\\\r\n]|\\\\\"|\\\\\\\\){0,8}\"",
    ];
    leaf.prop_recursive(3, 12, 3, |value| {
        let value = move || spaced(value.clone());
        prop_oneof![
            (vec(value(), 1..4), select(&["", ","][..]))
                .prop_map(|(parts, comma)| format!("({}{comma})", joined(parts, ","))),
            vec(value(), 2..4).prop_map(|parts| format!("{{{}}}", joined(parts, ","))),
            arithmetic(),
        ]
    })
}

/// Arithmetic on integers and names.
fn arithmetic() -> impl Strategy<Value = String> {
    let operand = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        name(),
        (0..9, name()).prop_map(|(n, name)| format!("{{{n}, {name}, ({n})}}")),
    ];
    operand.prop_recursive(4, 16, 4, |operand| {
        let rest = vec(
            (select(&["+", "-", "*", "/"][..]), spaced(operand.clone())),
            1..4,
        );
        (operand, rest).prop_map(|(first, rest)| {
            let rest = rest
                .iter()
                .map(|(op, (right, before, after))| format!("{op}{before}{right}{after}"));
            format!("({first} {})", rest.collect::<String>())
        })
    })
}

fn call(spec: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let named =
        (name(), gap(), value()).prop_map(|(name, gap, value)| format!("{name}{gap}={gap}{value}"));
    let args =
        (vec(spaced(value()), 0..3), vec(spaced(named), 0..3)).prop_map(|(mut args, named)| {
            args.extend(named);
            format!("({})", joined(args, ","))
        });
    let bodies = vec(spec, 1..4).prop_map(|bodies| format!("[{}]", bodies.join("|")));
    let optional = |part| prop::option::of(part).prop_map(Option::unwrap_or_default);
    (name(), optional(args.boxed()), optional(bodies.boxed()))
        .prop_map(|(name, args, bodies)| name + &args + &bodies)
}

/// Any text of the grammar.
fn spec() -> impl Strategy<Value = String> {
    let separated = |item: BoxedStrategy<String>| {
        (vec((item, space()), 0..4), gap()).prop_map(|(items, gap)| {
            let items: Vec<_> = items
                .iter()
                .map(|(item, space)| format!("{item}{space}"))
                .collect();
            format!("{gap}{}", items.concat())
        })
    };
    separated(name().boxed()).prop_recursive(4, 40, 4, move |spec| {
        let (body, branches) = (spec.clone(), spec.clone());
        let counts = vec(spaced((0..=1000).prop_map(|n: i32| n.to_string())), 2..4);
        let count = prop_oneof![
            (0..=1000).prop_map(|n: i32| n.to_string()),
            counts.prop_map(|counts| format!("{{{}}}", joined(counts, ","))),
        ];
        let repeated = prop_oneof![
            call(spec.clone()),
            body.prop_map(|body| format!("[{body}]"))
        ];
        let item = prop_oneof![
            3 => call(spec),
            1 => (count, repeated).prop_map(|(count, repeated)| format!("{count}*{repeated}")),
            1 => vec(branches, 2..4).prop_map(|branches| format!("{{{}}}", branches.join("|"))),
        ];
        separated(item.boxed())
    })
}

/// Definitions and a spec.
fn text() -> impl Strategy<Value = String> {
    let default = prop::option::of(value()).prop_map(|value| match value {
        Some(value) => format!("={value}"),
        None => String::new(),
    });
    let params = (
        vec(spaced(name()), 0..3),
        vec(spaced((name(), default).prop_map(|(a, b)| a + &b)), 0..2),
    );
    let params = params.prop_map(|(mut params, optional)| {
        // Those without a default come first.
        let (more, optional): (Vec<_>, Vec<_>) = optional
            .into_iter()
            .partition(|(param, ..)| !param.contains('='));
        params.extend(more);
        params.extend(optional);
        format!("({})", joined(params, ","))
    });
    let params = prop::option::of(params).prop_map(Option::unwrap_or_default);
    let definition = (name(), params, gap(), gap(), spec(), gap(), gap()).prop_map(
        |(name, params, a, b, body, c, d)| format!("let {name}{params}{a}={b}[{body}]{c};{d}"),
    );
    (vec(definition, 0..3), spec()).prop_map(|(definitions, spec)| definitions.concat() + &spec)
}

/// A text that the registry knows, and how many calls it makes.
fn known() -> impl Strategy<Value = (String, usize)> {
    let size = || {
        prop_oneof![
            (1..9).prop_map(|n: i32| n.to_string()),
            (1..9, 1..9).prop_map(|(a, b)| format!("({a}, {b})"))
        ]
    };
    let call = prop_oneof![
        select(
            &[
                "relu",
                "flatten",
                "dropout(0)",
                "dropout(p=1e-3)",
                "linear(3)",
                "dense(bias=false, out=2)",
                "say(\"a \\\"b\\\"\")",
                "say"
            ][..]
        )
        .prop_map(String::from),
        (1..9, size(), size()).prop_map(|(out, kernel, stride)| format!(
            "conv({out}, {kernel}, stride={stride}, padding=same)"
        )),
        (size(), size()).prop_map(|(kernel, stride)| format!("maxpool2d({kernel}, {stride})")),
        size().prop_map(|kernel| format!("maxpool2d({kernel})")),
        (0.0..0.99, 0.0..0.99).prop_map(|(a, b)| format!("adam(1, betas=({a:?}, {b:?}))")),
        select(&["zeros", "reflect"][..]).prop_map(|mode| format!("pad({mode}, 3)")),
    ];
    let item = call.prop_map(|call| (call, 1));
    let block = Just(("block".to_string(), 2));
    let tower = Just(("tower".to_string(), 2 * 3 + 2 * 2 + 3));
    let nothing = Just(("nothing".to_string(), 0));
    let leaf = prop_oneof![6 => item, 1 => block, 1 => tower, 1 => nothing];
    let list = |item: BoxedStrategy<(String, usize)>, least| {
        vec(item, least..4).prop_map(|items| {
            let (texts, counts): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            (texts.join(" "), counts.iter().sum::<usize>())
        })
    };
    let item = leaf.prop_recursive(3, 16, 3, move |item| {
        let list = move || list(item.clone().boxed(), 0);
        prop_oneof![
            (0..4usize, list())
                .prop_map(|(count, (text, calls))| (format!("{count}*[{text}]"), count * calls)),
            list().prop_map(|(text, calls)| (format!("residual[{text}]"), calls + 1)),
            list().prop_map(|(text, calls)| (format!("gated(lr=0.1)[{text}]"), calls + 1)),
            (list(), list()).prop_map(|(a, b)| (format!("concat[{}|{}]", a.0, b.0), a.1 + b.1 + 1)),
        ]
    });
    list(item.boxed(), 1)
}

/// A text with alternatives, and how many there are.
fn choices() -> impl Strategy<Value = (String, usize)> {
    let leaf = prop_oneof![
        Just(("relu".to_string(), 1)),
        (1..4usize).prop_map(|n| match n {
            1 => ("pad((1, 2))".into(), 1),
            n => (format!("pad((1, {{{}}}))", vec!["7"; n].join(", ")), n),
        }),
    ];
    leaf.prop_recursive(4, 16, 3, |spec| {
        prop_oneof![
            (spec.clone(), spec.clone()).prop_map(|(a, b)| (format!("{} {}", a.0, b.0), a.1 * b.1)),
            (spec.clone(), spec.clone())
                .prop_map(|(a, b)| (format!("{{{}|{}}}", a.0, b.0), a.1 + b.1)),
            (spec.clone(), spec.clone())
                .prop_map(|(a, b)| (format!("f[{}|{}]", a.0, b.0), a.1 * b.1)),
            spec.prop_map(|(text, ways)| (format!("{{0, 1, 2}}*[ {text} ]"), 3 * ways)),
        ]
    })
}

fn same(a: &[Call<Def>], b: &[Call<Def>]) -> bool {
    let bodies = |a: &Call<Def>, b: &Call<Def>| {
        a.bodies.len() == b.bodies.len() && a.bodies.iter().zip(&b.bodies).all(|(a, b)| same(a, b))
    };
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.def.name == b.def.name && a.args == b.args && bodies(a, b))
}

fn total(calls: &[Call<Def>]) -> usize {
    calls
        .iter()
        .map(|call| 1 + call.bodies.iter().map(|body| total(body)).sum::<usize>())
        .sum()
}

proptest! {
    #[test]
    fn any_characters(text: String) {
        any_text(&text)?;
    }

    #[test]
    fn any_pieces(text in fragments()) {
        any_text(&text)?;
    }

    #[test]
    fn any_text_of_the_grammar(text in text()) {
        prop_assert!(parse(&text).is_ok(), "{:?}: {:?}", text, parse(&text));
        any_text(&text)?;
    }

    /// A text of the grammar with one character taken out, put in or replaced.
    #[test]
    fn nearly_a_text(text in text(), place: prop::sample::Index, odd in select(&["", ";", "let ", "+", "-", "/", "*", "(", ")", "[", "]", "{", "}", "|", ",", "\"", "é", "，"][..]), taken: bool) {
        let starts: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = starts[place.index(starts.len())];
        let rest = match text[at..].chars().next() {
            Some(c) if taken => &text[at + c.len_utf8()..],
            _ => &text[at..],
        };
        any_text(&format!("{}{odd}{rest}", &text[..at]))?;
    }

    #[test]
    fn both_printed_forms_are_read_as_the_same((text, count) in known()) {
        let (registry, presets) = (registry(), presets());
        let Ok(first) = read(&text, &registry, &presets) else {
            prop_assert_eq!(count, 0, "{:?}", read(&text, &registry, &presets));
            return Ok(());
        };
        let calls = first.calls();
        prop_assert_eq!(total(&calls), count);
        let short = read(&first.short(), &registry, &presets).unwrap();
        let full = read(&first.full(), &registry, &Presets::new()).unwrap();
        prop_assert!(same(&calls, &short.calls()), "{}", first.short());
        prop_assert!(same(&calls, &full.calls()), "{}", first.full());
        prop_assert_eq!(short.short(), first.short());
        prop_assert_eq!(full.full(), first.full());
        for call in &calls {
            let [alone, again] = [call.full(), call.text()].map(|text| read(&text, &registry, &presets).unwrap().calls());
            prop_assert!(same(&again, &alone), "{}", call.text());
            prop_assert!(same(std::slice::from_ref(call), &alone), "{}", call.full());
        }
    }

    #[test]
    fn alternatives_are_the_product((text, count) in choices()) {
        let tree = parse(&text).unwrap();
        match expand(&tree) {
            Ok(trees) => {
                prop_assert_eq!(trees.len(), count);
                let choices = tapeline_spec::choices(&tree).unwrap();
                prop_assert_eq!(choices.chosen.len(), count);
                for (alternative, chosen) in trees.iter().zip(&choices.chosen) {
                    prop_assert_eq!(expand(alternative), Ok(vec![alternative.clone()]));
                    let written = put_in(&tree.to_string(), &choices.places, chosen);
                    prop_assert_eq!(&parse(&written).unwrap(), alternative, "{}", written);
                }
            }
            Err(error) => {
                prop_assert_eq!(tapeline_spec::choices(&tree), Err(error.clone()));
                prop_assert!(count > 1000);
                prop_assert!(error.summary().contains(&count.to_string()), "{}", error);
            }
        }
    }

    #[test]
    fn what_checks_draw_is_allowed(n: u64) {
        for def in DEFS {
            let given: Vec<_> = def.args.iter().filter_map(|info| Some((info.name, info.draw(n)?))).collect();
            let args = Args::of(def.args, &given);
            prop_assert!(args.is_ok(), "{} {:?}: {:?}", def.name, given, args);
            prop_assert_eq!(args, Args::of(def.args, &given));
        }
    }
}

/// A text with what is chosen in the place of each of its choices.
fn put_in(text: &str, places: &[String], chosen: &[String]) -> String {
    let (mut done, mut rest) = (String::new(), text);
    for (place, chosen) in places.iter().zip(chosen) {
        let (before, after) = rest.split_once(place.as_str()).unwrap();
        done += before;
        done += chosen;
        rest = after;
    }
    done + rest
}

/// Brackets of every kind, and how many errors such a text has at most.
const NESTS: [(&str, &str, usize); 14] = [
    ("[", "", 1),
    ("(", "", 1),
    ("{", "", 1),
    ("{", "}", 1),
    ("a[", "", 1),
    ("a[", "]", 1),
    ("a[|", "", 1),
    ("2*[", "]", 1),
    ("{a|", "}", 1),
    ("a(", ")", 1),
    ("a({", "", 1),
    ("a(b={", "})", 1),
    ("a[ b(", "", 2),
    ("a[\n# c\n", "]", 1),
];

#[test]
fn a_hundred_thousand_brackets() {
    for (open, close, most) in NESTS {
        let text = open.repeat(100_000) + &close.repeat(100_000);
        let errors = parse(&text).unwrap_err().diagnostics;
        assert!(errors.len() <= most, "{open}: {errors:?}");
    }
    for inner in ["(", "{"] {
        let text = format!("a({}", inner.repeat(100_000));
        let errors = parse(&text).unwrap_err().diagnostics;
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].message.contains("64"), "{errors:?}");
    }
    for text in [")", "]", "}", "|", "[)", "a[)", "(]"] {
        let errors = parse(&text.repeat(100_000)).unwrap_err().diagnostics;
        assert!(errors.len() <= 20, "{text}: {}", errors.len());
    }
}

#[test]
fn nesting_has_a_limit() {
    let (registry, presets) = (registry(), presets());
    let nested = |depth: usize| {
        format!(
            "{}conv2d(1, (2, 2)){}",
            "gated(lr=1)[".repeat(depth),
            "]".repeat(depth)
        )
    };
    let deepest = read(&nested(64), &registry, &presets).unwrap();
    assert_eq!(total(&deepest.calls()), 65);
    for text in [deepest.short(), deepest.full()] {
        assert!(same(
            &read(&text, &registry, &presets).unwrap().calls(),
            &deepest.calls()
        ));
    }
    let errors = parse(&nested(65)).unwrap_err().diagnostics;
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].span.start, "gated(lr=1)[".len() * 65 - 1);
}

/// Anything worse than linear would not come back.
#[test]
fn a_megabyte_of_anything() {
    let (registry, presets) = (registry(), presets());
    let pieces = [
        "relu ",
        "é",
        "é ",
        "a",
        "9",
        "a(",
        "a(1 ",
        "a(1 ]",
        "a[ b(1 ] ",
        "\"",
        "\"\n",
        "\"\\x",
        "“",
        "“\n",
        "#",
        "1*",
        "1*a ",
        "{1, ",
        "{a|b} ",
        ",",
        "a=",
        "a(=,",
        "a(1,)",
        "a(b=1, 2) ",
        "linear(1, 2, 3) ",
        "linear(out=1, out=1) ",
        "\u{202e}",
        "，",
        "block ",
        "tower[] ",
        "residual ",
        "0*[",
        "{a ",
        "a(({",
        "a\r",
        "let ",
        "let a",
        "let a(",
        "let a(n",
        "let a = [",
        "let a = [];",
        "let a(n) = [linear(n)];",
        "a(1+",
        "a(1-1)",
        "a(n/",
        "1*(",
        "a(1 +1",
        ";",
    ];
    for piece in pieces {
        let text = piece.repeat((1 << 20) / piece.len());
        let _ = parse(&text).map(|tree| expand(&tree).is_ok());
        let _ = read(&text, &registry, &presets);
    }
    for (before, piece, after) in [
        ("linear(1", "+1", ")"),
        ("linear(1", "*n", ")"),
        ("linear(1", "/", ")"),
        ("let a(", "n,", ") = [];"),
        ("let a(x) = [linear(8)]; ", "a(1) ", ""),
        ("let a(x) = [linear(x)]; ", "b ", ""),
    ] {
        let text = format!("{before}{}{after}", piece.repeat((1 << 20) / piece.len()));
        assert!(read(&text, &registry, &presets).is_err());
    }
    let definitions: String = (0..50_000).map(|i| format!("let a{i} = []; ")).collect();
    let text = format!("{definitions}{}", "unknown ".repeat(50_000));
    assert!(read(&text, &registry, &presets).is_err());
    let long = format!("linear({}1)", "1, ".repeat(1 << 18));
    assert!(read(&long, &registry, &presets).is_err());
    let text = format!("1000*say(\"{}\")", "a".repeat(1 << 20));
    assert_eq!(
        read(&text, &registry, &presets).unwrap().calls().len(),
        1000
    );
}

#[test]
fn presets_that_explode() {
    let preset = |i: usize, text: String| {
        let name: &'static str = format!("p{i}").leak();
        Preset {
            name,
            text: text.leak(),
            about: "",
        }
    };
    for text in [
        "NAME NAME",
        "0*[ NAME NAME ] relu",
        "a[ NAME | NAME ]",
        "10*NAME",
        "a[ NAME ]",
        "NAME",
    ] {
        let mut presets = Presets::new().with(preset(0, "relu".into())).unwrap();
        let refused = (1..5000).find_map(|i| {
            let text = text.replace("NAME", &format!("p{}", i - 1));
            match presets.clone().with(preset(i, text)) {
                Ok(more) => {
                    presets = more;
                    None
                }
                Err(error) => Some(error.to_string()),
            }
        });
        let refused = refused.unwrap_or_else(|| panic!("{text} goes on"));
        assert!(
            refused.contains("10000") || refused.contains("64"),
            "{text}: {refused}"
        );
    }
}
