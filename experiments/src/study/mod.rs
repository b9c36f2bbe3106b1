//! Comparisons of training runs: the common part of `compare` and `report`.
//!
//! A [`Study`] describes what is trained and which claims are tested. Each run has a folder named
//! after its configuration, so a finished run is never trained again; all tables and charts are
//! generated from run folders.
//!
//! | module | contents |
//! |---|---|
//! | `variants` | expands options with alternatives into configurations |
//! | `store` | run folders, and the folder of the study |
//! | [`queue`] | trains the missing runs, several at a time |
//! | `plan` | the runs as shell commands, for other machines |
//! | [`results`] | results of the configurations, read from run folders |
//! | [`stats`] | mean, median, standard deviation, Student's t-tests |
//! | [`verdict`] | significance of differences |
//! | `facts` | descriptions of what was run |
//! | `grid`, [`text`] | tables, and verdicts as text |
//! | `charts` | charts, and the names of their files |
//! | `evidence` | diagnostics of trained models |
//! | [`lines`] | `results.csv`, `results.jsonl` and `compare --json` |

pub(crate) mod charts;
pub(crate) mod evidence;
pub(crate) mod facts;
pub(crate) mod grid;
pub mod lines;
pub(crate) mod plan;
pub mod queue;
pub mod results;
pub mod stats;
pub(crate) mod store;
pub mod text;
mod variants;
pub mod verdict;

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    run::dataset::DataFacts,
    settings::{Settings, alternatives::Given, fold::Fold, limits, source::Source},
};

/// Comparisons on one dataset, stored as `study.json` next to the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// Schema version of `study.json`.
    pub schema: u32,
    /// Title of the study.
    pub title: String,
    /// Introduction: paragraphs of Markdown.
    pub text: String,
    /// The command that created the study.
    pub command: String,
    /// The dataset.
    pub data: DataFacts,
    /// Settings that configurations follow by default; `None` if the columns show all differences.
    pub recipe: Option<StudyRecipe>,
    /// The comparisons.
    pub comparisons: Vec<Comparison>,
}

/// Default training settings of the configurations, apart from the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyRecipe {
    /// The settings; the model is empty if configurations have none in common.
    pub settings: Settings,
    /// Number of seeds.
    pub seeds: u64,
}

/// Configurations that are trained with the same seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Title of the comparison.
    pub title: String,
    /// Introduction: paragraphs of Markdown.
    pub text: String,
    /// Names of the properties in which the configurations differ.
    pub columns: Vec<String>,
    /// The configurations.
    pub rows: Vec<Row>,
    /// The claims to be tested.
    pub claims: Vec<Claim>,
    /// Whether to show the gradient norms, layer by layer.
    pub gradients: bool,
}

/// A configuration that is trained with several seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Value for each column.
    pub cells: Vec<String>,
    /// The settings; the seed is ignored.
    pub settings: Settings,
    /// Number of seeds; they are counted from 0.
    #[serde(deserialize_with = "limits::seeds")]
    pub seeds: u64,
    /// Number of parts of the training images, each of which is the test data of a run for each seed;
    /// `None` if all runs are tested on the test data.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::folds"
    )]
    pub folds: Option<usize>,
    /// Names of the runs, one for each seed and fold; see `store`.
    pub runs: Vec<String>,
    /// Whether the configuration is trained only with `--extra`.
    pub extra: bool,
    /// Results from other sources.
    pub known: Vec<Known>,
}

/// Results of the same configuration from another source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Name of the source.
    pub by: String,
    /// Description of the source.
    pub about: String,
    /// Name of the dataset.
    pub data: String,
    /// Number of epochs; `None` if the source doesn't state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Train loss, train accuracy and test accuracy of each run, as far as they are known; the last
    /// one always is.
    #[serde(deserialize_with = "limits::figures")]
    pub runs: Vec<[Option<f64>; 3]>,
}

/// A claim about two configurations of a comparison: one is more accurate than the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The claim, as a sentence.
    pub text: String,
    /// Index of the configuration that is claimed to be more accurate.
    pub better: usize,
    /// Index of the configuration it is compared with.
    pub than: usize,
}

