//! A file of named specs, for comparisons: `name: spec`, one after another.
//!
//! ```text
//! # The names of the configurations in tables and charts.
//! narrow: flatten linear(16) relu linear(10)
//! wide:   flatten linear(64) relu
//!         linear(10)
//! ```

/// Returns the names and specs in a file; `None` if its first line isn't `name: …`, so that the file
/// is a single spec. Lines without a name continue the spec above.
///
/// Each spec is preceded by white space, so that places in it are those in the file.
pub fn named(text: &str) -> Option<Vec<(String, String)>> {
    let mut specs: Vec<(String, String)> = Vec::new();
    let mut before = String::new();
    for line in text.lines() {
        match (split(line), specs.last_mut()) {
            (Some((name, spec)), _) => {
                let indent = " ".repeat(line.chars().count() - spec.chars().count());
                specs.push((name.into(), before.clone() + &indent + spec));
            }
            (None, Some((_, spec))) => {
                *spec += "\n";
                *spec += line;
            }
            (None, None) if is_blank(line) => {}
            (None, None) => return None,
        }
        before.push('\n');
    }
    (!specs.is_empty()).then_some(specs)
}

/// Splits a line into the name in front of a colon and the rest.
fn split(line: &str) -> Option<(&str, &str)> {
    let (name, spec) = line.split_once(':')?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '+');
    let name = name.trim();
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, spec))
}

/// Returns whether a line of a spec is empty or a comment.
fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_have_names_and_keep_their_places() {
        let text = "# two\n\na-1: linear(3)\n  relu # end: here\nb: tanh\n";
        let specs = named(text).unwrap();
        let names: Vec<_> = specs.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a-1", "b"]);
        for (name, word) in [(0, "linear"), (0, "relu"), (1, "tanh")] {
            let place = |text: &str| {
                let before = &text[..text.find(word).unwrap()];
                let line = before.matches('\n').count();
                (
                    line,
                    before.len() - before.rfind('\n').map_or(0, |at| at + 1),
                )
            };
            assert_eq!(place(&specs[name].1), place(text), "{word}");
        }
        for single in ["", "# a: b\n", "linear(3)\na: relu", "linear(3) # a: b"] {
            assert_eq!(named(single), None, "{single}");
        }
    }
}
