//! Trainings side by side: what `compare` and `report` are made of.
//!
//! A [`Study`] says what is trained, and what is claimed of it. Each training is a run folder under the name of its configuration, so a
//! finished one is never trained again; all tables and pictures are made from run folders.
//!
//! | module | what it holds |
//! |---|---|
//! | [`variants`] | from options with alternatives to the rows of a comparison |
//! | [`store`] | run folders by configuration; the study's own folder |
//! | [`queue`], [`board`] | training what is missing, several at a time, and showing how far it is |
//! | [`plan`] | the same as commands, for other machines |
//! | [`results`] | what came of the rows, read from their folders |
//! | [`stats`] | mean, median, standard deviation, Student's t |
//! | [`verdict`] | whether a difference is larger than the seeds' spread |
//! | [`facts`] | what was run, in words |
//! | [`grid`], [`text`] | tables, and what can be said of the differences |
//! | [`charts`], [`files`] | curves, and what is written beside the runs |
//! | [`evidence`] | what a trained model shows of itself |
//! | [`lines`] | `results.csv`, `results.jsonl`, and what `compare --json` prints |

pub mod board;
pub mod charts;
pub mod evidence;
pub mod facts;
pub mod files;
pub mod grid;
pub mod lines;
pub mod plan;
pub mod queue;
pub mod results;
pub mod stats;
pub mod store;
pub mod text;
pub mod variants;
pub mod verdict;

use serde::{Deserialize, Serialize};

use crate::training::{limits, settings::Settings};

/// Comparisons over one data set. It is kept as `study.json` beside the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Study {
    pub schema: u32,
    pub title: String,
    /// Paragraphs of Markdown.
    pub text: String,
    /// The command that made it.
    pub command: String,
    pub data: DataFacts,
    /// What a row does unless it is said otherwise; none where columns say how the rows differ.
    pub recipe: Option<Recipe>,
    pub comparisons: Vec<Comparison>,
}

/// What is trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    pub name: String,
    /// Numbers of images, before any are held out or left out.
    pub train_samples: usize,
    pub test_samples: usize,
}

/// How a row is trained, but for its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub settings: Settings,
    pub seeds: u64,
}

/// Rows that are trained with the same seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub title: String,
    /// Paragraphs of Markdown.
    pub text: String,
    /// Names of what the rows differ in.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    pub claims: Vec<Claim>,
    /// Whether the norms of the gradients, layer by layer, belong to it.
    pub gradients: bool,
}

/// One way to train, with several seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is, for each column.
    pub cells: Vec<String>,
    pub settings: Settings,
    /// Number of seeds, from 0 on.
    #[serde(deserialize_with = "limits::seeds")]
    pub seeds: u64,
    /// Names of its runs, one a seed; see [`store`].
    pub runs: Vec<String>,
    /// Whether it is trained only on demand.
    pub extra: bool,
    /// What others measured.
    pub known: Vec<Known>,
}

/// Figures of the same training from elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    pub by: String,
    /// What that is.
    pub about: String,
    /// The data and the number of epochs that they are of.
    pub data: String,
    pub epochs: u64,
    /// Train loss, train accuracy and test accuracy of one run or more.
    #[serde(deserialize_with = "limits::figures")]
    pub runs: Vec<[f64; 3]>,
}

/// What a comparison is to find out about two of its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The claim, as a sentence.
    pub text: String,
    /// Indices of the rows.
    pub better: usize,
    pub than: usize,
}

/// The version of `study.json`.
pub const SCHEMA: u32 = 2;

impl Study {
    /// Sets what is trained on. Figures from elsewhere stay only next to runs on the same data, of the same length.
    pub fn set_data(&mut self, data: DataFacts) {
        for row in self.comparisons.iter_mut().flat_map(|c| &mut c.rows) {
            let epochs = row.settings.epochs;
            row.known
                .retain(|known| known.data == data.name && known.epochs == epochs);
        }
        self.data = data;
    }
}

impl Study {
    /// Makes sure that its parts fit each other.
    ///
    /// # Errors
    /// Otherwise, with the comparison and what is wrong with it.
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
            return Err("wanted a column and a row at least".into());
        }
        for row in &self.rows {
            let (cells, columns) = (row.cells.len(), self.columns.len());
            if cells != columns {
                return Err(format!(
                    "row `{}` has {cells} cells for {columns} columns",
                    row.name()
                ));
            }
            // Nobody but the store gives runs their names, and no other name leads out of its folder.
            if let Some(name) = row.runs.iter().find(|name| !store::is_name(name)) {
                return Err(format!("row `{}`: `{name}` names no run", row.name()));
            }
        }
        let rows = self.rows.len();
        let mut claims = self.claims.iter();
        match claims.find(|claim| claim.better >= rows || claim.than >= rows) {
            Some(claim) => Err(format!(
                "claim \"{}\" is about rows {} and {}, and there are {rows}, from 0 on",
                claim.text, claim.better, claim.than
            )),
            None => Ok(()),
        }
    }
}

impl Row {
    /// Its cells as one text.
    pub fn name(&self) -> String {
        let cell = |cell: &String| match cell.as_str() {
            "" => "nothing".into(),
            text => text.to_string(),
        };
        self.cells.iter().map(cell).collect::<Vec<_>>().join(" · ")
    }
}
