//! What holds for any text, and for any tree.

use proptest::prelude::*;
use tapeline_spec::{Call, Diagnostic, Presets, expand, parse, read, resolve};

use crate::words::{Word, layers, presets};

/// Reads a text all the way, and makes sure that what is said of it has places in it.
fn anything(text: &str) {
    let (registry, presets) = (layers(), presets());
    match parse(text) {
        Err(errors) => places(text, &errors),
        Ok(tree) => {
            if let Err(errors) = resolve(&tree, &registry, &presets) {
                places(text, &errors);
            }
            if let Err(error) = expand(&tree) {
                places(text, &[error]);
            }
            assert_eq!(parse(&tree.to_string()).as_ref(), Ok(&tree), "{tree}");
        }
    }
}

fn places(text: &str, errors: &[Diagnostic]) {
    assert!(
        !errors.is_empty() && errors.len() <= 20,
        "{} errors",
        errors.len()
    );
    for error in errors {
        let span = error.span;
        assert!(span.start <= span.end, "{error:?}");
        assert!(
            text.get(span.start..span.end).is_some(),
            "{error:?} in a text of {} bytes",
            text.len()
        );
        // Messages quote the beginning of what is long.
        assert!(error.message.len() < 400, "{error:?}");
    }
    assert!(
        errors.is_sorted_by_key(|error| error.span.start),
        "{errors:?}"
    );
}

/// Pieces of the grammar and what is near it.
fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "linear",
        "conv2d",
        "relu",
        "residual",
        "concat",
        "net",
        "broken",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "|",
        ",",
        "*",
        "=",
        "3",
        "0",
        "-7",
        "2.5",
        "1e400",
        "1e-3",
        "99999999999999999999",
        "true",
        "same",
        "padding=",
        "\"",
        "\\",
        "\"a\"",
        "#",
        "\n",
        " ",
        " ",
        " ",
        "，",
        "\u{202e}",
        "é",
        "\u{a0}",
        ".",
        "+",
        "2*[",
        "residual[",
        "dropout(",
        "{1,2}*",
    ])
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        anything(&text);
    }

    #[test]
    fn any_text_of_the_languages_pieces_is_read_or_refused(pieces in prop::collection::vec(fragment(), 0..60)) {
        anything(&pieces.concat());
    }

    #[test]
    fn a_tree_is_printed_as_it_is_read(text in spec()) {
        let tree = parse(&text).unwrap();
        prop_assert_eq!(parse(&tree.to_string()).unwrap(), tree);
    }

    #[test]
    fn both_forms_mean_the_same(text in valid()) {
        let (registry, presets) = (layers(), presets());
        let resolved = read(&text, &registry, &presets).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        for form in [resolved.short(), resolved.full()] {
            let again = read(&form, &registry, &presets).unwrap_or_else(|e| panic!("{form}: {e:?}"));
            prop_assert_eq!(meaning(&again.calls()), meaning(&resolved.calls()), "{}", form);
            prop_assert_eq!(again.full(), resolved.full());
        }
        // The full form needs no preset.
        prop_assert!(read(&resolved.full(), &registry, &Presets::new()).is_ok());
    }

    #[test]
    fn alternatives_multiply(counts in prop::collection::vec(1usize..=4, 1..5)) {
        let choices = |n: usize| (0..n).map(|i| format!("linear({})", i + 1)).collect::<Vec<_>>().join(" | ");
        let part = |&n: &usize| if n == 1 { "relu".into() } else { format!("{{ {} }}", choices(n)) };
        let text = counts.iter().map(part).collect::<Vec<_>>().join(" ");
        let all = expand(&parse(&text).unwrap()).unwrap();
        prop_assert_eq!(all.len(), counts.iter().product::<usize>());
        let texts: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        prop_assert_eq!(texts.len(), all.len(), "no two are the same");
        prop_assert!(all.iter().all(|tree| resolve(tree, &layers(), &presets()).is_ok()));
    }
}

