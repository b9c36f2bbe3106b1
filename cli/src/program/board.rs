//! Progress of a study: a progress bar on the terminal and one line per finished run.

use std::{
    io,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tapeline_experiments::{
    run::{ending::Ending, job::Job, recorder::Watch},
    study::queue::{Observer, Task},
    table::percent,
};
use tapeline_models::{Epoch, Progress, Trainer};

use crate::program::terminal::Terminal;

const TEMPLATE: &str = "{msg}  {bar:20}  {eta} left";

/// Cost per sample other than the model's multiply-adds (gathering the images, the parameter
/// update, the losses), expressed in multiply-adds.
const OVERHEAD: u64 = 200_000;

/// Progress display for the runs of a study.
pub struct Board<'t> {
    terminal: &'t Terminal,
    bar: ProgressBar,
    all: OnceLock<usize>,
    done: AtomicUsize,
    running: AtomicUsize,
}

/// Progress of one run.
struct Watched<'b> {
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
    /// Creates the display, which is empty until the study begins.
    pub fn new(terminal: &'t Terminal) -> Self {
        Board {
            terminal,
            bar: ProgressBar::hidden(),
            all: OnceLock::new(),
            done: 0.into(),
            running: 0.into(),
        }
    }

    /// Removes the progress bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn all(&self) -> usize {
        self.all.get().copied().unwrap_or(0)
    }

    /// Number of runs that are not finished.
    fn left(&self) -> usize {
        self.all() - self.done.load(Ordering::Relaxed)
    }

    fn count(&self) {
        let (left, running) = (self.left(), self.running.load(Ordering::Relaxed));
        self.bar.set_message(format!(
            "{} done, {running} running, {} waiting",
            self.all() - left,
            left.saturating_sub(running)
        ));
    }

    fn line(&self, text: &str) {
        if !self.terminal.quiet {
            self.bar.suspend(|| self.terminal.line(text));
        }
    }
}

impl Observer for Board<'_> {
    fn begin(&self, all: usize, missing: &[&Task]) {
        let done = all - missing.len();
        self.all.get_or_init(|| all);
        self.done.store(done, Ordering::Relaxed);
        let work = missing.iter().map(|task| {
            let samples = task.settings.epochs * task.job.parts.train.len() as u64;
            samples.saturating_mul(cost(&task.job))
        });
        if !self.terminal.quiet {
            self.bar.set_length(work.fold(0, u64::saturating_add));
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|e| unreachable!("the template is valid: {e}"));
        self.bar.set_style(style.progress_chars("━╸─"));
        if done > 0 && done < all {
            self.line(&format!("{done} of {all} runs are already done"));
        }
    }

    fn watch(&self, task: &Task) -> Box<dyn Watch + '_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.count();
        Box::new(Watched {
            board: self,
            title: task.title.clone(),
            cost: cost(&task.job),
            of: task.job.parts.train.len() as u64,
            samples: 0,
            seconds: 0.0,
        })
    }
}

impl Watch for Watched<'_> {
    fn begin(&mut self, trainer: &Trainer<'_>) -> io::Result<()> {
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

    fn epoch(&mut self, epoch: &Epoch) -> io::Result<()> {
        self.seconds += epoch.train_seconds + epoch.test_seconds;
        Ok(())
    }

    /// Reports that the run has finished or diverged.
    fn end(&mut self, ending: &Ending) {
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
            board.all(),
            self.title
        ));
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
