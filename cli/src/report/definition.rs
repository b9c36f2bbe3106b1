//! From a file of comparisons to a study.

use std::{collections::BTreeMap, io::Read, path::Path};

use serde::Deserialize;
use tapeline_data::files;
use toml::Table;

use crate::{
    error::{CliError, in_toml},
    study::{Claim, Comparison, Known, Row, SCHEMA, Study},
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
    comparison: Vec<ComparisonDef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quick {
    seeds: u64,
    /// A share of each row's epochs.
    epochs: f64,
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
    /// By whom: train loss, train accuracy, test accuracy of each run.
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
    Ok(Study {
        schema: SCHEMA,
        comparisons: comparisons.collect::<Result<_, _>>()?,
        title: file.title,
        text: file.text,
    })
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
        if quick {
            let epochs = settings.epochs as f64 * file.quick.epochs;
            settings.epochs = (epochs.ceil() as u64).max(1);
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
            known: self.known.iter().map(known).collect(),
        })
    }
}

fn known((by, runs): (&String, &Vec<[f64; 3]>)) -> Known {
    Known {
        by: by.clone(),
        runs: runs.clone(),
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
}
