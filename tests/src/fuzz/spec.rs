//! The grammar on arbitrary text: printing a parsed spec and parsing it again must give the same
//! tree, and the same holds for its alternatives and its canonical layout.

use tapeline_spec::{MAX_ALTERNATIVES, Tree, choices, expand, parse, reformat};

use super::message::expect_diagnostics;

/// Number of alternatives checked from either end.
const LOOKED_AT: usize = 4;

pub fn run(input: &[u8]) {
    let text = &*String::from_utf8_lossy(input);
    let tree = match parse(text) {
        Ok(tree) => tree,
        Err(error) => return expect_diagnostics(text, &error),
    };
    expect_same(&tree);
    let layout = reformat(text).expect("what can be parsed can be laid out");
    assert_eq!(parse(&layout).as_ref(), Ok(&tree), "{layout:?}");
    assert_eq!(reformat(&layout).as_ref(), Ok(&layout));
    let alternatives = match expand(&tree) {
        Ok(alternatives) => alternatives,
        Err(error) => return expect_diagnostics(text, &error),
    };
    let count = alternatives.len();
    assert!(
        (1..=MAX_ALTERNATIVES).contains(&(count as u64)),
        "{count} alternatives"
    );
    let choices = choices(&tree).expect("what can be expanded has choices");
    assert_eq!(choices.chosen.len(), count);
    for chosen in choices.chosen {
        assert_eq!(chosen.len(), choices.places.len());
    }
    let ends = alternatives.iter().take(LOOKED_AT);
    for alternative in ends.chain(alternatives.iter().rev().take(LOOKED_AT)) {
        expect_same(alternative);
        assert_eq!(
            expand(alternative).as_deref(),
            Ok(std::slice::from_ref(alternative))
        );
    }
}

fn expect_same(tree: &Tree) {
    let printed = tree.to_string();
    match parse(&printed) {
        Ok(again) => {
            assert_eq!(&again, tree, "{printed:?}");
            assert_eq!(again.to_string(), printed);
        }
        Err(error) => panic!("{printed:?} was printed, but: {error}"),
    }
}