fn meaning(calls: &[Call<'_, Word>]) -> Vec<String> {
    calls.iter().map(Call::full).collect()
}

/// Texts that follow the grammar, whatever their names mean.
fn spec() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| format!("{x:?}")),
        "[a-z_][a-z0-9_]{0,5}".prop_map(|word| word),
        "[ -~]{0,6}"
            .prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
    ];
    let value = value.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|v| format!("({},)", v.join(","))),
            prop::collection::vec(inner, 2..4).prop_map(|v| format!("{{{}}}", v.join(" , "))),
        ]
    });
    let args = (
        prop::collection::vec(value.clone(), 0..3),
        prop::collection::vec(("[a-z]{1,4}", value), 0..2),
    )
        .prop_map(|(values, named)| {
            let named = named
                .into_iter()
                .map(|(name, value)| format!("{name}= {value}"));
            values
                .into_iter()
                .chain(named)
                .collect::<Vec<_>>()
                .join(", ")
        });
    let name =
        "[a-z_][a-z0-9_]{0,5}".prop_filter("a name", |name| name != "true" && name != "false");
    let call = (name, prop::option::of(args)).prop_map(|(name, args)| match args {
        Some(args) => format!("{name}({args})"),
        None => name,
    });
    let item = call.clone().prop_recursive(3, 24, 4, move |inner| {
        let items = prop::collection::vec(inner, 0..4).prop_map(|items| items.join("\t"));
        let branches = prop::collection::vec(items.clone(), 1..3).prop_map(|b| b.join("|"));
        prop_oneof![
            (call.clone(), branches).prop_map(|(call, branches)| format!("{call}[{branches}]")),
            (0u32..1000, items.clone()).prop_map(|(n, items)| format!("{n}*[ {items} ]")),
            (prop::collection::vec(0u32..9, 2..4), items.clone()).prop_map(|(n, items)| format!(
                "{{{}}}*[{items}]",
                n.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
            )),
            prop::collection::vec(items, 2..4)
                .prop_map(|choices| format!("{{{}}}", choices.join("|"))),
        ]
    });
    prop::collection::vec(item, 0..5).prop_map(|items| items.join(" # comment\n"))
}

/// Texts that mean something.
fn valid() -> impl Strategy<Value = String> {
    let call = prop_oneof![
        (1usize..20, any::<bool>()).prop_map(|(n, bias)| format!("dense({n}, bias={bias})")),
        (1usize..9, 1usize..9, 1usize..4)
            .prop_map(|(c, k, s)| format!("conv2d({c}, ({k}, {s}), stride={s})")),
        (1usize..9, 1usize..9)
            .prop_map(|(c, k)| format!("conv({c}, kernel_size={k}, padding=same, mode=reflect,)")),
        (1usize..9).prop_map(|k| format!("maxpool({k}, stride=({k}, {k}))")),
        (0.0..=1.0).prop_map(|p: f64| format!("dropout({p})")),
        Just("adam(1, betas=(0, 0.5))".to_string()),
        prop::sample::select(vec!["relu", "net", "head", "empty"]).prop_map(String::from),
    ];
    let item = call.prop_recursive(3, 16, 3, |inner| {
        let items = prop::collection::vec(inner, 0..3).prop_map(|items| items.join(" "));
        prop_oneof![
            items.clone().prop_map(|body| format!("residual[{body}]")),
            prop::collection::vec(items.clone(), 1..4)
                .prop_map(|branches| format!("concat[{}]", branches.join("|"))),
            (0u32..4, items.clone()).prop_map(|(n, items)| format!("{n}*[{items}]")),
        ]
    });
    prop::collection::vec(item, 0..4).prop_map(|items| format!("{} relu", items.join("\n")))
}

#[test]
fn very_long_and_very_deep_texts_are_read_or_refused() {
    for bracket in [
        "(", "[", "{", "a(", "a[", "2*[", "{|", "a(b=(", "a({", ")", "]", "}", "|", "{1,", "\"",
        "a ", "1e5 ", "é", "，", "a|", "#",
    ] {
        let text = bracket.repeat(100_000);
        anything(&text);
        // What opens may also close.
        anything(&(text + &")]}".repeat(50_000)));
    }
    anything(&"conv2d(8, 5, padding=2) relu\n".repeat(1 << 15));
    anything(&format!("linear({})", "1".repeat(1 << 20)));
    anything(&format!("{}(1)", "x".repeat(1 << 20)));
    anything(&format!("a(\"{}\")", "\\\\".repeat(1 << 19)));
    anything(&format!("linear(10{}", ", 10".repeat(1 << 18)));
}

#[test]
fn the_deepest_text_allowed_is_read() {
    let deep = |n: usize| format!("{}relu{}", "residual[".repeat(n), "]".repeat(n));
    assert_eq!(
        read(&deep(64), &layers(), &presets())
            .unwrap()
            .calls()
            .len(),
        1
    );
    let errors = read(&deep(65), &layers(), &presets()).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].message, "brackets stand more than 64 deep");
}
