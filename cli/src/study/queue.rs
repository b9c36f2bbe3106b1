//! Trains the missing runs of a study, several at a time.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use tapeline_tensor::Pool;

use crate::{
    context::Context,
    data_arg::TrainingData,
    error::CliError,
    study::{
        Study,
        board::Board,
        store::{self, Store},
    },
    training::{
        ending::Ending,
        every,
        job::{Job, Manner},
        origin::Origin,
        run::Run,
        settings::Settings,
        signals::{Signals, exit_code},
    },
};

/// A training run of a study.
pub struct Task {
    /// Name of the run; see [`store`].
    pub name: String,
    /// Human-readable title.
    pub title: String,
    pub settings: Settings,
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
pub fn tasks(study: &mut Study, data: &TrainingData, cx: &Context) -> Result<Vec<Task>, CliError> {
    let mut tasks = Vec::new();
    let mut known = BTreeSet::new();
    for comparison in &mut study.comparisons {
        for row in &mut comparison.rows {
            row.runs.clear();
            for seed in 0..row.seeds {
                let specs = row.settings.read(Origin::Options { model: None }, cx)?;
                let job = Job::new(&row.settings, specs, seed, data, cx)?;
                let name = store::name(&job.config)?;
                row.runs.push(name.clone());
                if known.insert(name.clone()) {
                    let title = format!("{}, seed {seed}", row.name());
                    tasks.push(Task {
                        name,
                        title,
                        settings: row.settings.clone(),
                        job,
                        extra: row.extra,
                    });
                }
            }
        }
    }
    Ok(tasks)
}

/// Trains the unfinished tasks, in order. Runs that were interrupted by a signal or an error resume
/// from their checkpoint.
///
/// # Errors
/// If a file can't be written or a signal was received. Finished runs are kept.
pub fn train(tasks: Vec<Task>, crew: Crew, store: &Store, cx: &Context) -> Result<(), CliError> {
    let all = tasks.len();
    let missing: VecDeque<_> = tasks
        .into_iter()
        .filter(|task| !store.is_done(&task.name))
        .collect();
    let board = Board::new(&cx.terminal, all, &missing);
    let signals = Signals::catch().map_err(CliError::internal)?;
    let queue = Mutex::new(missing);
    let failure = Mutex::new(None);
    let work = || -> Result<(), CliError> {
        let pool = Pool::new(crew.threads).map_err(CliError::internal)?;
        while signals.came().is_none() {
            let Some(task) = held(&queue).pop_front() else {
                break;
            };
            run(&task, store, &pool, &signals, &board)?;
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
    board.finish();
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let left = board.left();
    if let Some(signal) = signals.came().filter(|_| left > 0) {
        cx.terminal.note(&format!(
            "stopped with {left} of {all} runs left; run the same command again to continue"
        ));
        return Err(CliError::Reported(exit_code(signal)));
    }
    Ok(())
}

fn run(
    task: &Task,
    store: &Store,
    pool: &Pool,
    signals: &Signals,
    board: &Board<'_>,
) -> Result<(), CliError> {
    let mut run = match store.is_begun(&task.name) {
        true => Run::take_up(&store.run(&task.name))?,
        false => Run::claim(Some(&store.run(&task.name)))?,
    };
    let mut watch = board.watch(task);
    let manner = Manner {
        pool,
        signals,
        checkpoint_every: every::DEFAULT,
        profiled: false,
    };
    let trained = task.job.run(&mut run, manner, &mut watch)?;
    match trained.ending {
        Ending::Stopped { .. } => Ok(()),
        ending => {
            watch.done(&ending);
            run.forget()
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
