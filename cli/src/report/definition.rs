//! From a file of comparisons to a study.

use std::{collections::BTreeMap, io::Read, path::Path};

use serde::Deserialize;
use tapeline_data::files;
use toml::Table;

use crate::{
    error::{CliError, in_toml},
    study::{Claim, Comparison, DataFacts, Known, Recipe, Row, SCHEMA, Study},
    training::settings::Settings,
};

/// The report that this program comes with.
const REPORT: &str = include_str!("report.toml");

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    text: String,
    seeds: u64,
    recipe: Table,
    quick: Quick,
    /// Where figures from elsewhere are from.
    #[serde(default)]
    source: BTreeMap<String, Source>,
    comparison: Vec<ComparisonDef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quick {
    seeds: u64,
    /// A share of each row's epochs.
    epochs: f64,
}

/// Where figures are from, and of what runs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    about: String,
    data: String,
    epochs: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComparisonDef {
    title: String,
    text: String,
    #[serde(default)]
    gradients: bool,
    row: Vec<RowDef>,
    #[serde(default)]
    claim: Vec<ClaimDef>,
}

#[derive(Deserialize)]
struct RowDef {
    name: String,
    #[serde(default)]
    extra: bool,
    /// By source: train loss, train accuracy, test accuracy of each run.
    #[serde(default)]
    known: BTreeMap<String, Vec<[f64; 3]>>,
    /// Keys of the recipe that it changes.
    #[serde(flatten)]
    changes: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimDef {
    text: String,
    better: String,
    than: String,
}

/// Reads a study: the report of this program, or that in a file.
///
/// # Errors
/// When the file can't be read, or says something that has no meaning.
pub fn read(file: Option<&Path>, quick: bool) -> Result<Study, CliError> {
    let name = file.map_or_else(|| "report.toml".into(), |file| file.display().to_string());
    let fail = |what: String| CliError::usage(format!("{name}: {what}"));
    let text = match file {
        Some(file) => {
            let mut text = String::new();
            let read = files::open(file).and_then(|mut file| file.read_to_string(&mut text));
            read.map_err(|reason| fail(format!("cannot be read: {reason}")))?;
            text
        }
        None => REPORT.into(),
    };
    let file: File = toml::from_str(&text).map_err(|error| fail(in_toml(&text, &error)))?;
    if file.comparison.is_empty() {
        return Err(fail("has no comparison".into()));
    }
    let comparisons = file
        .comparison
        .iter()
        .map(|def| def.read(&file, quick).map_err(fail));
    let comparisons = comparisons.collect::<Result<_, _>>()?;
    Ok(Study {
        schema: SCHEMA,
        recipe: Some(file.recipe(quick).map_err(fail)?),
        command: String::new(),
        data: DataFacts::default(),
        comparisons,
        title: file.title,
        text: file.text,
    })
}

impl File {
    /// The settings of a row that changes none.
    fn recipe(&self, quick: bool) -> Result<Recipe, String> {
        let mut table = self.recipe.clone();
        table.entry("model").or_insert_with(|| String::new().into());
        let settings: Result<Settings, _> = table.try_into();
        let mut settings =
            settings.map_err(|error| format!("in the recipe: {}", error.message()))?;
        if quick {
            settings.epochs = self.quick.epochs(settings.epochs);
        }
        let seeds = if quick { self.quick.seeds } else { self.seeds };
        Ok(Recipe { settings, seeds })
    }
}

impl Quick {
    /// The epochs that are left of some.
    fn epochs(&self, all: u64) -> u64 {
        ((all as f64 * self.epochs).ceil() as u64).max(1)
    }
}

impl ComparisonDef {
    fn read(&self, file: &File, quick: bool) -> Result<Comparison, String> {
        let inside = |what: String| format!("in \"{}\": {what}", self.title);
        let rows = self
            .row
            .iter()
            .map(|row| row.read(file, quick).map_err(inside));
        let index = |name: &str| {
            let found = self.row.iter().position(|row| row.name == name);
            found.ok_or_else(|| inside(format!("a claim names `{name}`, and no row is called so")))
        };
        let claim = |claim: &ClaimDef| {
            Ok(Claim {
                text: claim.text.clone(),
                better: index(&claim.better)?,
                than: index(&claim.than)?,
            })
        };
        Ok(Comparison {
            title: self.title.clone(),
            text: self.text.clone(),
            columns: vec!["what".into()],
            rows: rows.collect::<Result<_, _>>()?,
            claims: self
                .claim
                .iter()
                .map(claim)
                .collect::<Result<_, String>>()?,
            gradients: self.gradients,
        })
    }
}

impl RowDef {
    fn read(&self, file: &File, quick: bool) -> Result<Row, String> {
        let inside = |what: String| format!("row `{}`: {what}", self.name);
        let mut table = file.recipe.clone();
        table.extend(self.changes.clone());
        let settings: Result<Settings, _> = table.try_into();
        let mut settings = settings.map_err(|error| inside(error.message().into()))?;
        if settings.epochs == 0 || settings.batch_size == 0 {
            return Err(inside(
                "`epochs` and `batch_size` must be at least 1".into(),
            ));
        }
        let known = self.known.iter().map(|(by, runs)| {
            let source = file.source.get(by);
            let source = source.ok_or_else(|| {
                inside(format!("`known` names `{by}`, and no source is called so"))
            })?;
            if source.epochs != settings.epochs {
                let (theirs, ours) = (source.epochs, settings.epochs);
                return Err(inside(format!(
                    "the figures by `{by}` are of {theirs} epochs, the row is trained for {ours}"
                )));
            }
            Ok(Known {
                by: by.clone(),
                about: source.about.clone(),
                data: source.data.clone(),
                epochs: source.epochs,
                runs: runs.clone(),
            })
        });
        let known = known.collect::<Result<_, _>>()?;
        if quick {
            settings.epochs = file.quick.epochs(settings.epochs);
        }
        let seeds = match (self.extra, quick) {
            (true, _) => 1,
            (false, true) => file.quick.seeds,
            (false, false) => file.seeds,
        };
        Ok(Row {
            cells: vec![self.name.clone()],
            settings,
            seeds,
            runs: Vec::new(),
            extra: self.extra,
            known,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{context::Context, terminal::Common};

    #[test]
    fn the_report_can_be_read_and_its_texts_have_a_meaning() {
        let common = Common {
            quiet: true,
            verbose: false,
            color: clap::ColorChoice::Never,
        };
        let cx = Context::new(&common);
        for quick in [false, true] {
            let study = read(None, quick).unwrap();
            for row in study
                .comparisons
                .iter()
                .flat_map(|comparison| &comparison.rows)
            {
                row.settings
                    .read(None, &cx)
                    .unwrap_or_else(|e| panic!("{}: {e:?}", row.name()));
            }
        }
    }

    /// A number in a text would be wrong for another number of epochs, seeds or images. Names of rows may have some.
    #[test]
    fn texts_have_no_numbers_that_could_be_wrong() {
        let study = read(None, false).unwrap();
        let is_sound = |text: &str, rows: &[Row]| {
            let named = |text: String, row: &Row| text.replace(&row.name(), "");
            let text = rows.iter().rev().fold(text.replace("L2", ""), named);
            assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
            for word in ["epoch", "seed", "MNIST"] {
                assert!(!text.contains(word), "{text}");
            }
        };
        is_sound(&study.title, &[]);
        is_sound(&study.text, &[]);
        for comparison in &study.comparisons {
            for text in [&comparison.title, &comparison.text] {
                is_sound(text, &[]);
            }
            for claim in &comparison.claims {
                is_sound(&claim.text, &comparison.rows);
            }
        }
    }

    /// Figures of ten epochs are not those of two, nor figures of one data set those of another.
    #[test]
    fn figures_from_elsewhere_are_of_the_same_runs() {
        let known = |quick, data: &str| {
            let mut study = read(None, quick).unwrap();
            study.set_data(DataFacts {
                name: data.into(),
                ..DataFacts::default()
            });
            let rows = study
                .comparisons
                .iter()
                .flat_map(|comparison| &comparison.rows);
            rows.map(|row| row.known.len()).sum::<usize>()
        };
        assert!(known(false, "mnist") > 0);
        assert_eq!(known(true, "mnist"), 0);
        assert_eq!(known(false, "fashion-mnist"), 0);
    }
}
