//! Arithmetic on integers in arguments.

use crate::common::{OUT, error, presets, registry, short};
use proptest::prelude::*;
use tapeline_spec::{Presets, expand, parse, read};

#[test]
fn the_usual_precedence() {
    let presets = presets().with_integer("n", Some(6));
    for (text, wanted) in [
        ("linear(2*n)", "linear(12)"),
        ("linear( 2 * n + 1 )", "linear(13)"),
        ("linear(1+2*n)", "linear(13)"),
        ("linear((1+2)*n)", "linear(18)"),
        ("linear(n-2-1)", "linear(3)"),
        ("linear(n-(2-1))", "linear(5)"),
        ("linear(n/2/3)", "linear(1)"),
        ("linear(n/(6/3))", "linear(3)"),
        ("linear((n+1))", "linear(7)"),
        ("linear(3--1)", "linear(4)"),
        ("linear(3 -1)", "linear(2)"),
        ("linear((3)*(2))", "linear(6)"),
        ("linear(out=n/2, bias=false)", "linear(3, bias=false)"),
        (
            "conv2d(2*n, (n/2, n/3), padding=n-5)",
            "conv2d(12, (3, 2), padding=1)",
        ),
        ("dropout(1-1)", "dropout(p=0.0)"),
        ("steps((n, 2*n))", "steps((6, 12))"),
        ("steps((n+1,))", "steps(7)"),
    ] {
        assert_eq!(short(text, &presets).unwrap(), wanted, "{text}");
    }
}

#[test]
fn what_cannot_be_computed_is_an_error_with_the_numbers() {
    let presets = presets().with_integer("n", Some(7));
    for (text, place, message) in [
        (
            "linear(n/2)",
            "n/2",
            "`n/2` is not an integer: 7 / 2 leaves a remainder of 1",
        ),
        (
            "linear(1 + n/2)",
            "n/2",
            "`n/2` is not an integer: 7 / 2 leaves a remainder of 1",
        ),
        (
            "linear(3/(n-7))",
            "3/(n-7)",
            "`3/(n-7)` divides by zero: 3 / 0",
        ),
        (
            "linear(9223372036854775807*n)",
            "9223372036854775807*n",
            "`9223372036854775807*n` is too large: 9223372036854775807 * 7",
        ),
        ("linear(2*m)", "2*m", "unknown name `m`"),
        (
            "linear(0.5*n)",
            "0.5",
            "expected an integer or a name next to an operator, found `0.5`",
        ),
        (
            "linear(n*\"a\")",
            "\"a\"",
            "expected an integer or a name next to an operator, found `\"a\"`",
        ),
        (
            "linear((1, 2)*n)",
            "(1, 2)",
            "expected an integer or a name next to an operator, found `(1, 2)`",
        ),
        ("linear(n*)", ")", "expected a value, found `)`"),
        ("linear(/n)", "/", "expected a value, found `/`"),
        (
            "linear(n-8)",
            "n-8",
            "`out` of `linear` is -1; it must be an integer, 1 to 65536",
        ),
        (
            "linear(8, bias=n+1)",
            "n+1",
            "`bias` of `linear` is 8; it must be true or false",
        ),
    ] {
        let (error, at) = error(text, &presets);
        assert_eq!((at, error.message.as_str()), (place, message), "{text}");
    }
    let help = |text| error(text, &presets).0.help;
    assert_eq!(help("linear(2*m)").as_deref(), Some("did you mean `n`?"));
    assert_eq!(help("linear(n-8)").as_deref(), Some("`n` is the integer 7"));
}

#[test]
fn operators_are_not_part_of_names_outside_of_arguments() {
    for text in ["relu-relu", "relu/2", "relu+relu", "2/relu"] {
        assert_eq!(
            short(text, &presets()).unwrap_err().diagnostics.len(),
            1,
            "{text}"
        );
    }
}

#[test]
fn an_unknown_integer_is_checked_as_far_as_possible() {
    let unknown = presets().with_integer("n", None);
    assert!(short("linear(2*n) linear(n/3)", &unknown).is_ok());
    assert!(short("linear(2*m)", &unknown).is_err());
    assert!(short("linear(n*(3/2))", &unknown).is_err());
}

#[test]
fn alternatives_may_be_operands() {
    let tree = parse("linear({1, n}*(2+{3, (4)}))").unwrap();
    let texts: Vec<_> = expand(&tree)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        [
            "linear(1*(2+3))",
            "linear(1*(2+4))",
            "linear(n*(2+3))",
            "linear(n*(2+4))"
        ]
    );
}

/// Integers that depend on the place of a call.
mod deferred {
    use super::*;

    fn width() -> Presets {
        presets().with_deferred("width").with_integer("n", Some(3))
    }

