//! Alternatives in the text of a setting: `{0.1, 0.01}` in numbers, and those of the spec language
//! in specs. They are expanded before the text is read, so every setting can have them.

use std::ffi::{OsStr, OsString};

use tapeline_spec::{SpecError, choices, expand, parse};

use crate::{
    error::{Error, in_option},
    settings::{Kind, SettingDef, Settings},
};

/// Maximum width of a column name, in characters.
const COLUMN: usize = 32;

/// The text of an option.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The setting.
    pub setting: SettingDef,
    /// The text of its value, which may have alternatives.
    pub text: OsString,
}

/// A text with all its alternatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Expanded {
    /// Names of the columns that distinguish the alternatives; empty if there is only one.
    pub columns: Vec<String>,
    /// Each alternative, with a cell for each column.
    pub texts: Vec<(Vec<String>, OsString)>,
}

impl Given {
    /// Expands the alternatives.
    ///
    /// # Errors
    /// When the text is a spec that can't be parsed.
    pub fn expanded(&self) -> Result<Expanded, Error> {
        let name = self.setting.column;
        match (self.setting.kind, self.text.to_str()) {
            (Kind::Spec | Kind::Word(_), Some(text)) => {
                of_spec(name, text).map_err(in_option(&self.setting.option()))
            }
            (Kind::Integer | Kind::Number | Kind::Amount, Some(text)) => Ok(of_numbers(name, text)),
            _ => Ok(single(&self.text)),
        }
    }

    /// Sets the setting.
    ///
    /// # Errors
    /// When the value is invalid, or the text has alternatives.
    pub fn apply(&self, settings: &mut Settings) -> Result<(), Error> {
        let (option, text) = (self.setting.option(), self.text.display());
        let numbers = matches!(
            self.setting.kind,
            Kind::Integer | Kind::Number | Kind::Amount | Kind::Word(_)
        );
        if numbers && self.expanded()?.texts.len() > 1 {
            return Err(Error::usage(format!(
                "{option} {text}: expected one value, not alternatives"
            ))
            .help("use `compare`"));
        }
        self.set(&self.text, settings)
    }

    /// Sets the setting to one of the alternatives.
    ///
    /// # Errors
    /// When the value is invalid.
    pub fn set(&self, text: &OsStr, settings: &mut Settings) -> Result<(), Error> {
        settings.set(&self.setting, text).map_err(|problem| {
            Error::usage(format!(
                "{} {}: {problem}",
                self.setting.option(),
                text.display()
            ))
        })
    }
}

/// Expands the alternatives of a spec. Its columns are the places that have alternatives, or `name`
/// if there is only one.
///
/// # Errors
/// When the text can't be parsed.
pub fn of_spec(name: &str, text: &str) -> Result<Expanded, SpecError> {
    let tree = parse(text)?;
    let (trees, choices) = (expand(&tree)?, choices(&tree)?);
    let columns = match &choices.places[..] {
        [_] => vec![name.into()],
        places => places.iter().map(|place| shortened(place)).collect(),
    };
    let texts = trees.into_iter().zip(choices.chosen);
    let texts = texts.map(|(tree, cells)| (cells, tree.to_string().into()));
    Ok(Expanded {
        columns,
        texts: texts.collect(),
    })
}

/// Expands a list of numbers in braces; other text is a single number.
fn of_numbers(name: &str, text: &str) -> Expanded {
    let inside = text.trim().strip_prefix('{');
    let Some(inside) = inside.and_then(|rest| rest.strip_suffix('}')) else {
        return single(OsStr::new(text.trim()));
    };
    match inside.split(',').map(str::trim).collect::<Vec<_>>()[..] {
        [only] => single(OsStr::new(only)),
        ref numbers => Expanded {
            columns: vec![name.into()],
            texts: numbers
                .iter()
                .map(|number| (vec![(*number).into()], (*number).into()))
                .collect(),
        },
    }
}

fn single(text: &OsStr) -> Expanded {
    Expanded {
        columns: Vec::new(),
        texts: vec![(Vec::new(), text.into())],
    }
}

/// Truncates a column name.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(COLUMN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_alone_or_in_braces() {
        let texts = |text: &str| -> Vec<_> {
            let expanded = of_numbers("lr", text).texts;
            expanded.into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts("7"), ["7"]);
        assert_eq!(texts("{1, 20,100}"), ["1", "20", "100"]);
        assert_eq!(texts("{5}"), ["5"]);
        // What is not a number is refused when it is set.
        let epochs = crate::settings::SETTINGS[0];
        for wrong in [
            "",
            "{}",
            "{1",
            "1}",
            "{1,}",
            "0",
            "{1, 1000001}",
            "1, 2",
            "{{1}}",
        ] {
            let given = Given {
                setting: epochs,
                text: wrong.into(),
            };
            let mut settings = Settings::default();
            let refused = given
                .expanded()
                .unwrap()
                .texts
                .iter()
                .any(|(_, text)| given.set(text, &mut settings).is_err());
            assert!(refused, "{wrong}");
        }
    }
}
