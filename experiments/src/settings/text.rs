//! A setting as text: reads the value of an option, and writes settings as a command.
//!
//! Both go through serde, so that an option and a key of a file are checked by the same rules.

use std::ffi::{OsStr, OsString};

use toml::{Table, Value};

use crate::{
    settings::{Kind, SETTINGS, SettingDef, Settings},
    shell,
    stored_path::StoredPath,
};

impl SettingDef {
    /// Returns the option: `--batch-size`.
    pub fn option(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// Returns the value that a text stands for.
    fn value(&self, text: &OsStr) -> Value {
        let number = |text: &OsStr| text.to_str().map(str::to_owned);
        let plain = || Value::String(text.to_string_lossy().into_owned());
        match self.kind {
            Kind::Integer => number(text)
                .and_then(|text| text.parse().ok())
                .map_or_else(plain, Value::Integer),
            Kind::Number => number(text)
                .and_then(|text| text.parse().ok())
                .map_or_else(plain, Value::Float),
            Kind::Amount => number(text)
                .and_then(|text| {
                    let integer = text.parse().map(Value::Integer);
                    integer.or_else(|_| text.parse().map(Value::Float)).ok()
                })
                .unwrap_or_else(plain),
            Kind::Flag => number(text)
                .and_then(|text| text.parse().ok())
                .map_or_else(plain, Value::Boolean),
            Kind::Spec | Kind::Word(_) | Kind::List | Kind::Part => plain(),
            Kind::File => Value::try_from(StoredPath::from(text)).unwrap_or_else(|_| plain()),
        }
    }
}

impl Settings {
    /// Sets a setting to the value of its option.
    ///
    /// # Errors
    /// When the value is not of the setting's kind or not in its range; the message continues a
    /// sentence that names the setting.
    pub fn set(&mut self, setting: &SettingDef, text: &OsStr) -> Result<(), String> {
        let mut table = self.table();
        table.insert(setting.name.into(), setting.value(text));
        let named = format!("`{}` ", setting.name);
        *self = Settings::checked(table).map_err(|problem| problem.replacen(&named, "", 1))?;
        Ok(())
    }

    /// Returns a setting as the text of its option, if it is set.
    pub fn get(&self, setting: &SettingDef) -> Option<OsString> {
        if setting.kind == Kind::File {
            return self.weights.as_ref().map(|file| file.path().into());
        }
        Some(match self.table().get(setting.name)? {
            Value::String(text) => text.into(),
            Value::Integer(number) => number.to_string().into(),
            Value::Float(number) => number.to_string().into(),
            other => other.to_string().into(),
        })
    }

    /// Checks that all numbers are in their ranges.
    ///
    /// # Errors
    /// When one is not; the message names it.
    pub fn check(&self) -> Result<(), String> {
        Settings::checked(self.table()).map(|_| ())
    }

    /// Returns the arguments of `tapeline train` that select these settings.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = vec![OsString::from(&self.model)];
        for setting in &SETTINGS {
            if let Some(value) = self.get(setting) {
                let value = match setting.kind {
                    Kind::File => shell::operand(value.as_ref()),
                    _ => value,
                };
                words.push(setting.option().into());
                words.extend(Some(value).filter(|_| setting.kind != Kind::Flag));
            }
        }
        words
    }

    fn table(&self) -> Table {
        Table::try_from(self).unwrap_or_else(|e| unreachable!("settings are a table: {e}"))
    }

    fn checked(table: Table) -> Result<Settings, String> {
        table
            .try_into()
            .map_err(|error: toml::de::Error| error.message().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new field is an option, with a name and a kind that fit.
    #[test]
    fn every_field_but_model_and_seed_is_an_option_that_is_read_as_it_is_written() {
        let mut full = Settings::default();
        for setting in &SETTINGS {
            let text = match setting.kind {
                Kind::Integer => "7",
                Kind::Number | Kind::Amount => "0.25",
                Kind::Part => "2/5",
                Kind::Word(words) => words[words.len() - 1],
                Kind::Spec => "some(spec=1)",
                Kind::File => "a/file.safetensors",
                Kind::Flag => "true",
                Kind::List if setting.name == "lr_scale" => "0-6: 0.5, *.bias: 2",
                Kind::List => "0-6, *.bias",
            };
            full.set(setting, text.as_ref()).unwrap();
            assert_eq!(full.get(setting), Some(text.into()), "{}", setting.name);
        }
        let fields = full.table();
        let mut names: Vec<_> = fields.keys().map(String::as_str).collect();
        names.retain(|name| !["spec", "seed"].contains(name));
        names.sort_unstable();
        let mut options = SETTINGS.map(|setting| setting.name);
        options.sort_unstable();
        assert_eq!(names, options);
    }

    #[test]
    fn a_value_that_is_not_in_range_is_refused() {
        for (name, wrong) in [
            (
                "epochs",
                &[
                    "0",
                    "-1",
                    "1.5",
                    "ten",
                    "",
                    "1000001",
                    "99999999999999999999",
                ][..],
            ),
            ("lr", &["0", "-1", "nan", "inf", "fast", ""]),
        ] {
            let setting = SETTINGS
                .iter()
                .find(|setting| setting.name == name)
                .unwrap();
            for text in wrong {
                let mut settings = Settings::default();
                let error = settings.set(setting, text.as_ref()).unwrap_err();
                assert!(error.starts_with("must be a"), "{name} {text}: {error}");
                assert_eq!(settings, Settings::default());
            }
        }
        let settings = Settings {
            batch_size: 0,
            ..Settings::default()
        };
        assert!(settings.check().unwrap_err().contains("batch_size"));
    }
}
