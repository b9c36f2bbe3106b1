//! Arguments that are accepted by name only, and pairs that may be words.

use proptest::prelude::*;
use tapeline_spec::{Arg, ArgInfo, Diagnostic, Presets, Registry, SizesOrWord, Value, named, read};

#[derive(Clone, Copy, Debug)]
struct Def {
    name: &'static str,
    aliases: &'static [&'static str],
    about: &'static str,
    args: &'static [ArgInfo],
}

named!(Def);

const OUT: Arg<usize> = Arg::new("out", "number of filters").from(1).tried(1..=4);
const KERNEL: Arg<[usize; 2]> = Arg::new("kernel", "size of a filter").from(1).tried(1..=3);
const STRIDE: Arg<[usize; 2]> = Arg::new("stride", "steps")
    .keyword_only()
    .inferred(0, "the number of input channels")
    .from(1)
    .default([1, 1])
    .tried(1..=3);
const PADDING: Arg<SizesOrWord> = Arg::new("padding", "what is added")
    .keyword_only()
    .choices(&["same", "valid"])
    .range(0..=9)
    .default(SizesOrWord::Sizes([0, 0]))
    .tried(0..=2);
const FACTOR: Arg<f64> = Arg::new("factor", "required, and by name only")
    .keyword_only()
    .above(0.0)
    .tried(0.5..=2.0);
const EPS: Arg<f64> = Arg::new("eps", "all by name")
    .keyword_only()
    .inferred(0, "the number of features")
    .default(0.5)
    .above(0.0)
    .tried(0.5..=2.0);
const LAST: Arg<bool> = Arg::new("last", "by position").default(true);

const BASE: Def = Def {
    name: "",
    aliases: &[],
    about: "for a test",
    args: &[],
};

fn registry() -> Registry<Def> {
    let defs = [
        Def {
            name: "conv",
            args: const { &[OUT.info(), KERNEL.info(), STRIDE.info(), PADDING.info()] },
            ..BASE
        },
        Def {
            name: "scale",
            args: const { &[FACTOR.info()] },
            ..BASE
        },
        Def {
            name: "norm",
            args: const { &[EPS.info()] },
            ..BASE
        },
        Def {
            name: "mixed",
            args: const { &[OUT.info(), LAST.info(), FACTOR.info(), EPS.info()] },
            ..BASE
        },
    ];
    defs.into_iter()
        .try_fold(Registry::new("layer"), Registry::with)
        .unwrap()
}

fn errors(text: &str) -> Vec<Diagnostic> {
    read(text, &registry(), &Presets::new())
        .err()
        .map_or_else(Vec::new, |error| error.diagnostics)
}

#[test]
fn an_argument_by_position_says_how_it_is_written() {
    for (text, message, help, at) in [
        (
            "conv(1, 8, 5)",
            "`conv` takes `out`, `kernel` by position, all others by name",
            "write `stride=5`, or `conv(8, 5)` if 1 is the number of input channels, which is inferred here",
            "5",
        ),
        (
            "norm(64)",
            "`norm` takes its arguments by name",
            "write `eps=64`, or `norm` if 64 is the number of features, which is inferred here",
            "64",
        ),
        (
            "scale(2)",
            "`scale` takes its arguments by name",
            "write `factor=2`",
            "2",
        ),
        (
            "mixed(1, true, (1, 2), 7)",
            "`mixed` takes `out`, `last` by position, all others by name",
            "write `factor=(1, 2)`",
            "(1, 2)",
        ),
    ] {
        let errors = errors(text);
        let [error] = &errors[..] else {
            panic!("{text}: {errors:?}");
        };
        assert_eq!(error.message, message);
        assert_eq!(error.help.as_deref(), Some(help));
        assert_eq!(&text[error.span.start..error.span.end], at);
    }
}

#[test]
fn pairs_and_words_of_one_argument() {
    let registry = registry();
    let padding = |text: &str| {
        let calls = read(text, &registry, &Presets::new()).unwrap().calls();
        (calls[0].args.get(PADDING), calls[0].text())
    };
    for (text, value, short) in [
        ("conv(8, 5)", SizesOrWord::Sizes([0, 0]), "conv(8, 5)"),
        (
            "conv(8, 5, padding=2)",
            SizesOrWord::Sizes([2, 2]),
            "conv(8, 5, padding=2)",
        ),
        (
            "conv(8, 5, padding=(2, 2))",
            SizesOrWord::Sizes([2, 2]),
            "conv(8, 5, padding=2)",
        ),
        (
            "conv(8, 5, padding=(1, 2))",
            SizesOrWord::Sizes([1, 2]),
            "conv(8, 5, padding=(1, 2))",
        ),
        (
            "conv(8, 5, padding=same)",
            SizesOrWord::Word("same"),
            "conv(8, 5, padding=same)",
        ),
    ] {
        assert_eq!(padding(text), (value, short.to_string()));
    }
    for wrong in ["(1, 2, 3)", "(1)", "-1", "10", "(0, 10)", "sane", "0.5"] {
        let errors = errors(&format!("conv(8, 5, padding={wrong})"));
        assert!(
            errors[0]
                .message
                .contains("an integer or two integers, 0 to 9, or same or valid"),
            "{errors:?}"
        );
    }
}

#[test]
fn arguments_by_position_come_first() {
    let def = Def {
        name: "wrong",
        args: const { &[EPS.info(), OUT.info()] },
        ..BASE
    };
    let error = Registry::new("layer").with(def).unwrap_err().to_string();
    assert!(
        error.contains("`out`") && error.contains("follows a keyword-only"),
        "{error}"
    );
}

proptest! {
    /// Both printed forms of any call are read as that call.
    #[test]
    fn what_is_printed_is_read_again(which in 0..4usize, n: u64, left_out: [bool; 4]) {
        let registry = registry();
        let def = registry.iter().nth(which).unwrap();
        let given: Vec<_> = def.args.iter().zip(left_out)
            .filter(|(info, left_out)| info.required() || !left_out)
            .filter_map(|(info, _)| Some(format!("{}={}", info.name, info.draw(n)?)))
            .collect();
        let text = match given.is_empty() {
            true => def.name.to_string(),
            false => format!("{}({})", def.name, given.join(", ")),
        };
        let calls = read(&text, &registry, &Presets::new()).unwrap().calls();
        for printed in [calls[0].text(), calls[0].full()] {
            let again = read(&printed, &registry, &Presets::new());
            let again = again.unwrap_or_else(|errors| panic!("{printed}: {errors:?}")).calls();
            prop_assert_eq!(&again[0].args, &calls[0].args, "{}", printed);
        }
    }

    /// One value more by position than there are positions is refused, whatever it is.
    #[test]
    fn a_value_by_position_too_many_is_refused(which in 0..4usize, n: u64, more in 0..3usize) {
        let registry = registry();
        let def = registry.iter().nth(which).unwrap();
        let by_position = def.args.iter().filter(|info| !info.keyword_only());
        let mut values: Vec<_> = by_position.filter_map(|info| info.draw(n)).collect();
        values.extend(vec![Value::Int(1); more + 1]);
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        let errors = errors(&format!("{}({})", def.name, values.join(", ")));
        prop_assert!(errors.len() == 1 && errors[0].message.contains("by name"), "{:?}", errors);
    }
}
