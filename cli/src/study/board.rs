//! How far a study is: a bar on a terminal, a line for each finished run.

use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use tapeline_models::{Epoch, Progress, Trainer};

use crate::{
    error::CliError,
    study::queue::Task,
    table::percent,
    terminal::Terminal,
    training::{ending::Ending, job::Job, recorder::Watch},
};

const TEMPLATE: &str = "{msg}  {bar:20}  {eta} left";

/// What a sample costs beside its multiply-adds, in multiply-adds: gathering, the update, the losses.
const OVERHEAD: u64 = 200_000;

/// Shows how far the runs of a study are.
pub struct Board<'t> {
    terminal: &'t Terminal,
    bar: ProgressBar,
    all: usize,
    done: AtomicUsize,
    running: AtomicUsize,
}

/// One run on the board.
pub struct Watched<'b> {
    board: &'b Board<'b>,
    title: String,
    /// What a sample counts.
    cost: u64,
    /// Samples of an epoch.
    of: u64,
    /// Samples of the epoch so far.
    samples: u64,
    seconds: f64,
}

impl<'t> Board<'t> {
    /// A board for `all` runs, some of which are `missing`.
    pub fn new<'a>(
        terminal: &'t Terminal,
        all: usize,
        missing: impl IntoIterator<Item = &'a Task<'a>, IntoIter: ExactSizeIterator>,
    ) -> Self {
        let missing = missing.into_iter();
        let done = all - missing.len();
        let work = missing
            .map(|task| {
                let samples = task.job.config.epochs * task.job.parts.train.len() as u64;
                samples.saturating_mul(cost(&task.job))
            })
            .fold(0, u64::saturating_add);
        let bar = match terminal.quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(work),
        };
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|e| unreachable!("our template can be read: {e}"));
        bar.set_style(style.progress_chars("━╸─"));
        let board = Board {
            terminal,
            bar,
            all,
            done: done.into(),
            running: 0.into(),
        };
        if done > 0 && done < all {
            board.line(&format!("{done} of {all} runs are there already"));
        }
        board
    }

    /// A run has begun.
    pub fn watch<'b>(&'b self, task: &Task<'_>) -> Watched<'b> {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.count();
        Watched {
            board: self,
            title: task.title.clone(),
            cost: cost(&task.job),
            of: task.job.parts.train.len() as u64,
            samples: 0,
            seconds: 0.0,
        }
    }

    /// Number of runs that are not done.
    pub fn left(&self) -> usize {
        self.all - self.done.load(Ordering::Relaxed)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn count(&self) {
        let (left, running) = (self.left(), self.running.load(Ordering::Relaxed));
        self.bar.set_message(format!(
            "{} done, {running} running, {} waiting",
            self.all - left,
            left.saturating_sub(running)
        ));
    }

    fn line(&self, text: &str) {
        if !self.terminal.quiet {
            self.bar.suspend(|| self.terminal.line(text));
        }
    }
}

impl Watched<'_> {
    /// The run has come to an end of its own.
    pub fn done(&self, ending: &Ending) {
        let board = self.board;
        let number = board.done.fetch_add(1, Ordering::Relaxed) + 1;
        let came = match ending {
            Ending::Done(last) => format!(
                "train loss {:.4}  test accuracy {}  {:.1} s",
                last.train_loss,
                percent(last.test_accuracy),
                self.seconds
            ),
            Ending::Diverged(found) => {
                format!("diverged in epoch {}, {}", found.epoch, found.message)
            }
            Ending::Stopped { .. } => "stopped".into(),
        };
        board.line(&format!(
            "run {number}/{}  {}  {came}",
            board.all, self.title
        ));
    }
}

impl Watch for Watched<'_> {
    fn begin(&mut self, trainer: &Trainer<'_>) -> Result<(), CliError> {
        let done = trainer.history.len() as u64 * self.of;
        self.samples = trainer.running.samples as u64;
        self.board
            .bar
            .inc((done + self.samples).saturating_mul(self.cost));
        let seconds = |epoch: &Epoch| epoch.train_seconds + epoch.test_seconds;
        self.seconds = trainer.history.iter().map(seconds).sum();
        Ok(())
    }

    fn step(&mut self, now: &Progress) {
        // Told once a step, with the samples of the epoch so far; the bar wants those of this step.
        let samples = now.samples as u64 - self.samples;
        self.samples = now.samples as u64 % self.of;
        self.board.bar.inc(samples.saturating_mul(self.cost));
    }

    fn epoch(&mut self, epoch: &Epoch) -> Result<(), CliError> {
        self.seconds += epoch.train_seconds + epoch.test_seconds;
        Ok(())
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.board.running.fetch_sub(1, Ordering::Relaxed);
        self.board.count();
    }
}

/// What a sample of a run counts.
fn cost(job: &Job<'_>) -> u64 {
    job.model.plan.multiply_adds().saturating_add(OVERHEAD)
}