/// Schema version of `study.json`.
pub const SCHEMA: u32 = 2;

impl Study {
    /// Creates the study of a comparison: a configuration for every combination of alternatives in
    /// the models and options, each to be trained with the seeds 0, 1, … `seeds` − 1, and with
    /// `folds` on each of so many parts of the training images.
    ///
    /// # Errors
    /// If an option is invalid, or there are too many combinations.
    pub fn compare<M: Clone + Into<Source>>(
        models: &[M],
        options: &[Given],
        seeds: u64,
        folds: Option<usize>,
    ) -> Result<Study, Error> {
        let models: Vec<_> = models.iter().cloned().map(M::into).collect();
        let comparison = variants::comparison(&models, options, seeds, folds)?;
        Ok(Study {
            schema: SCHEMA,
            title: comparison.title.clone(),
            text: String::new(),
            command: String::new(),
            data: DataFacts::default(),
            recipe: None,
            comparisons: vec![comparison],
        })
    }

    /// Sets the dataset. Results from other sources are kept only where the dataset and the number
    /// of epochs match.
    pub fn set_data(&mut self, data: DataFacts) {
        for row in self.comparisons.iter_mut().flat_map(|c| &mut c.rows) {
            let epochs = row.settings.epochs;
            row.known.retain(|known| {
                known.data == data.name && known.epochs.is_none_or(|theirs| theirs == epochs)
            });
        }
        self.data = data;
    }

    /// Validates the study.
    ///
    /// # Errors
    /// If a comparison is inconsistent; the message names it and the problem.
    pub fn check(&self) -> Result<(), String> {
        for comparison in &self.comparisons {
            comparison
                .check()
                .map_err(|what| format!("in \"{}\": {what}", comparison.title))?;
        }
        Ok(())
    }
}

impl Comparison {
    fn check(&self) -> Result<(), String> {
        if self.columns.is_empty() || self.rows.is_empty() {
            return Err("expected at least one column and one row".into());
        }
        for row in &self.rows {
            let (cells, columns) = (row.cells.len(), self.columns.len());
            if cells != columns {
                return Err(format!(
                    "row `{}` has {cells} cells for {columns} columns",
                    row.name()
                ));
            }
            // Names become paths, so anything but a generated name could leave the study's folder.
            if let Some(name) = row.runs.iter().find(|name| !store::is_name(name)) {
                return Err(format!(
                    "row `{}`: `{name}` is not the name of a run",
                    row.name()
                ));
            }
        }
        let rows = self.rows.len();
        let mut claims = self.claims.iter();
        match claims.find(|claim| claim.better >= rows || claim.than >= rows) {
            Some(claim) => Err(format!(
                "claim \"{}\" refers to rows {} and {}, but there are only {rows} (counted from 0)",
                claim.text, claim.better, claim.than
            )),
            None => Ok(()),
        }
    }
}

impl Comparison {
    /// What distinguishes the runs of a configuration, in the plural.
    pub fn over(&self) -> &'static str {
        let (folds, seeds) = self
            .rows
            .iter()
            .fold((false, false), |(folds, seeds), row| {
                (folds || row.folds.is_some(), seeds || row.seeds > 1)
            });
        match (folds, seeds) {
            (false, _) => "seeds",
            (true, false) => "folds",
            (true, true) => "folds and seeds",
        }
    }
}

impl Row {
    /// The seed and the fold of each run.
    pub fn variants(&self) -> impl Iterator<Item = (u64, Option<Fold>)> {
        let folds: Vec<_> = match self.folds {
            None => vec![None],
            Some(of) => (1..=of).map(|part| Some(Fold { part, of })).collect(),
        };
        let seeds = 0..self.seeds;
        seeds.flat_map(move |seed| folds.clone().into_iter().map(move |fold| (seed, fold)))
    }

    /// The cells joined into one text.
    pub fn name(&self) -> String {
        let cell = |cell: &String| match cell.as_str() {
            "" => "none".into(),
            text => text.to_string(),
        };
        self.cells.iter().map(cell).collect::<Vec<_>>().join(" · ")
    }
}
