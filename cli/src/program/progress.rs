//! The progress of a run: a bar on a terminal, with the curves above it for `--live`; otherwise
//! plain lines.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tapeline_experiments::{Messages, run::curves, table::percent};
use tapeline_models::{self as models, Epoch, Trainer};
use tapeline_plots::{chart::Chart, text};

use crate::program::{lines, terminal::Terminal};

const TEMPLATE: &str = "{prefix}{msg}  {bar:16}  {rate}  {eta} left";

/// Interval between redraws of the curves. The bar, which is drawn with them, is updated more
/// often.
const REDRAWN: Duration = Duration::from_millis(500);
const FRAMES_PER_SECOND: u8 = 4;

/// Number of rows that the bar may take in a narrow window.
const BAR: usize = 4;

/// Shows the progress of a run.
pub struct Progress<'t> {
    terminal: &'t Terminal,
    epochs: u64,
    /// Counts the images of all epochs. Hidden if stderr is not a terminal.
    bar: ProgressBar,
    history: Vec<Epoch>,
    /// Whether the heading of the epochs' lines has been shown.
    headed: bool,
    live: Option<Live>,
}

/// The state of the curves drawn during training.
struct Live {
    drawn: Instant,
    /// The progress of the current epoch at each redraw.
    so_far: Vec<models::Progress>,
}

impl<'t> Progress<'t> {
    /// Creates a bar for `epochs` passes over `samples` images.
    pub fn new(terminal: &'t Terminal, epochs: u64, samples: usize) -> Self {
        let bar = match terminal.quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(epochs.saturating_mul(samples as u64)),
        };
        let rate = |state: &ProgressState, out: &mut dyn Write| {
            // The bar is cosmetic, so a failed write is not an error.
            let _ = write!(out, "{:.0} images/s", state.per_sec());
        };
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|e| unreachable!("the template is valid: {e}"));
        bar.set_style(style.with_key("rate", rate).progress_chars("━╸─"));
        Progress {
            terminal,
            epochs,
            bar,
            history: Vec::new(),
            headed: false,
            live: None,
        }
    }

    /// Also shows the curves above the bar from now on.
    pub fn live(mut self) -> Self {
        if !self.bar.is_hidden() {
            let target = ProgressDrawTarget::stderr_with_hz(FRAMES_PER_SECOND);
            self.bar.set_draw_target(target);
            self.live = Some(Live {
                drawn: Instant::now(),
                so_far: Vec::new(),
            });
        }
        self
    }

    /// Prints a note that stays.
    pub fn note(&self, text: &str) {
        self.bar.suspend(|| self.terminal.note(text));
    }

    /// Called before the first step, or before the first step of a resumed run.
    pub fn begin(&mut self, trainer: &Trainer<'_>, samples: usize) {
        self.history = trainer.history.to_vec();
        let done = trainer.history.len() * samples + trainer.running.samples;
        self.bar.set_position(done as u64);
        self.bar.reset_eta();
        if trainer.step > 0 {
            let (epoch, step) = (trainer.epoch(), trainer.step);
            let message = format!(
                "resuming in epoch {epoch}/{}, after {step} steps",
                self.epochs
            );
            self.terminal.note(&message);
        }
    }

    /// Called after each step.
    pub fn step(&mut self, now: &models::Progress) {
        if let Some(live) = &mut self.live
            && live.drawn.elapsed() >= REDRAWN
        {
            live.drawn = Instant::now();
            live.so_far.push(*now);
            self.draw();
        }
        let done = (now.epoch - 1) * now.of as u64 + now.samples as u64;
        self.bar.set_position(done);
        if !self.bar.is_hidden() {
            let (epoch, epochs) = (now.epoch, self.epochs);
            let (loss, accuracy) = (lines::loss(now.loss), percent(now.accuracy));
            self.bar
                .set_message(format!("epoch {epoch}/{epochs}  loss {loss}  {accuracy}"));
        }
    }

    /// Called after each epoch; prints a line that stays.
    pub fn epoch(&mut self, epoch: &Epoch) {
        self.history.push(epoch.clone());
        if self.terminal.quiet {
            return;
        }
        if !self.headed {
            self.headed = true;
            let heading = lines::heading(self.epochs, epoch.val.is_some());
            self.bar.suspend(|| self.terminal.line(&heading));
        }
        let line = lines::epoch(epoch, self.epochs);
        if let Some(live) = &mut self.live {
            live.so_far.clear();
            // Redrawing after every short epoch would be slow, since the cost grows with the number
            // of epochs.
            if live.drawn.elapsed() >= REDRAWN {
                live.drawn = Instant::now();
                self.draw();
            }
        }
        self.bar.suspend(|| self.terminal.line(&line));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints the final curves on a terminal, if there are at least two epochs.
    pub fn plot(&self) {
        if !self.terminal.quiet && self.history.len() > 1 {
            let chart = curves::chart("", &self.history);
            for line in self.lines(&chart, |_| usize::MAX) {
                self.terminal.styled(&line);
            }
        }
    }

    /// Draws the curves above the bar.
    fn draw(&self) {
        let so_far = self.live.as_ref().map_or(&[][..], |live| &live.so_far);
        let chart = curves::running(&self.history, so_far);
        let lines = self.lines(&chart, |rows| rows.saturating_sub(BAR));
        let plot: String = lines.into_iter().map(|line| line + "\n").collect();
        self.bar.set_prefix(plot);
    }

    /// Draws a chart as wide as the terminal, if stderr is one. The last column stays empty because
    /// some terminals wrap after it.
    fn lines(&self, chart: &Chart, rows: fn(usize) -> usize) -> Vec<String> {
        let size = self.terminal.size();
        size.map_or_else(Vec::new, |(columns, of)| {
            let room = (columns.saturating_sub(1), rows(of));
            text::draw(chart, room, self.terminal.style.colored)
        })
    }
}
