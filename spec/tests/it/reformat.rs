//! The canonical layout.

use proptest::{collection::vec, prelude::*, sample::select};
use tapeline_spec::{parse, reformat};

#[track_caller]
fn becomes(text: &str, wanted: &str) {
    assert_eq!(reformat(text).unwrap(), wanted, "{text}");
    assert_eq!(reformat(wanted).unwrap(), wanted, "{wanted}");
}

#[test]
fn layout() {
    becomes("", "");
    becomes(" \n", "");
    becomes("  relu   tanh", "relu tanh\n");
    becomes("relu\n\n\n\ntanh\nrelu tanh", "relu\n\ntanh\nrelu tanh\n");
    becomes(
        "conv2d( 8 ,5,padding = same,)",
        "conv2d(8, 5, padding=same,)\n",
    );
    becomes("f( 2 * n + 1 , (1 ,2) )", "f(2*n+1, (1, 2))\n");
    becomes(
        "3*[relu]  2*relu {1,2}*[ ] 0*a[b|]",
        "3*[ relu ] 2*relu {1, 2}*[ ] 0*a[ b | ]\n",
    );
    becomes("{relu|} {|tanh(1)}", "{ relu | } { | tanh(1) }\n");
    becomes(
        "let a(n,s=1)=[relu ] ; let b=[a(1)];a(2) b",
        "let a(n, s=1) = [ relu ];\nlet b = [ a(1) ];\na(2) b\n",
    );
    becomes(
        "residual[\nrelu tanh] relu",
        "residual[\n    relu tanh\n] relu\n",
    );
    becomes(
        "concat[ a\n|b[\n c ] ] d",
        "concat[\n    a\n|\n    b[\n        c\n    ]\n] d\n",
    );
}

#[test]
fn long_lines_are_broken_between_items() {
    let text = "linear(10) ".repeat(20);
    let line = "linear(10) linear(10) linear(10) linear(10) linear(10) linear(10) linear(10)\n";
    becomes(&text, &format!("{line}{line}{}\n", &line[..6 * 11 - 1]));
    let body = "linear(10) ".repeat(8);
    becomes(
        &format!("relu residual[ {body}] tanh"),
        &format!("relu\nresidual[\n    {}    linear(10)\n] tanh\n", line),
    );
}

#[test]
fn comments_are_kept() {
    becomes(
        "# first\n\n# second\nrelu # here\n\n# there\ntanh # end\n# last\n\n",
        "# first\n\n# second\nrelu  # here\n\n# there\ntanh  # end\n# last\n",
    );
    becomes(
        "a[ # in\n relu # it\n # out\n]",
        "a[\n    # in\n    relu  # it\n    # out\n]\n",
    );
    becomes(
        "relu conv2d(8, # filters\n 5) tanh",
        "relu\n# filters\nconv2d(8, 5) tanh\n",
    );
    becomes(
        "let a # name\n = # body\n [ relu ] # end\n ; a",
        "# name\n# body\n# end\nlet a = [ relu ];\na\n",
    );
    becomes("a[ # in\n]", "a[\n    # in\n]\n");
    becomes("# only\r\n", "# only\n");
}

/// Texts with white space and comments everywhere.
fn text() -> impl Strategy<Value = String> {
    let space = || {
        select(
            &[
                "",
                " ",
                "  ",
                "\n",
                "\r\n",
                "\n\n\n",
                " # c\n",
                "\n# d (]\n",
                "#\n",
                "# a\n\n# b\r\n",
            ][..],
        )
    };
    let apart = || {
        select(
            &[
                " ",
                "   ",
                "\n",
                "\n \n\n",
                " # c\n",
                "\n  # d\n",
                "# e\n\n# f\n",
            ][..],
        )
    };
    let value = select(
        &[
            "1", "-1", "n", "2*n", "(n+1)*2", "n - 3", "3--1", "true", "\"# no\"", "(1,2)",
            "{1, 2}", "0.5e-3", "(n+1,)",
        ][..],
    );
    let argument = (space(), select(&["", "a=", "b ="][..]), value, space());
    let arguments = vec(argument, 0..4).prop_map(|mut arguments| {
        arguments.sort_by_key(|(_, name, ..)| !name.is_empty());
        let arguments = arguments
            .iter()
            .map(|(a, name, value, b)| format!("{a}{name}{value}{b}"));
        format!("({})", arguments.collect::<Vec<_>>().join(","))
    });
    let call = (
        select(&["relu", "conv2d", "a_long_name_of_a_layer"][..]),
        prop::option::of(arguments),
    );
    let call = call
        .prop_map(|(name, arguments)| format!("{name}{}", arguments.unwrap_or_default()))
        .boxed();
    let items = move |item: BoxedStrategy<String>| {
        (space(), vec((item, apart()), 0..6)).prop_map(|(first, items)| {
            let items = items.iter().map(|(item, space)| format!("{item}{space}"));
            first.to_string() + &items.collect::<String>()
        })
    };
    let leaf = items(call.clone()).boxed();
    let items = leaf.prop_recursive(4, 40, 4, move |inner| {
        let call = call.clone();
        let bodies = vec(inner.clone(), 1..4).prop_map(|bodies| bodies.join("|"));
        let item = prop_oneof![
            3 => call.clone(),
            2 => (call, bodies).prop_map(|(call, bodies)| format!("{call}[{bodies}]")),
            1 => (select(&["3", "{0,1}", "{ 1 , 2 }"][..]), inner.clone()).prop_map(|(count, body)| format!("{count}*[{body}]")),
            1 => Just("2*relu".to_string()),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("{{{a}|{b}}}")),
        ];
        items(item.boxed())
    });
    let parameters = select(&["", "(n)", "( n , s = 1 )", "(n=(1,2))"][..]);
    let definition = (
        space(),
        apart(),
        parameters,
        space(),
        space(),
        items.clone(),
        space(),
    )
        .prop_map(|(a, b, parameters, c, d, body, e)| {
            format!("{a}let{b}f{parameters}{c}={d}[{body}]{e};")
        });
    (vec(definition, 0..3), items).prop_map(|(definitions, items)| definitions.concat() + &items)
}

/// The comments of a text whose strings hold none, sorted: one in the middle of an item moves.
fn comments(text: &str) -> Vec<String> {
    let text = text.replace("\"# no\"", "");
    let lines = text.split(['\n', '\r']);
    let mut comments: Vec<_> = lines
        .filter_map(|line| Some(line[line.find('#')?..].trim().to_string()))
        .collect();
    comments.sort();
    comments
}

proptest! {
    #[test]
    fn only_white_space_changes(text in text()) {
        let tree = parse(&text).unwrap();
        let done = reformat(&text).unwrap();
        prop_assert_eq!(&parse(&done).unwrap(), &tree, "{}", done);
        prop_assert_eq!(&reformat(&done).unwrap(), &done);
        prop_assert_eq!(comments(&done), comments(&text), "{}", done);
        let solid = |text: &str| text.split(['\n', '\r']).map(|line| line.split('#').next().unwrap_or_default()).collect::<String>().replace([' ', '\t'], "");
        if !text.contains('"') {
            prop_assert_eq!(solid(&done), solid(&text));
        }
        prop_assert!(done.lines().all(|line| line == line.trim_end()));
        prop_assert!(!done.contains("\n\n\n") && !done.starts_with('\n') && !done.ends_with("\n\n"));
    }

    #[test]
    fn what_cannot_be_parsed_is_an_error(text: String) {
        prop_assert_eq!(reformat(&text).is_ok(), parse(&text).is_ok());
    }
}
