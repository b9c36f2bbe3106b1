//! From a file of comparisons to a study.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, de::IgnoredAny};
use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer, Error},
};

use crate::{
    error::{CliError, in_toml},
    study::{Claim, Comparison, Known, Row, SCHEMA, Study},
    training::{limits, settings::Settings},
};

/// The report that this program comes with.
const REPORT: &str = include_str!("report.toml");

/// The file, as it is written. Settings are left as tables, so that errors in those of a row and of the recipe have their places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    text: String,
    #[serde(deserialize_with = "limits::seeds")]
    seeds: u64,
    #[serde(rename = "recipe")]
    _recipe: IgnoredAny,
    quick: Quick,
    comparison: Vec<ComparisonDef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quick {
    #[serde(deserialize_with = "limits::seeds")]
    seeds: u64,
    /// A share of each row's epochs.
    #[serde(deserialize_with = "limits::share")]
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

/// A row. Its other keys are those of the recipe that it changes.
#[derive(Deserialize)]
struct RowDef {
    name: String,
    #[serde(default)]
    extra: bool,
    /// By whom: train loss, train accuracy, test accuracy of each run.
    #[serde(default)]
    known: BTreeMap<String, KnownRuns>,
}

/// The keys of a row that are not settings.
const ROW: [&str; 3] = ["name", "extra", "known"];

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
            fs::read_to_string(file).map_err(|reason| fail(format!("cannot be read: {reason}")))?
        }
        None => REPORT.into(),
    };
    let wrong = |error: Error| fail(in_toml(&text, &error));
    let file: File = toml::from_str(&text).map_err(wrong)?;
    let tables = DeTable::parse(&text).map_err(wrong)?.into_inner();
    if file.comparison.is_empty() {
        return Err(fail("has no comparison".into()));
    }
    let mut comparisons = Vec::new();
    for (number, def) in file.comparison.iter().enumerate() {
        let rows = def.row.iter().enumerate().map(|(row, _)| {
            let table = &tables.get("comparison")?.get_ref().get(number)?;
            let table = table.get_ref().get("row")?.get_ref().get(row)?;
            Some(settings(tables.get("recipe")?, table))
        });
        let rows = rows.collect::<Option<Result<Vec<_>, _>>>();
        let rows = rows.ok_or_else(|| fail("its rows are no tables".into()))?;
        let comparison = def.read(&file, rows.map_err(wrong)?, quick);
        comparisons.push(comparison.map_err(fail)?);
    }
    let study = Study {
        schema: SCHEMA,
        comparisons,
        title: file.title,
        text: file.text,
    };
    study.check().map_err(fail)?;
    Ok(study)
}

/// The settings of a row: those of the recipe, but for its own.
fn settings(recipe: &Spanned<DeValue<'_>>, row: &Spanned<DeValue<'_>>) -> Result<Settings, Error> {
    let mut table = recipe.get_ref().as_table().cloned().unwrap_or_default();
    let changes = row.get_ref().as_table().cloned().unwrap_or_default();
    for (key, value) in changes {
        if !ROW.contains(&key.get_ref().as_ref()) {
            // A key that is there keeps its place in the recipe, unless it is taken out first.
            table.remove(&key);
            table.insert(key, value);
        }
    }
    Settings::deserialize(Deserializer::from(Spanned::new(row.span(), table)))
}

impl ComparisonDef {
    fn read(
        &self,
        file: &File,
        settings: Vec<Settings>,
        quick: bool,
    ) -> Result<Comparison, String> {
        let inside = |what: String| format!("in \"{}\": {what}", self.title);
        let rows = self.row.iter().zip(settings);
        let rows = rows.map(|(row, settings)| row.read(file, settings, quick));
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
            rows: rows.collect(),
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
    fn read(&self, file: &File, mut settings: Settings, quick: bool) -> Row {
        if quick {
            let epochs = settings.epochs as f64 * file.quick.epochs;
            settings.epochs = (epochs.ceil() as u64).max(1);
        }
        let seeds = match (self.extra, quick) {
            (true, _) => 1,
            (false, true) => file.quick.seeds,
            (false, false) => file.seeds,
        };
        Row {
            cells: vec![self.name.clone()],
            settings,
            seeds,
            runs: Vec::new(),
            extra: self.extra,
            known: self.known.iter().map(known).collect(),
        }
    }
}

/// Figures from elsewhere.
#[derive(Deserialize)]
struct KnownRuns(#[serde(deserialize_with = "limits::figures")] Vec<[f64; 3]>);

fn known((by, KnownRuns(runs)): (&String, &KnownRuns)) -> Known {
    Known {
        by: by.clone(),
        runs: runs.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{context::Context, terminal::Common, training::origin::Origin};

    #[test]
    fn the_report_can_be_read_and_its_texts_have_a_meaning() {
        let common = Common::new(clap::ColorChoice::Never);
        let cx = Context::new(&common);
        for quick in [false, true] {
            let study = read(None, quick).unwrap();
            for row in study
                .comparisons
                .iter()
                .flat_map(|comparison| &comparison.rows)
            {
                row.settings
                    .read(Origin::Options { model: None }, &cx)
                    .unwrap_or_else(|e| panic!("{}: {e:?}", row.name()));
            }
        }
    }
}
