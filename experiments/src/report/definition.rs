//! Reads a report definition, a TOML file, into a study.

use std::{collections::BTreeMap, io::Read, path::Path};

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use tapeline_data::files;
use toml::{
    Spanned,
    de::{self, DeTable, DeValue},
};

use crate::{
    error::{Error, in_toml},
    run::dataset::DataFacts,
    settings::{Settings, limits},
    study::{Claim, Comparison, Known, Row, SCHEMA, Study, StudyRecipe},
};

/// A report that is part of the program.
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// Its definition in TOML.
    pub text: &'static str,
}

/// The built-in reports; the first is the default.
pub const REPORTS: [BuiltIn; 5] = [
    BuiltIn {
        name: "networks",
        text: include_str!("reports/networks.toml"),
    },
    BuiltIn {
        name: "lecun1998",
        text: include_str!("reports/lecun1998.toml"),
    },
    BuiltIn {
        name: "initialisation",
        text: include_str!("reports/initialisation.toml"),
    },
    BuiltIn {
        name: "normalisation",
        text: include_str!("reports/normalisation.toml"),
    },
    BuiltIn {
        name: "residual",
        text: include_str!("reports/residual.toml"),
    },
];

/// Where a definition is read from.
#[derive(Clone, Copy)]
pub enum Definition<'a> {
    /// One of [`REPORTS`].
    BuiltIn(&'a BuiltIn),
    /// A file.
    File(&'a Path),
}

/// The file as written. Settings are left as TOML tables, so that errors in those of the recipe and
/// of a row carry their positions.
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
    /// Sources of results from elsewhere, by name.
    #[serde(default)]
    source: BTreeMap<String, Source>,
    comparison: Vec<ComparisonDef>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quick {
    #[serde(deserialize_with = "limits::seeds")]
    seeds: u64,
    /// Fraction of each row's epochs.
    #[serde(deserialize_with = "limits::share")]
    epochs: f64,
}

/// A source of results, with the runs they are for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    about: String,
    data: String,
    /// The number of epochs, if the source states it.
    #[serde(default, deserialize_with = "epochs")]
    epochs: Option<u64>,
}

fn epochs<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    limits::epochs(from).map(Some)
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

