//! Integers that are given by name.

use crate::common::{DEFS, error, presets, registry, short};
use proptest::prelude::*;
use tapeline_spec::{Named, Presets, read};

#[test]
fn a_name_stands_for_its_integer_wherever_an_integer_is_valid() {
    let presets = presets().with_integer("n", Some(3));
    for (text, wanted) in [
        ("linear(n)", "linear(3)"),
        ("linear(out=n)", "linear(3)"),
        (
            "conv2d(n, (n, 2), padding=n)",
            "conv2d(3, (3, 2), padding=3)",
        ),
        ("maxpool2d(n)", "maxpool2d(3)"),
        ("steps((1, n))", "steps((1, 3))"),
        ("residual[ 2*linear(n) ]", "residual[ 2*linear(3) ]"),
    ] {
        assert_eq!(short(text, &presets).unwrap(), wanted);
    }
}

#[test]
fn a_preset_sees_the_integers_of_the_reader() {
    let preset = tapeline_spec::Preset {
        name: "end",
        text: "relu linear(n)",
        about: "for a test",
    };
    let presets = presets().with(preset).unwrap();
    let full = |presets: &Presets| read("end", &registry(), presets).map(|spec| spec.full());
    for n in [1, 7] {
        let presets = presets.clone().with_integer("n", Some(n));
        assert!(full(&presets).unwrap().contains(&format!("out={n}")));
    }
    let (error, at) = error("relu end", &presets);
    assert_eq!(at, "end");
    assert_eq!(
        error.message,
        "preset `end`: in `linear(n)`: `out` of `linear` is n; it must be an integer, 1 to 65536"
    );
}

#[test]
fn a_name_in_another_place_is_an_error_there() {
    let known = presets().with_integer("classes", Some(10));
    let unknown = presets().with_integer("classes", None);
    for (presets, help) in [
        (&known, "`classes` is the integer 10"),
        (&unknown, "`classes` is an integer"),
    ] {
        for (text, message) in [
            (
                "dropout(classes)",
                "`p` of `dropout` is classes; it must be a number, 0 to 1",
            ),
            (
                "linear(1, bias=classes)",
                "`bias` of `linear` is classes; it must be true or false",
            ),
            (
                "pad(mode=classes, out=1)",
                "`mode` of `pad` is classes; it must be zeros or reflect",
            ),
        ] {
            let (error, at) = error(text, presets);
            assert_eq!((error.message.as_str(), at), (message, "classes"));
            assert_eq!(error.help.as_deref(), Some(help));
        }
    }
}

#[test]
fn a_value_out_of_range_names_what_it_stands_for() {
    let (error, at) = error("maxpool2d(n)", &presets().with_integer("n", Some(65)));
    assert_eq!(at, "n");
    assert!(
        error.message.starts_with("`kernel` of `maxpool2d` is 65;"),
        "{error}"
    );
    assert_eq!(error.help.as_deref(), Some("`n` is the integer 65"));
}

#[test]
fn a_word_of_the_argument_comes_first() {
    let presets = presets().with_integer("same", Some(2));
    assert_eq!(
        short("conv2d(same, 1, padding=same)", &presets).unwrap(),
        "conv2d(2, 1, padding=same)"
    );
}

#[test]
fn a_misspelled_name_is_suggested() {
    let presets = presets().with_integer("classes", Some(10));
    let help = |text| error(text, &presets).0.help;
    assert_eq!(
        help("linear(clases)").as_deref(),
        Some("did you mean `classes`?")
    );
    assert_eq!(help("linear(other)"), None);
}

proptest! {
    /// The name of an integer is the same as the integer, in every argument of every definition.
    #[test]
    fn a_name_is_read_like_the_integer(def in 0..DEFS.len(), arg in 0usize..5, n in 0usize..70_000, two in any::<bool>()) {
        let def = DEFS[def];
        let Some(info) = def.args().get(arg) else { return Ok(()) };
        // An argument that is a name takes the name itself.
        if info.kind() == "name" {
            return Ok(());
        }
        let text = |value: &str| match two {
            true => format!("{}({}=({value}, {value}))", def.name, info.name),
            false => format!("{}({}={value})", def.name, info.name),
        };
        let named = presets().with_integer("n", Some(n));
        let read = |text: &str| short(text, &named);
        let is_integer = info.kind().starts_with("integer");
        match read(&text(&n.to_string())) {
            Ok(wanted) if is_integer => prop_assert_eq!(read(&text("n")).unwrap(), wanted),
            // Other arguments are missing, or the value is invalid.
            Ok(_) => prop_assert!(read(&text("n")).is_err()),
            Err(wanted) => {
                let found = read(&text("n")).unwrap_err();
                prop_assert!(found.diagnostics.len() >= wanted.diagnostics.len());
            }
        }
        // If the value isn't known, only the kind of the argument matters.
        let unknown = presets().with_integer("n", None);
        let errors = short(&text("n"), &unknown).map_or_else(|e| e.diagnostics, |_| Vec::new());
        let kind = errors.iter().filter(|error| error.help.as_deref() == Some("`n` is an integer"));
        let fits = is_integer && (!two || info.kind().contains("two integers") || info.kind().contains("list"));
        prop_assert_eq!(kind.count(), usize::from(!fits));
    }
}
