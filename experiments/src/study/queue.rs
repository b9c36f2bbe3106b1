//! Trains the missing runs of a study, several at a time.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use tapeline_tensor::Pool;

use crate::{
    context::Context,
    error::Error,
    interrupt::Interrupt,
    run::dataset::TrainingData,
    run::{
        ending::Ending,
        every,
        folder::Run,
        job::{Job, RunOptions},
        recorder::Watch,
    },
    settings::{Settings, origin::Origin},
    study::{
        Study,
        store::{self, Store},
    },
};

/// A training run of a study.
pub struct Task {
    /// Name of the run; see `store`.
    pub name: String,
    /// Human-readable title.
    pub title: String,
    /// The settings, with the seed.
    pub settings: Settings,
    /// The run, ready to start.
    pub job: Job,
    /// Whether the run is trained only with `--extra`.
    pub extra: bool,
}

/// How the runs of a study share the processors.
#[derive(Clone, Copy)]
pub struct Crew {
    /// Number of concurrent runs.
    pub jobs: usize,
    /// Number of threads per run.
    pub threads: usize,
}

/// Lists the training runs of a study without duplicates, and stores the run names in the
/// configurations.
///
/// # Errors
/// If a configuration can't be trained on the data.
pub fn tasks(study: &mut Study, data: &TrainingData, cx: &Context) -> Result<Vec<Task>, Error> {
    let mut tasks = Vec::new();
    let mut known = BTreeSet::new();
    for comparison in &mut study.comparisons {
        for row in &mut comparison.rows {
            let mut runs = Vec::new();
            for (seed, fold) in row.variants() {
                let settings = Settings {
                    seed,
                    fold: fold.or(row.settings.fold),
                    ..row.settings.clone()
                };
                let origin = Origin::Options { model: None };
                let job = Job::new(&settings, origin, data, cx)?;
                let name = store::name(&job.config)?;
                runs.push(name.clone());
                if known.insert(name.clone()) {
                    let fold = fold.map_or_else(String::new, |fold| format!(", fold {fold}"));
                    let title = format!("{}, seed {seed}{fold}", row.name());
                    tasks.push(Task {
                        name,
                        title,
                        settings,
                        job,
                        extra: row.extra,
                    });
                }
            }
            row.runs = runs;
        }
    }
    Ok(tasks)
}

/// Observes the progress of a study; all methods may be called from several threads.
pub trait Observer: Sync {
    /// Called before the first run starts, with the number of all runs, and those that are still
    /// to be trained.
    fn begin(&self, all: usize, missing: &[&Task]);
    /// Called when a run starts; returns its observer.
    fn watch(&self, task: &Task) -> Box<dyn Watch + '_>;
}

/// Ignores the progress.
impl Observer for () {
    fn begin(&self, _: usize, _: &[&Task]) {}

    fn watch(&self, _: &Task) -> Box<dyn Watch + '_> {
        Box::new(())
    }
}

/// Trains the unfinished tasks, in order, and returns how many are left after an interrupt. Runs
/// that were interrupted resume from their checkpoint.
///
/// # Errors
/// If a file can't be written. Finished runs are kept.
pub fn train(
    tasks: &[Task],
    crew: Crew,
    store: &Store,
    interrupt: &Interrupt,
    observer: &dyn Observer,
) -> Result<usize, Error> {
    let missing = || tasks.iter().filter(|task| !store.is_done(&task.name));
    let queue: Vec<_> = missing().collect();
    observer.begin(tasks.len(), &queue);
    let queue = Mutex::new(VecDeque::from(queue));
    let failure = Mutex::new(None);
    let work = || -> Result<(), Error> {
        let pool = Pool::new(crew.threads).map_err(Error::internal)?;
        let options = RunOptions {
            pool: &pool,
            interrupt,
            checkpoint_every: every::DEFAULT,
            profiled: false,
        };
        while interrupt.requested().is_none() {
            let Some(task) = held(&queue).pop_front() else {
                break;
            };
            run(task, store, options, observer)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        for _ in 0..crew.jobs {
            scope.spawn(|| {
                if let Err(error) = work() {
                    held(&queue).clear();
                    held(&failure).get_or_insert(error);
                }
            });
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(missing().count()),
    }
}

fn run(
    task: &Task,
    store: &Store,
    options: RunOptions<'_>,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let mut run = match store.is_begun(&task.name) {
        true => Run::take_up(&store.run(&task.name))?,
        false => Run::claim(Some(&store.run(&task.name)))?,
    };
    let mut watch = observer.watch(task);
    let trained = task.job.run(&mut run, options, &mut *watch)?;
    match trained.ending {
        Ending::Stopped { .. } => Ok(()),
        ending => {
            watch.end(&ending);
            run.forget()
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