/// A row. Its other keys override those of the recipe.
#[derive(Deserialize)]
struct RowDef {
    name: String,
    #[serde(default)]
    extra: bool,
    /// By source: train loss, train accuracy and test accuracy of each run, or its test accuracy.
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

/// Reads a definition; `quick` is for fewer seeds and epochs, as it says.
///
/// # Errors
/// If the file can't be read, or is not a valid definition.
pub fn read(from: Definition<'_>, quick: bool) -> Result<Study, Error> {
    let name = match from {
        Definition::BuiltIn(report) => format!("{}.toml", report.name),
        Definition::File(file) => file.display().to_string(),
    };
    let fail = |what: String| Error::usage(format!("{name}: {what}"));
    let text = match from {
        Definition::BuiltIn(report) => report.text.into(),
        Definition::File(file) => {
            let mut text = String::new();
            let read = files::open(file).and_then(|mut file| file.read_to_string(&mut text));
            read.map_err(|reason| fail(format!("cannot be read: {reason}")))?;
            text
        }
    };
    let wrong = |error: de::Error| fail(in_toml(&text, &error));
    let file: File = toml::from_str(&text).map_err(wrong)?;
    let tables = DeTable::parse(&text).map_err(wrong)?.into_inner();
    if file.comparison.is_empty() {
        return Err(fail("expected at least one comparison".into()));
    }
    let empty = Spanned::new(0..0, DeValue::Table(DeTable::new()));
    let recipe = tables.get("recipe").unwrap_or(&empty);
    let mut comparisons = Vec::new();
    for (number, def) in file.comparison.iter().enumerate() {
        let rows = def.row.iter().enumerate().map(|(row, _)| {
            let table = &tables.get("comparison")?.get_ref().get(number)?;
            let table = table.get_ref().get("row")?.get_ref().get(row)?;
            Some(settings(recipe, table))
        });
        let rows = rows.collect::<Option<Result<Vec<_>, _>>>();
        let rows = rows.ok_or_else(|| fail("`row` must be an array of tables".into()))?;
        let comparison = def.read(&file, rows.map_err(wrong)?, quick);
        comparisons.push(comparison.map_err(fail)?);
    }
    let study = Study {
        schema: SCHEMA,
        recipe: Some(file.recipe(recipe, quick).map_err(wrong)?),
        command: String::new(),
        data: DataFacts::default(),
        comparisons,
        title: file.title,
        text: file.text,
    };
    study.check().map_err(fail)?;
    Ok(study)
}

/// The settings of a row: those of the recipe with the row's own keys on top.
fn settings(
    recipe: &Spanned<DeValue<'_>>,
    row: &Spanned<DeValue<'_>>,
) -> Result<Settings, de::Error> {
    let mut table = recipe.get_ref().as_table().cloned().unwrap_or_default();
    let changes = row.get_ref().as_table().cloned().unwrap_or_default();
    for (key, value) in changes {
        if !ROW.contains(&key.get_ref().as_ref()) {
            // Inserting an existing key would keep its position in the recipe, so it is removed
            // first.
            table.remove(&key);
            table.insert(key, value);
        }
    }
    Settings::deserialize(de::Deserializer::from(Spanned::new(row.span(), table)))
}

impl File {
    /// The settings of the recipe itself, with an empty model if it doesn't set one.
    fn recipe(&self, table: &Spanned<DeValue<'_>>, quick: bool) -> Result<StudyRecipe, de::Error> {
        let mut unnamed = DeTable::new();
        if table.get_ref().get("model").is_none() {
            let text = |text: &'static str| Spanned::new(table.span(), text.into());
            unnamed.insert(
                text("model"),
                Spanned::new(table.span(), DeValue::String("".into())),
            );
        }
        let unnamed = Spanned::new(table.span(), DeValue::Table(unnamed));
        let mut settings = settings(table, &unnamed)?;
        if quick {
            settings.epochs = self.quick.epochs(settings.epochs);
        }
        let seeds = if quick { self.quick.seeds } else { self.seeds };
        Ok(StudyRecipe { settings, seeds })
    }
}

impl Quick {
    /// Number of epochs for `--quick`.
    fn epochs(&self, all: u64) -> u64 {
        ((all as f64 * self.epochs).ceil() as u64).max(1)
    }
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
            found.ok_or_else(|| inside(format!("a claim names `{name}`, but no row has that name")))
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
            columns: vec!["configuration".into()],
            rows: rows.collect::<Result<_, _>>().map_err(inside)?,
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
    fn read(&self, file: &File, mut settings: Settings, quick: bool) -> Result<Row, String> {
        let inside = |what: String| format!("row `{}`: {what}", self.name);
        let known = self.known.iter().map(|(by, KnownRuns(runs))| {
            let source = file.source.get(by);
            let source = source.ok_or_else(|| {
                inside(format!("`known` names `{by}`, but no source has that name"))
            })?;
            if let Some(theirs) = source.epochs.filter(|&theirs| theirs != settings.epochs) {
                let ours = settings.epochs;
                return Err(inside(format!(
                    "the figures from `{by}` are for {theirs} epochs, but the row is trained for {ours}"
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
        let mut known = known.collect::<Result<Vec<Known>, _>>()?;
        if quick {
            // A source that doesn't state its epochs has trained to the end.
            known.retain(|known| known.epochs.is_some());
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
            folds: None,
            runs: Vec::new(),
            extra: self.extra,
            known,
        })
    }
}

/// Results of the runs of another source.
#[derive(Deserialize)]
struct KnownRuns(#[serde(deserialize_with = "limits::figures")] Vec<limits::KnownRun>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::Context,
        settings::{origin::Origin, specs::Specs},
    };

    fn all(quick: bool) -> impl Iterator<Item = Study> {
        REPORTS.iter().map(move |report| {
            read(Definition::BuiltIn(report), quick)
                .unwrap_or_else(|e| panic!("{}: {e}", report.name))
        })
    }

    fn rows(study: &Study) -> impl Iterator<Item = &Row> {
        study
            .comparisons
            .iter()
            .flat_map(|comparison| &comparison.rows)
    }

    #[test]
    fn the_reports_can_be_read_and_their_texts_have_a_meaning() {
        let cx = Context::default();
        for study in [false, true].into_iter().flat_map(all) {
            for row in rows(&study) {
                Specs::read(&row.settings, Origin::Options { model: None }, &cx)
                    .unwrap_or_else(|e| panic!("{}: {e:?}", row.name()));
            }
        }
    }

    /// A number in a text would be wrong for another number of epochs, seeds or images. Names of
    /// rows may contain numbers.
    #[test]
    fn texts_have_no_numbers_that_could_be_wrong() {
        let is_sound = |text: &str, rows: &[Row]| {
            let named = |text: String, row: &Row| text.replace(&row.name(), "");
            let text = rows.iter().rev().fold(text.replace("L2", ""), named);
            assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
            for word in ["epoch", "seed", "MNIST"] {
                assert!(!text.contains(word), "{text}");
            }
        };
        for study in all(false) {
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
    }

    /// Results for ten epochs don't apply to two, nor results on one dataset to another, nor those
    /// of a whole training run to a short one.
    #[test]
    fn figures_from_elsewhere_are_of_the_same_runs() {
        let known = |quick, data: &str| {
            let count = |mut study: Study| {
                study.set_data(DataFacts {
                    name: data.into(),
                    ..DataFacts::default()
                });
                rows(&study).map(|row| row.known.len()).sum::<usize>()
            };
            all(quick).map(count).collect::<Vec<_>>()
        };
        assert_eq!(
            known(false, "mnist")
                .iter()
                .filter(|&&known| known > 0)
                .count(),
            2
        );
        assert_eq!(known(true, "mnist"), [0; REPORTS.len()]);
        assert_eq!(known(false, "fashion-mnist"), [0; REPORTS.len()]);
    }
}
