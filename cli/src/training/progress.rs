//! How far a training is: a bar on a terminal, plain lines elsewhere.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use tapeline_models::{self as models, Epoch};

use crate::{table::percent, terminal::Terminal};

const TEMPLATE: &str = "{msg}  {bar:20}  {rate}  {eta} left";

/// Shows how far a training is.
pub struct Progress<'t> {
    terminal: &'t Terminal,
    epochs: u64,
    /// Over the images of all epochs. Hidden where stderr is no terminal.
    bar: ProgressBar,
}

impl<'t> Progress<'t> {
    /// A bar for `epochs` passes over `samples` images.
    pub fn new(terminal: &'t Terminal, epochs: u64, samples: usize) -> Self {
        let bar = match terminal.quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(epochs.saturating_mul(samples as u64)),
        };
        let rate = |state: &ProgressState, out: &mut dyn Write| {
            // The bar draws what it can: a text that can't be written is no failure.
            let _ = write!(out, "{:.0} images/s", state.per_sec());
        };
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|e| unreachable!("our template can be read: {e}"));
        bar.set_style(style.with_key("rate", rate).progress_chars("━╸─"));
        Progress {
            terminal,
            epochs,
            bar,
        }
    }

    /// After a step.
    pub fn step(&self, now: &models::Progress) {
        let done = (now.epoch - 1) * now.of as u64 + now.samples as u64;
        self.bar.set_position(done);
        if !self.bar.is_hidden() {
            let (epoch, epochs) = (now.epoch, self.epochs);
            let accuracy = percent(now.accuracy);
            self.bar.set_message(format!(
                "epoch {epoch}/{epochs}  loss {:.4}  accuracy {accuracy}",
                now.loss
            ));
        }
    }

    /// After an epoch: a line that stays.
    pub fn epoch(&self, epoch: &Epoch) {
        if self.terminal.quiet {
            return;
        }
        let part = |name, loss, accuracy| {
            format!("  {name} loss {loss:.4} accuracy {}", percent(accuracy))
        };
        let mut line = format!("epoch {}/{}", epoch.epoch, self.epochs);
        line += &part("train", epoch.train_loss, epoch.train_accuracy);
        line += &part("test", epoch.test_loss, epoch.test_accuracy);
        if let Some((loss, accuracy)) = epoch.val {
            line += &part("val", loss, accuracy);
        }
        line += &format!("  {:.1} s", epoch.train_seconds);
        self.bar.suspend(|| self.terminal.line(&line));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
