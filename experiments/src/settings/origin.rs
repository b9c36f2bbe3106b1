//! Where settings come from, for error messages.

use std::collections::BTreeMap;

/// A program, the command line or a file.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Rust code.
    Rust,
    /// Options of the command line.
    Options {
        /// The file with the spec of the model; `None` if it is on the command line.
        model: Option<String>,
    },
    /// The keys of a TOML file.
    File {
        /// The name of the file.
        name: String,
        /// The line numbers of the keys.
        lines: BTreeMap<String, usize>,
    },
}

impl Origin {
    /// Returns the keys of a valid TOML file with this text.
    pub fn file(name: String, text: &str) -> Self {
        let table = toml::de::DeTable::parse(text).map(|table| table.into_inner());
        let line = |start: usize| text[..start].matches('\n').count() + 1;
        let lines = table.unwrap_or_default().into_iter();
        Origin::File {
            lines: lines
                .map(|(key, _)| (key.get_ref().to_string(), line(key.span().start)))
                .collect(),
            name,
        }
    }

    /// Names the place of a setting. Options and keys of a file have the same names.
    pub fn of(&self, key: &str) -> String {
        match self {
            Origin::Rust => format!("`{key}`"),
            Origin::Options { .. } => format!("--{}", key.replace('_', "-")),
            Origin::File { name, lines } => match lines.get(key) {
                Some(line) => format!("{name}: line {line}: `{key}`"),
                None => format!("{name}: `{key}`"),
            },
        }
    }

    /// Names the place of the model's spec; `None` for the command line.
    pub fn of_model(&self) -> Option<String> {
        match self {
            Origin::Rust => None,
            Origin::Options { model } => model.clone(),
            Origin::File { .. } => Some(self.of("spec")),
        }
    }
}
