//! Requirements that every message must meet.

use tapeline_spec::SpecError;

/// The maximum length of a message in bytes.
const LONGEST: usize = 4096;

/// Checks that a message isn't empty, isn't too long, and contains no control characters that a
/// terminal would interpret.
#[track_caller]
pub fn expect_readable<M: ToString>(message: &M) {
    let message = message.to_string();
    assert!(!message.trim().is_empty(), "an empty message");
    assert!(
        message.len() <= LONGEST,
        "a message of {} bytes: {:?} …",
        message.len(),
        message.chars().take(200).collect::<String>()
    );
    let obeyed =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(
        !message.contains(obeyed),
        "a control character in {message:?}"
    );
}

/// Checks that there is at least one diagnostic, that the span of each is within the text, and that
/// every line that is displayed is readable.
#[track_caller]
pub fn expect_diagnostics(text: &str, error: &SpecError) {
    assert_eq!(error.text, text);
    assert!(!error.diagnostics.is_empty(), "an error without a reason");
    for line in error.to_string().lines().filter(|line| !line.is_empty()) {
        expect_readable(&line);
    }
    for diagnostic in &error.diagnostics {
        expect_readable(diagnostic);
        let (start, end) = (diagnostic.span.start, diagnostic.span.end);
        assert!(
            text.get(start..end).is_some(),
            "{diagnostic} at {start}..{end} of {} bytes",
            text.len()
        );
    }
}
