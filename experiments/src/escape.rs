//! Escapes untrusted text (file names, class names, specs, titles) for display, with one function
//! per output format. JSON needs none: its serializer escapes strings.

use tapeline_plots::escape::flat;
pub use tapeline_plots::escape::{cut, xml};
use tapeline_spec::printable;

/// Escapes text for a terminal: one line without control characters.
pub fn terminal(text: &str) -> String {
    printable(text)
}

/// Escapes text of several lines for a terminal.
pub fn lines(text: &str) -> String {
    text.split('\n')
        .map(printable)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Escapes text for a heading in Markdown, as one line without markup.
pub fn markdown(text: &str) -> String {
    let mut out = String::new();
    for char in flat(text).chars() {
        if matches!(
            char,
            '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '&' | '#' | '~'
        ) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

/// Escapes text for a cell of a Markdown table.
pub fn markdown_cell(text: &str) -> String {
    markdown(text).replace('|', "\\|")
}

/// Escapes the paragraphs of a study for Markdown; Markdown markup in them stays active.
pub fn prose(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let lines = paragraph.lines().map(flat);
        lines.collect::<Vec<_>>().join("\n")
    });
    let paragraphs = paragraphs.collect::<Vec<_>>().join("\n\n");
    // Studies don't use HTML, so `<` is always literal.
    paragraphs.replace('<', "\\<")
}

/// Escapes text for CSV: a quoted cell (RFC 4180) on one line.
pub fn csv(text: &str) -> String {
    format!("\"{}\"", flat(text).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tapeline_spec::is_printable;

    use super::*;

    type Escape = fn(&str) -> String;

    const LINES: [(&str, Escape); 4] = [
        ("terminal", terminal),
        ("xml", xml),
        ("markdown", markdown_cell),
        ("csv", csv),
    ];

    proptest! {
        #[test]
        fn no_target_gets_what_it_would_obey(text in any::<String>()) {
            for (target, escape) in LINES {
                let shown = escape(&text);
                prop_assert!(shown.chars().all(is_printable), "{target}: {shown:?}");
            }
            for escape in [lines as Escape, prose] {
                prop_assert!(escape(&text).chars().all(|c| c == '\n' || is_printable(c)));
            }
        }

        #[test]
        fn plain_text_stays_what_it_is(text in "[a-zA-Z0-9 .,;:()=+/é漢±–-]*") {
            for (target, escape) in LINES {
                let wanted = if target == "csv" { format!("\"{text}\"") } else { text.clone() };
                prop_assert_eq!(escape(&text), wanted);
            }
            prop_assert_eq!(prose(&text), text);
        }
    }

    #[test]
    fn each_target_has_its_own_marks() {
        let text = "a<b> \"c\" *d* | `e`\n\u{202e}\x1b";
        let wanted = [
            r#"a<b> "c" *d* | `e`\n\u{202e}\u{1b}"#,
            r"a&lt;b&gt; &quot;c&quot; *d* | `e` \u{202e}\u{1b}",
            r#"a\<b\> "c" \*d\* \| \`e\` \\u{202e}\\u{1b}"#,
            r#""a<b> ""c"" *d* | `e` \u{202e}\u{1b}""#,
        ];
        for ((target, escape), wanted) in LINES.into_iter().zip(wanted) {
            assert_eq!(escape(text), wanted, "{target}");
        }
    }
}
