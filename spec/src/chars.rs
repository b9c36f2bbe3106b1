//! Characters that are easily confused with others, or invisible.

/// A confusable or invisible character, as left behind by text editors, input methods and web
/// pages.
pub(crate) struct Odd {
    /// Its name in messages.
    pub name: &'static str,
    /// The character of the grammar that was probably meant: a space for white space, `None` for a
    /// character that should be removed.
    pub meant: Option<char>,
}

/// Describes a character if it is confusable or invisible.
pub(crate) fn odd(c: char) -> Option<Odd> {
    let (name, meant) = match c {
        '\u{A0}' | '\u{202F}' => ("no-break space", ' '),
        '\u{3000}' => ("full-width space", ' '),
        '\u{2028}' | '\u{2029}' | '\u{85}' => ("line separator", ' '),
        '\u{B}' | '\u{C}' => ("page separator", ' '),
        '，' => ("full-width comma", ','),
        '、' => ("ideographic comma", ','),
        '（' => ("full-width bracket", '('),
        '）' => ("full-width bracket", ')'),
        '［' => ("full-width bracket", '['),
        '］' => ("full-width bracket", ']'),
        '｛' => ("full-width bracket", '{'),
        '｝' => ("full-width bracket", '}'),
        '｜' => ("full-width bar", '|'),
        '＝' => ("full-width equals sign", '='),
        '＊' => ("full-width asterisk", '*'),
        '×' => ("multiplication sign", '*'),
        '；' => ("full-width semicolon", ';'),
        '＂' => ("full-width quotation mark", '"'),
        '“' | '”' | '„' => ("curly quotation mark", '"'),
        '\u{FEFF}' => return hidden("byte order mark"),
        '\u{200B}' => return hidden("zero-width space"),
        '\u{200C}' | '\u{200D}' | '\u{2060}' => return hidden("zero-width joiner"),
        '\u{AD}' => return hidden("soft hyphen"),
        '\u{61C}' | '\u{200E}' | '\u{200F}' => return hidden("direction mark"),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => return hidden("direction mark"),
        c if c.is_whitespace() => ("non-ASCII space", ' '),
        c if c.is_control() => return hidden("control character"),
        _ => return None,
    };
    Some(Odd {
        name,
        meant: Some(meant),
    })
}

fn hidden(name: &'static str) -> Option<Odd> {
    Some(Odd { name, meant: None })
}

/// Formats a code point: `U+00E9`.
pub(crate) fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}
