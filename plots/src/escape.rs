//! Escapes text from outside (titles, names) for a chart.

use tapeline_spec::printable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Escapes text for an element or attribute of XML or HTML, as one line.
pub fn xml(text: &str) -> String {
    let mut out = String::new();
    for char in flat(text).chars() {
        match char {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            _ => out.push(char),
        }
    }
    out
}

/// Flattens text to one line and truncates it to a number of columns, for a terminal or as input of
/// another escape function.
pub fn cut(text: &str, columns: usize) -> String {
    let text = flat(text);
    if text.width() <= columns {
        return text;
    }
    let mut width = 1;
    let kept = text.chars().take_while(|char| {
        width += char.width().unwrap_or(1);
        width <= columns
    });
    kept.chain(['…']).collect()
}

/// Flattens text to one line: white space becomes spaces, unprintable characters become escapes.
pub fn flat(text: &str) -> String {
    let space = |char: char| match char.is_whitespace() {
        true => ' ',
        false => char,
    };
    printable(&text.chars().map(space).collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tapeline_spec::is_printable;

    use super::*;

    proptest! {
        #[test]
        fn xml_has_no_markup_and_a_cut_text_fits(text in any::<String>()) {
            for shown in [xml(&text), cut(&text, 20), flat(&text)] {
                prop_assert!(shown.chars().all(is_printable), "{shown:?}");
            }
            prop_assert!(!xml(&text).contains(['<', '>', '"']));
            prop_assert!(cut(&text, 20).width() <= 20);
        }

        #[test]
        fn plain_text_stays_what_it_is(text in "[a-zA-Z0-9 .,;:()=+/é漢±–-]*") {
            prop_assert_eq!(xml(&text), text);
        }
    }
}