    #[test]
    fn they_are_printed_as_they_are_written_with_what_is_known() {
        for (text, wanted) in [
            ("linear(width)", "linear(width)"),
            ("linear(n*2*width)", "linear(3*2*width)"),
            ("linear(width/(n+1))", "linear(width/4)"),
            ("conv2d(n, (width, n))", "conv2d(3, (width, 3))"),
            ("maxpool2d(width)", "maxpool2d(width)"),
            ("maxpool2d(width, width)", "maxpool2d(width)"),
            ("maxpool2d(width, 1)", "maxpool2d(width, stride=1)"),
        ] {
            let printed = short(text, &width()).unwrap();
            assert_eq!(printed, wanted);
            assert_eq!(short(&printed, &width()).unwrap(), wanted);
        }
        let spec = read("maxpool2d(width)", &registry(), &width()).unwrap();
        assert_eq!(spec.full(), "maxpool2d(kernel=width, stride=width)");
    }

    #[test]
    fn each_call_is_bound_for_itself() {
        let spec = read(
            "2*linear(2*width) residual[ linear(width+n) relu ] relu",
            &registry(),
            &width(),
        )
        .unwrap();
        assert!(spec.is_deferred());
        let mut args = Vec::new();
        let mut size = 1;
        for call in spec.calls() {
            for call in [&[call.clone()][..], &call.bodies.concat()].concat() {
                let bound = call.bind(|name| {
                    assert_eq!(name, "width");
                    Ok(size)
                });
                let bound = bound.unwrap();
                if bound.def.name == "linear" {
                    size = bound.args.get(OUT);
                }
                args.push(bound.args);
            }
        }
        assert!(spec.with_bound(&args[1..]).is_none());
        let bound = spec.with_bound(&args).unwrap();
        assert!(!bound.is_deferred());
        assert_eq!(
            bound.short(),
            "linear(2) linear(4) residual[ linear(7) relu ] relu"
        );
        assert_eq!(
            short(&bound.full(), &Presets::new()).unwrap(),
            bound.short()
        );
    }

    #[test]
    fn an_error_has_the_place_of_the_argument() {
        let text = "relu linear(width/2) linear(width-3)";
        let calls = read(text, &registry(), &width()).unwrap().calls();
        let error = calls[1].bind(|_| Ok(3)).unwrap_err();
        assert_eq!(&text[error.span.start..error.span.end], "width/2");
        assert_eq!(
            error.message,
            "`width/2` is not an integer: 3 / 2 leaves a remainder of 1"
        );
        let error = calls[2].bind(|_| Ok(3)).unwrap_err();
        assert_eq!(
            error.message,
            "`out` of `linear` is 0; it must be an integer, 1 to 65536"
        );
        assert_eq!(error.help.as_deref(), Some("`width-3` is 0 here"));
    }

    #[test]
    #[should_panic(expected = "no argument `out`")]
    fn an_unbound_value_cannot_be_read() {
        read("linear(width)", &registry(), &width())
            .unwrap()
            .calls()[0]
            .args
            .get(OUT);
    }
}

/// Arithmetic as text and as a value, where it has one.
fn arithmetic() -> impl Strategy<Value = (String, Option<i128>)> {
    let leaf = prop_oneof![
        (0..50i128).prop_map(|n| (n.to_string(), Some(n))),
        Just(("n".to_string(), Some(6))),
    ];
    leaf.prop_recursive(5, 24, 2, |part| {
        let op = prop::sample::select(&['+', '-', '*', '/'][..]);
        (part.clone(), op, part, "[ ]{0,2}").prop_map(|((a, x), op, (b, y), space)| {
            let value = match (x, y) {
                (Some(x), Some(y)) => match op {
                    '+' => Some(x + y),
                    '-' => Some(x - y),
                    '*' => Some(x * y),
                    _ => (y != 0 && x % y == 0).then(|| x / y),
                },
                _ => None,
            };
            let in_range = |x: &i128| i64::try_from(*x).is_ok();
            (
                format!("({a}{space}{op}{space}{b})"),
                value.filter(in_range),
            )
        })
    })
}

proptest! {
    /// Compared with wider integers, and without the parentheses that precedence makes
    /// unnecessary, which printing leaves out.
    #[test]
    fn results_are_those_of_wider_integers((text, value) in arithmetic()) {
        let presets = Presets::new().with_integer("n", Some(6));
        let tree = parse(&format!("linear({text})")).unwrap();
        let tree = parse(&tree.to_string()).unwrap();
        let read = read(&tree.to_string(), &registry(), &presets);
        match value {
            Some(n @ 1..=65536) => prop_assert_eq!(read.unwrap().short(), format!("linear({n})")),
            Some(n) => {
                let message = &read.unwrap_err().diagnostics[0].message;
                prop_assert!(message.contains(&format!("is {n};")), "{}", message);
            }
            None => prop_assert!(read.is_err()),
        }
    }
}
