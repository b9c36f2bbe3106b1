//! Progress of a study: a progress bar on the terminal and one line per finished run.

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

/// Cost per sample other than the model's multiply-adds (gathering the images, the parameter
/// update, the losses), expressed in multiply-adds.
const OVERHEAD: u64 = 200_000;

/// Progress display for the runs of a study.
pub struct Board<'t> {
    terminal: &'t Terminal,
    bar: ProgressBar,
    all: usize,
    done: AtomicUsize,
    running: AtomicUsize,
}

/// Progress of one run.
pub struct Watched<'b> {
    board: &'b Board<'b>,
    title: String,
    /// Cost of one sample; see [`cost`].
    cost: u64,
    /// Number of samples per epoch.
    of: u64,
    /// Samples processed so far in the current epoch.
    samples: u64,
    seconds: f64,
}

impl<'t> Board<'t> {
    /// Creates the display for `all` runs, of which `missing` still have to be trained.
    pub fn new<'a>(
        terminal: &'t Terminal,
        all: usize,
        missing: impl IntoIterator<Item = &'a Task, IntoIter: ExactSizeIterator>,
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
            .unwrap_or_else(|e| unreachable!("the template is valid: {e}"));
        bar.set_style(style.progress_chars("━╸─"));
        let board = Board {
            terminal,
            bar,
            all,
            done: done.into(),
            running: 0.into(),
        };
        if done > 0 && done < all {
            board.line(&format!("{done} of {all} runs are already done"));
        }
        board
    }

    /// Starts tracking a run.
    pub fn watch<'b>(&'b self, task: &Task) -> Watched<'b> {
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

    /// Number of runs that are not finished.
    pub fn left(&self) -> usize {
        self.all - self.done.load(Ordering::Relaxed)
    }

    /// Removes the progress bar.
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
    /// Reports that the run has finished or diverged.
    pub fn done(&self, ending: &Ending) {
        let board = self.board;
        let number = board.done.fetch_add(1, Ordering::Relaxed) + 1;
        let outcome = match ending {
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
            "run {number}/{}  {}  {outcome}",
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
        // `now.samples` counts from the start of the epoch, but the bar advances by the samples of
        // this step.
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

/// Cost of one sample of a run, in multiply-adds.
fn cost(job: &Job) -> u64 {
    job.model.plan.multiply_adds().saturating_add(OVERHEAD)
}
