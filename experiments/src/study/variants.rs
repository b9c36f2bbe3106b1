//! Expands models and options with alternatives into the configurations of a comparison.

use tapeline_spec::{MAX_ALTERNATIVES, parse};

use crate::{
    error::Error,
    settings::{
        Settings,
        alternatives::{Expanded, Given, of_spec},
        source::Source,
    },
    study::{Comparison, Row},
};

/// Configurations that are being expanded: the columns so far, and the cells of each configuration.
struct Table {
    columns: Vec<String>,
    rows: Vec<(Vec<String>, Settings)>,
}

/// Builds one configuration for every combination of alternatives; those of the last option vary
/// fastest.
///
/// # Errors
/// If an option is invalid, or there are too many combinations.
pub fn comparison(
    models: &[Source],
    options: &[Given],
    seeds: u64,
    folds: Option<usize>,
) -> Result<Comparison, Error> {
    let mut table = Table {
        columns: Vec::new(),
        rows: vec![(Vec::new(), Settings::default())],
    };
    let expanded = options.iter().map(|given| Ok((given, given.expanded()?)));
    let expanded = expanded.collect::<Result<Vec<_>, Error>>()?;
    let models_expanded = self::models(models)?;
    let counts = expanded.iter().map(|(_, all)| all.texts.len());
    let count = counts.chain([models_expanded.texts.len()]);
    let count = count.fold(1, |all: u64, count| all.saturating_mul(count as u64));
    if count > MAX_ALTERNATIVES {
        let message = format!("{count} combinations of alternatives are too many");
        return Err(Error::usage(message).help(format!("at most {MAX_ALTERNATIVES}")));
    }
    table.multiply(&models_expanded, |settings, text| {
        settings.model = text.to_string_lossy().into_owned();
        Ok(())
    })?;
    for (given, expanded) in &expanded {
        table.multiply(expanded, |settings, text| given.set(text, settings))?;
    }
    if table.columns.is_empty() {
        // A single configuration still needs a name.
        let name = models.first().and_then(|model| model.name.clone());
        table.columns.push("model".into());
        for (cells, settings) in &mut table.rows {
            cells.push(name.clone().unwrap_or_else(|| settings.model.clone()));
        }
    }
    // The title is on one line, without comments. Specs that can't be parsed were rejected above.
    let title =
        |model: &Source| parse(&model.text).map_or_else(|_| String::new(), |tree| tree.to_string());
    let named = |model: &Source| name(model, models).unwrap_or_else(|| title(model));
    let titles: Vec<_> = models.iter().map(named).collect();
    let row = |(cells, settings)| Row {
        cells,
        settings,
        seeds,
        folds,
        runs: Vec::new(),
        extra: false,
        known: Vec::new(),
    };
    Ok(Comparison {
        title: titles.join(" vs "),
        text: String::new(),
        columns: table.columns,
        rows: table.rows.into_iter().map(row).collect(),
        claims: Vec::new(),
        gradients: false,
    })
}

impl Table {
    /// Replaces each configuration by one for each alternative of a setting.
    fn multiply(
        &mut self,
        expanded: &Expanded,
        set: impl Fn(&mut Settings, &std::ffi::OsStr) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rows = Vec::new();
        for (cells, settings) in &self.rows {
            for (more, text) in &expanded.texts {
                let mut settings = settings.clone();
                set(&mut settings, text)?;
                rows.push(([&cells[..], more].concat(), settings));
            }
        }
        self.rows = rows;
        self.columns.extend(expanded.columns.iter().cloned());
        Ok(())
    }
}

/// The models: one spec with alternatives, or several specs, each with its own alternatives.
fn models(models: &[Source]) -> Result<Expanded, Error> {
    let read = |model: &Source| of_spec("model", &model.text).map_err(|error| model.error(error));
    if let [only] = models {
        return read(only);
    }
    // Several specs have no common structure, so each is shown by its name, or else in full.
    let mut texts = Vec::new();
    for model in models {
        let name = name(model, models);
        let all = read(model)?.texts.into_iter();
        texts.extend(all.map(|(cells, text)| {
            let cell = match (&name, cells.join(" · ")) {
                (None, _) => text.to_string_lossy().into_owned(),
                (Some(name), cells) if cells.is_empty() => name.clone(),
                (Some(name), cells) => format!("{name}: {cells}"),
            };
            (vec![cell], text)
        }));
    }
    Ok(Expanded {
        columns: vec!["model".into()],
        texts,
    })
}

/// Returns the name of a model; where several have the same, that of its file.
fn name(model: &Source, models: &[Source]) -> Option<String> {
    let same = models.iter().filter(|other| other.name == model.name);
    match same.count() {
        1 => model.name.clone(),
        _ => model.origin.clone(),
    }
}
