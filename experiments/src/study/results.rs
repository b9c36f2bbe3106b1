//! Results of the configurations, read from their run folders.

use std::path::PathBuf;

use tapeline_data::files;

use crate::{
    error::Error,
    run::{
        events::{Figures, Logged},
        files::METRICS,
        outcome::{End, Outcome},
    },
    settings::fold::Fold,
    study::{
        Comparison, Row, Study,
        stats::{Sample, median},
        store::Store,
    },
};

/// A comparison with its results.
pub struct Compared<'s> {
    /// The comparison.
    pub comparison: &'s Comparison,
    /// One entry per configuration.
    pub rows: Vec<RowResult<'s>>,
}

/// A configuration with its finished runs.
pub struct RowResult<'s> {
    /// The configuration.
    pub row: &'s Row,
    /// Ordered by seed, then by fold.
    pub runs: Vec<RunResult>,
}

/// A finished run.
pub struct RunResult {
    /// Index among the runs of the configuration.
    pub index: usize,
    /// The seed.
    pub seed: u64,
    /// The part of the training images that it was tested on; `None` for the test data.
    pub fold: Option<Fold>,
    /// The run folder.
    pub folder: PathBuf,
    /// How it ended.
    pub outcome: Outcome,
    /// Metrics of each epoch.
    pub history: Vec<Logged>,
}

/// Reads all finished runs of a study.
///
/// # Errors
/// If the files of a run can't be read.
pub fn read<'s>(study: &'s Study, store: &Store) -> Result<Vec<Compared<'s>>, Error> {
    let row = |row: &'s Row| {
        let runs = row.variants().zip(&row.runs).enumerate();
        let runs = runs.filter_map(|(index, (variant, name))| {
            RunResult::read(index, variant, store.run(name)).transpose()
        });
        let runs = runs.collect::<Result<_, _>>()?;
        Ok(RowResult { row, runs })
    };
    let compared = study.comparisons.iter().map(|comparison| {
        let rows = comparison.rows.iter().map(row);
        Ok(Compared {
            comparison,
            rows: rows.collect::<Result<_, Error>>()?,
        })
    });
    compared.collect()
}

impl RunResult {
    /// Reads a run folder; returns `None` if the run is not finished.
    fn read(
        index: usize,
        (seed, fold): (u64, Option<Fold>),
        folder: PathBuf,
    ) -> Result<Option<Self>, Error> {
        let Some(outcome) = Outcome::read(&folder)? else {
            return Ok(None);
        };
        let path = folder.join(METRICS);
        let fail = |what: String| Error::usage(format!("{}: {what}", path.display()));
        let text = files::read_regular_to_string(&path)
            .map_err(|reason| fail(format!("cannot be read: {reason}")))?;
        let line = |(number, line)| {
            serde_json::from_str(line)
                .map_err(|reason| fail(format!("line {number} is not a valid epoch: {reason}")))
        };
        let history = (1..)
            .zip(text.lines())
            .map(line)
            .collect::<Result<_, _>>()?;
        Ok(Some(RunResult {
            index,
            seed,
            fold,
            folder,
            outcome,
            history,
        }))
    }

    /// Median training time of an epoch, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        median(self.history.iter().map(train_seconds))
    }

    /// Metrics of the last epoch; `None` if the run diverged. Runs of older versions may have
    /// finished with metrics that are not finite; they count as diverged, too.
    pub fn figures(&self) -> Option<&Figures> {
        match &self.outcome.end {
            End::Done { figures, .. } => Some(figures).filter(|figures| figures.are_finite()),
            End::Diverged { .. } => None,
        }
    }
}

fn train_seconds(epoch: &Logged) -> f64 {
    epoch.figures.train_seconds
}

impl RowResult<'_> {
    /// A metric of each run that reached its last epoch, with the index of the run.
    pub fn values(&self, figure: impl Fn(&Figures) -> Option<f64>) -> Vec<(usize, f64)> {
        let value = |run: &RunResult| Some((run.index, figure(run.figures()?)?));
        self.runs.iter().filter_map(value).collect()
    }

    /// Summary of a metric over the runs.
    pub fn sample(&self, figure: impl Fn(&Figures) -> Option<f64>) -> Option<Sample> {
        let values: Vec<_> = self
            .values(figure)
            .iter()
            .map(|&(_, value)| value)
            .collect();
        Sample::of(&values)
    }

    /// Mean over the runs by which configurations are ranked. `None` if any run diverged, because
    /// the mean of the other runs would be biased.
    pub fn rank(&self, figure: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
        match self.diverged() {
            0 => Some(self.sample(figure)?.mean),
            _ => None,
        }
    }

    /// Median training time of an epoch over all runs, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        let epochs = self.runs.iter().flat_map(|run| &run.history);
        median(epochs.map(train_seconds))
    }

    /// Number of test images of the runs: of those with the same seed together, since the mean over
    /// the folds is an accuracy on all of them.
    pub fn test_samples(&self) -> Option<usize> {
        let first = self.runs.first()?;
        let runs = self.runs.iter().filter(|run| run.seed == first.seed);
        Some(runs.map(|run| run.outcome.test_samples).sum())
    }

    /// Number of images for validation of the runs.
    pub fn val_samples(&self) -> Option<usize> {
        self.runs.first()?.outcome.val_samples
    }

    /// Number of runs that diverged.
    pub fn diverged(&self) -> usize {
        self.runs
            .iter()
            .filter(|run| run.figures().is_none())
            .count()
    }

    /// Number of runs that are not finished.
    pub fn missing(&self) -> usize {
        self.row.runs.len() - self.runs.len()
    }

    /// Mean of a metric over the runs in each epoch, up to the last epoch that all runs reached.
    pub fn curve(&self, figure: impl Fn(&Figures) -> f64) -> Vec<(f64, f64)> {
        let epochs = self.runs.iter().map(|run| run.history.len()).min();
        let mean = |epoch: usize| {
            let values = self
                .runs
                .iter()
                .map(|run| figure(&run.history[epoch].figures));
            (
                epoch as f64 + 1.0,
                values.sum::<f64>() / self.runs.len() as f64,
            )
        };
        (0..epochs.unwrap_or(0)).map(mean).collect()
    }
}
