//! A study in its folder: from its configurations to its results and files.

use std::path::Path;

use crate::{
    context::Context,
    error::Error,
    interrupt::Interrupt,
    memory::{self, bytes::Bytes},
    outputs,
    run::config::KnownRun,
    run::dataset::{Chosen, DataChoice, TrainingData},
    study::{
        Study,
        plan::commands,
        queue::{self, Crew, Observer, Task},
        results::{self, Compared},
        store::{Locked, Store},
    },
};

/// A study whose data are loaded, whose runs are known and whose folder is locked.
pub struct Session<'c> {
    /// The study.
    pub study: Study,
    store: Store,
    tasks: Vec<Task>,
    chosen: Chosen,
    data: TrainingData,
    _lock: Locked,
    cx: &'c Context,
}

/// Limits of a study that do not affect its results.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Number of runs in parallel.
    pub jobs: usize,
    /// Whether the configurations that take long are trained, too.
    pub extra: bool,
    /// Maximum memory; by default, what is available.
    pub max_memory: Option<Bytes>,
}

impl<'c> Session<'c> {
    /// Loads the data of a study, checks all its configurations, and stores the study in the
    /// folder `out`, which is created if it doesn't exist.
    ///
    /// # Errors
    /// If a configuration can't be trained, doesn't fit into memory, or the folder can't be
    /// written or is in use.
    pub fn new(
        mut study: Study,
        chosen: Chosen,
        out: &Path,
        limits: Limits,
        cx: &'c Context,
    ) -> Result<Self, Error> {
        let chosen = chosen.within(limits.max_memory);
        let data = chosen.for_training(cx)?;
        study.set_data(data.facts());
        let mut tasks = queue::tasks(&mut study, &data, cx)?;
        tasks.retain(|task| limits.extra || !task.extra);
        let jobs = tasks.iter().map(|task| &task.job);
        memory::check(jobs, limits.jobs, limits.max_memory)?;
        if study.recipe.is_none() {
            // The runs of a configuration have the same warnings, so one is enough.
            let is_first = |task: &&Task| {
                let fold = task.settings.fold;
                task.settings.seed == 0 && fold.is_none_or(|fold| fold.part == 1)
            };
            let first = tasks.iter().filter(is_first);
            first.for_each(|task| task.job.warn(cx));
        }
        let store = Store::new(out);
        let lock = store.lock()?;
        store.keep(&study)?;
        Ok(Session {
            study,
            store,
            tasks,
            chosen,
            data,
            _lock: lock,
            cx,
        })
    }

    /// Opens the study in a folder, without anything to train: only its finished runs count.
    ///
    /// # Errors
    /// If the folder has no study, or its data can't be read.
    pub fn collect(folder: &Path, data: &DataChoice, cx: &'c Context) -> Result<Self, Error> {
        let store = Store::new(folder);
        let study = store.study()?;
        let lock = store.lock()?;
        // All runs of a study use the same dataset.
        let rows = study.comparisons.iter().flat_map(|c| &c.rows);
        let run = rows
            .flat_map(|row| &row.runs)
            .find_map(|name| KnownRun::read(&store.run(name)).ok());
        let chosen = data.choose(&run)?;
        let data = chosen.for_training(cx)?;
        Ok(Session {
            study,
            store,
            tasks: Vec::new(),
            chosen,
            data,
            _lock: lock,
            cx,
        })
    }

    /// Returns the unfinished runs as shell commands, one per line.
    pub fn plan(&self) -> String {
        commands(&self.tasks, &self.store, &self.chosen)
    }

    /// Returns the path of a file of the study, or of its folder if `name` is empty, as a line of
    /// text.
    pub fn line(&self, name: &str) -> String {
        self.store.line(name)
    }

    /// Returns the number of all runs.
    pub fn runs(&self) -> usize {
        self.tasks.len()
    }

    /// Trains the unfinished runs, and returns how many are left after an interrupt.
    ///
    /// # Errors
    /// If a file can't be written. Finished runs are kept.
    pub fn train(
        &self,
        crew: Crew,
        interrupt: &Interrupt,
        observer: &dyn Observer,
    ) -> Result<usize, Error> {
        queue::train(&self.tasks, crew, &self.store, interrupt, observer)
    }

    /// Reads the results of all finished runs, and writes the tables, charts and pages.
    ///
    /// # Errors
    /// If the files of a run can't be read, or an output file can't be written.
    pub fn results(&self) -> Result<Vec<Compared<'_>>, Error> {
        let compared = results::read(&self.study, &self.store)?;
        outputs::write(&self.study, &compared, &self.data, &self.store, self.cx)?;
        Ok(compared)
    }
}
