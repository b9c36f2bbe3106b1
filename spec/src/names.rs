//! The form of the names in definitions.

use crate::lex::is_name;

/// Returns what is wrong with the name of a definition or of an argument: it must be in snake case.
pub(crate) fn problem(name: &str) -> Option<String> {
    if is_snake_case(name) {
        return None;
    }
    if matches!(name, "true" | "false") {
        return Some(format!("`{name}` is a value in specs"));
    }
    let help = snake_case(name).map_or_else(String::new, |name| format!("; help: write `{name}`"));
    Some(format!(
        "expected snake case, words of lower-case ASCII letters and digits joined by single `_`, starting with a letter{help}"
    ))
}

fn is_snake_case(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_part);
    is_name(name) && name.split('_').all(is_word)
}

/// Converts a name to snake case, if its letters are ASCII: `MaxPool2d` to `max_pool2d`.
fn snake_case(name: &str) -> Option<String> {
    let mut converted = String::new();
    let mut previous = '_';
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '_' };
        let starts_word = c.is_ascii_uppercase() && !previous.is_ascii_uppercase() || c == '_';
        if starts_word && previous != '_' {
            converted.push('_');
        }
        if c != '_' {
            converted.push(c.to_ascii_lowercase());
        }
        previous = c;
    }
    let converted = converted.trim_end_matches('_');
    (name.is_ascii() && is_snake_case(converted)).then(|| converted.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_other_conventions_are_converted() {
        for (name, converted) in [
            ("MaxPool2d", Some("max_pool2d")),
            ("maxPool", Some("max_pool")),
            ("max-pool", Some("max_pool")),
            ("max pool.2d", Some("max_pool_2d")),
            ("GELU", Some("gelu")),
            ("_relu__6_", Some("relu_6")),
            ("Max_Pool", Some("max_pool")),
            ("größe", None),
            ("2d", None),
            ("True", None),
            ("__", None),
            ("", None),
        ] {
            assert_eq!(snake_case(name).as_deref(), converted, "{name}");
        }
    }

    proptest! {
        #[test]
        fn snake_case_is_the_regular_expression(name in "[a-zA-B_0-1]{0,6}") {
            let mut bytes = name.bytes();
            let begins = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
            let goes_on = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            let single = !name.contains("__") && !name.ends_with('_');
            let expected = begins && goes_on && single && !["true", "false"].contains(&&*name);
            prop_assert_eq!(is_snake_case(&name), expected);
            prop_assert_eq!(problem(&name).is_none(), expected);
        }

        #[test]
        fn a_suggestion_is_accepted_and_has_the_same_letters(name in "[a-cA-C_.0-1]{0,8}") {
            if let Some(converted) = snake_case(&name) {
                prop_assert!(is_snake_case(&converted));
                let letters = |text: &str| text.replace(['_', '.'], "").to_lowercase();
                prop_assert_eq!(letters(&converted), letters(&name));
            }
        }
    }
}
