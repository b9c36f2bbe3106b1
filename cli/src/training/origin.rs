//! Where settings are from, for errors in them.

use std::collections::BTreeMap;

/// The command line, or a file.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Options. The model's spec may be from a file of its own.
    Options { model: Option<String> },
    /// The keys of a TOML file, with their lines.
    File {
        name: String,
        lines: BTreeMap<String, usize>,
    },
}

impl Origin {
    /// The keys of a file with this text, which can be read.
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

    /// The place of a setting, which an option and a key of a file have under the same name.
    pub fn of(&self, key: &str) -> String {
        match self {
            Origin::Options { .. } => format!("--{}", key.replace('_', "-")),
            Origin::File { name, lines } => match lines.get(key) {
                Some(line) => format!("{name}: line {line}: `{key}`"),
                None => format!("{name}: `{key}`"),
            },
        }
    }

    /// The place of the model's spec; none for the command line.
    pub fn of_model(&self) -> Option<String> {
        match self {
            Origin::Options { model } => model.clone(),
            Origin::File { .. } => Some(self.of("spec")),
        }
    }
}
