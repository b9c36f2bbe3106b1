//! Numeric options that may have alternatives, `{1, 2}`, as values in specs may.

use std::fmt::Display;

/// One number, or several to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices<T>(pub Vec<T>);

/// Returns a parser for one number or several in braces, each parsed by `one`.
pub fn choices<T>(
    one: impl Fn(&str) -> Result<T, String> + Clone,
) -> impl Fn(&str) -> Result<Choices<T>, String> + Clone
where
    T: Clone + Send + Sync + 'static,
{
    move |text| {
        let inside = text
            .trim()
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let Some(inside) = inside else {
            return one(text).map(|number| Choices(vec![number]));
        };
        let numbers = inside.split(',').map(|part| one(part.trim()));
        numbers.collect::<Result<_, _>>().map(Choices)
    }
}

impl<T: Copy> Choices<T> {
    /// Returns the number if there is exactly one.
    pub fn only(&self) -> Option<T> {
        match self.0[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl<T: Display> Display for Choices<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(T::to_string).collect();
        match &numbers[..] {
            [only] => f.write_str(only),
            _ => write!(f, "{{{}}}", numbers.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::whole;

    #[test]
    fn numbers_stand_alone_or_in_braces() {
        let read = choices(whole(1..=100_u64));
        assert_eq!(read("7"), Ok(Choices(vec![7])));
        assert_eq!(read("{1, 20,100}"), Ok(Choices(vec![1, 20, 100])));
        for wrong in [
            "", "{}", "{1", "1}", "{1,}", "0", "{1, 101}", "1, 2", "{{1}}",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
