//! Keys, and arguments from Rust code.

use proptest::prelude::*;
use tapeline_spec::{ArgInfo, Args, Named, SizeOrWord, Value};

use crate::words::{BETAS, BIAS, CHANNELS, KERNEL, MODE, P, PADDING, RATE, SIZE, STRIDE, layers};

#[test]
fn keys_say_what_they_take() {
    let kinds = [
        (SIZE.info().kind(), "integer, 1 to 65536"),
        (BIAS.info().kind(), "true or false"),
        (KERNEL.info().kind(), "integer or tuple of two, 1 to 65536"),
        (
            PADDING.info().kind(),
            "integer, 0 to 65536, or same or valid",
        ),
        (P.info().kind(), "number, 0 to 1"),
        (
            BETAS.info().kind(),
            "tuple of two numbers, at least 0 and below 1",
        ),
        (RATE.info().kind(), "number, above 0"),
        (MODE.info().kind(), "zeros or reflect"),
    ];
    for (kind, expected) in kinds {
        assert_eq!(kind, expected);
    }
    let defaults = [
        (SIZE.info(), None),
        (BIAS.info(), Some("true")),
        (STRIDE.info(), Some("kernel_size")),
        (BETAS.info(), Some("(0.9, 0.999)")),
    ];
    for (info, expected) in defaults {
        assert_eq!(info.default_text().as_deref(), expected, "{}", info.name);
        assert_eq!(info.required(), expected.is_none());
    }
}

#[test]
fn defaults_are_filled_in() {
    let infos = [
        CHANNELS.info(),
        KERNEL.info(),
        STRIDE.info(),
        PADDING.info(),
        MODE.info(),
    ];
    let args = Args::of(
        &infos,
        &[
            ("out_channels", Value::Int(8)),
            (
                "kernel_size",
                Value::Tuple(vec![Value::Int(5), Value::Int(3)]),
            ),
        ],
    )
    .unwrap();
    assert_eq!(args.get(KERNEL), [5, 3]);
    assert_eq!(args.get(STRIDE), [5, 3]);
    assert_eq!(args.get(PADDING), SizeOrWord::Size(0));
    assert_eq!(args.get(MODE), "zeros");
    assert!(
        args.given("kernel_size")
            && !args.given("stride")
            && args.has("stride")
            && !args.has("depth")
    );

    let wider = args.with("kernel_size", Value::Int(7)).unwrap();
    assert_eq!(
        (wider.get(KERNEL), wider.get(STRIDE), wider.get(CHANNELS)),
        ([7, 7], [7, 7], 8)
    );
    let same = wider.with("padding", Value::Word("same".into())).unwrap();
    assert_eq!(same.get(PADDING), SizeOrWord::Word("same"));
    assert_eq!(
        args.with("kernel_size", Value::Int(0)).unwrap_err().message,
        "`kernel_size` is 0; it must be an integer or tuple of two, 1 to 65536"
    );
}

#[test]
fn an_integer_will_do_for_a_number_and_not_the_other_way() {
    let args = Args::of(&[RATE.info()], &[("rate", Value::Int(2))]).unwrap();
    assert_eq!(args.get(RATE), 2.0);
    assert!(Args::of(&[SIZE.info()], &[("out_features", Value::Float(2.0))]).is_err());
    assert!(Args::of(&[RATE.info()], &[("rate", Value::Float(f64::NAN))]).is_err());
}

#[test]
#[should_panic(expected = "`rate` is no argument of this call's definition")]
fn a_key_of_another_definition_is_a_mistake_in_the_code() {
    let args = Args::of(&[SIZE.info()], &[("out_features", Value::Int(2))]).unwrap();
    args.get(RATE);
}

proptest! {
    #[test]
    fn what_is_drawn_is_allowed(n: u64) {
        for word in layers().iter() {
            let drawn: Vec<(&str, Value)> = word.args().iter().filter_map(|info| Some((info.name, info.draw(n)?))).collect();
            let args = Args::of(word.args(), &drawn);
            prop_assert!(args.is_ok(), "{}: {:?}", word.name(), args);
        }
    }
}

#[test]
fn everything_that_is_tried_is_drawn() {
    let all = |info: ArgInfo| {
        (0..200)
            .map(|n| info.draw(n).map(|value| value.to_string()))
            .collect::<std::collections::BTreeSet<_>>()
    };
    let texts = |all: std::collections::BTreeSet<Option<String>>| {
        all.into_iter().flatten().collect::<Vec<_>>()
    };
    assert_eq!(texts(all(SIZE.info())), ["1", "2", "3", "4", "5"]);
    assert_eq!(texts(all(BIAS.info())), ["false", "true"]);
    assert_eq!(texts(all(PADDING.info())), ["0", "1", "2", "same", "valid"]);
    assert_eq!(
        all(STRIDE.info()).len(),
        1 + 9,
        "three by three sizes, and left out"
    );
    assert_eq!(texts(all(MODE.info())), ["reflect", "zeros"]);
}
