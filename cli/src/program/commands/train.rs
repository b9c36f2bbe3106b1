//! `tapeline train`

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use clap::Args;
use tapeline_data::Dataset;
use tapeline_experiments::{
    Messages, escape, memory,
    run::model::ModelArg,
    run::{
        ending::Ending,
        events::Event,
        every::Every,
        files::MODEL,
        folder::Run,
        job::{Job, RunOptions},
        profile,
        recorder::Watch,
        resume::resume,
    },
    settings::{limits, origin::Origin, specs::Specs},
    sheet::{ClassCount, uneven_counts},
    shell,
    table::{Table, percent},
};
use tapeline_models::{self as models, Epoch, Trainer, shape_text};
use tapeline_tensor::Pool;

use crate::program::{
    context::Context,
    error::CliError,
    numbers::whole,
    options::{Options, configured},
    output::{self, Events},
    progress::Progress,
    signals::{self, exit_code},
    terminal::Terminal,
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline train \"flatten linear(128) relu linear(10)\" --epochs 5 --optimizer \"adam(lr=0.001)\""
)]
pub struct Train {
    /// Spec, or `@` and the path of a spec, run or model file
    #[arg(default_value = "mlp")]
    model: OsString,
    #[command(flatten)]
    options: Options,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(limits::SEED), allow_negative_numbers = true)]
    seed: u64,
    /// Number of threads (does not affect the result) [default: all cores]
    #[arg(long, value_name = "N", value_parser = whole(1..=Pool::MAX), allow_negative_numbers = true)]
    threads: Option<usize>,
    /// New folder for the run [default: runs/ and a number]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Resume a stopped run; the result is the same as without the stop
    #[arg(long, value_name = "RUN", conflicts_with_all = configured())]
    resume: Option<PathBuf>,
    /// Steps, or seconds like 30s, between checkpoints
    #[arg(
        long,
        value_name = "N",
        default_value = "60s",
        allow_negative_numbers = true
    )]
    checkpoint_every: Every,
    /// Also write the metrics of each epoch for TensorBoard
    #[arg(long)]
    tensorboard: bool,
    /// Measure each layer and print where the time of the steps went
    #[arg(long)]
    profile: bool,
    /// Plot the curves during training, if stderr is a terminal
    #[arg(long)]
    live: bool,
    /// Print JSON, one line per event
    #[arg(long)]
    json: bool,
}

impl Train {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let (job, mut run) = match &self.resume {
            Some(folder) => {
                let (job, run) =
                    resume(unmarked(folder), self.options.settings.given_epochs()?, cx)?;
                memory::check([&job], 1, self.options.max_memory)?;
                (job, run)
            }
            None => self.begin(cx)?,
        };
        run.tensorboard |= self.tensorboard;
        let threads = self.threads.unwrap_or_else(Pool::cores);
        let pool = Pool::new(threads).map_err(CliError::internal)?;
        let interrupt = signals::catch().map_err(CliError::internal)?;
        let options = RunOptions {
            pool: &pool,
            interrupt: &interrupt,
            checkpoint_every: self.checkpoint_every,
            profiled: self.profile,
        };
        let progress = Progress::new(
            &cx.terminal,
            job.config.settings.epochs,
            job.parts.train.len(),
        );
        let mut screen = Screen {
            job: &job,
            threads,
            events: Events::new(self.json),
            progress: match self.live {
                true => progress.live(),
                false => progress,
            },
        };
        let trained = job.run(&mut run, options, &mut screen);
        screen.progress.finish();
        let trained = trained?;

        let profile = trained.profile.map(|profile| {
            profile::parts(&profile, &job.model.plan, trained.samples, trained.steps)
        });
        if let Some(parts) = &profile {
            screen.events.tell(&Event::Profile { parts })?;
        }
        let last = tell(trained.ending, &run, &mut screen.events, &cx.terminal)?;
        if last.epoch < job.config.settings.epochs {
            cx.terminal.note(&format!(
                "ended after epoch {}: the validation loss no longer improved",
                last.epoch
            ));
        }
        if self.json {
            return Ok(());
        }
        screen.progress.plot();
        let profile = profile.map_or_else(String::new, |parts| profile::table(&parts));
        output::text(&(table(&last, &run) + &profile))
    }

    /// Creates a new job from the options, and a folder for its run.
    fn begin(&self, cx: &Context) -> Result<(Job, Run), CliError> {
        let model = ModelArg::read(&self.model, cx)?;
        let source = model.source();
        let settings = self.options.settings.settings(source.text, self.seed)?;
        let origin = Origin::Options {
            model: source.origin,
        };
        // Errors in the specs are reported before the data are read.
        Specs::read(&settings, origin.clone(), cx)?;
        let chosen = self.options.data.choice().choose(model.run())?;
        if chosen.is_of_run() {
            cx.terminal.note(&chosen.text());
        }
        let data = chosen.within(self.options.max_memory).for_training(cx)?;
        let (own, shape) = (model.input(), data.loaded.train.shape());
        if let Some(own) = own.filter(|own| *own != shape) {
            let [own, shape] = [own, &shape].map(shape_text);
            let name = &data.config.name;
            cx.terminal.note(&format!(
                "images of {name} are {shape}; the model is built for that shape, not for {own}"
            ));
        }
        if let Some(file) = model.path().filter(|_| settings.weights.is_none()) {
            let weights = shell::quoted(&shell::operand(file));
            cx.terminal.note(&format!(
                "a new model is trained; `--weights {weights}` starts from the weights"
            ));
        }
        let job = Job::new(&settings, origin, &data, cx)?;
        memory::check([&job], 1, self.options.max_memory)?;
        job.warn(cx);
        cx.terminal.detail(job.config.text()?.trim_end());
        let run = Run::claim(self.out.as_deref())?;
        Ok((job, run))
    }
}

/// Strips the `@` of a run, since other commands accept `@runs/1`.
fn unmarked(run: &Path) -> &Path {
    let text = run.to_str().and_then(|text| text.strip_prefix('@'));
    text.map_or(run, Path::new)
}

/// Shows the progress of training, for people and as JSON.
struct Screen<'s> {
    job: &'s Job,
    threads: usize,
    events: Events,
    progress: Progress<'s>,
}

impl Watch for Screen<'_> {
    fn begin(&mut self, trainer: &Trainer<'_>) -> io::Result<()> {
        let Job {
            model,
            config,
            parts,
            ..
        } = self.job;
        let class_counts = uneven_counts(&parts.train);
        self.events.tell(&Event::Start {
            schema: 1,
            spec: model.full(),
            data: &config.record.data.name.to_string(),
            parameters: model.plan.parameters(),
            train_samples: parts.train.len(),
            test_samples: parts.test.len(),
            val_samples: parts.val.as_ref().map(Dataset::len),
            class_counts: class_counts.as_deref(),
            seed: config.settings.seed,
            threads: self.threads,
            resumed_at: Some(trainer.step).filter(|&step| step > 0),
        })?;
        if let Some(counts) = class_counts {
            let counts = class_counts_text(&counts);
            self.progress.note(&format!("images per class: {counts}"));
        }
        self.progress.begin(trainer, parts.train.len());
        Ok(())
    }

    fn step(&mut self, now: &models::Progress) {
        self.progress.step(now);
    }

    fn epoch(&mut self, epoch: &Epoch) -> io::Result<()> {
        self.progress.epoch(epoch);
        self.events.tell(&Event::epoch(epoch))
    }
}

/// Lists the number of images of each class, or of many classes the smallest and the largest.
fn class_counts_text(counts: &[ClassCount]) -> String {
    const LISTED: usize = 10;
    let name = |count: &ClassCount| escape::terminal(&count.class);
    if counts.len() <= LISTED {
        let texts = counts
            .iter()
            .map(|count| format!("{}: {}", name(count), count.images));
        return texts.collect::<Vec<_>>().join(", ");
    }
    let smallest = counts.iter().min_by_key(|count| count.images);
    let largest = counts.iter().max_by_key(|count| count.images);
    let ends = smallest.into_iter().chain(largest);
    let ends = ends.map(|count| format!("{} ({})", count.images, name(count)));
    ends.collect::<Vec<_>>().join(" to ")
}

/// Reports the ending as `train` does, and returns the last epoch if the run finished.
///
/// # Errors
/// When the run did not finish, with the message and the exit code.
fn tell(
    ending: Ending,
    run: &Run,
    events: &mut Events,
    terminal: &Terminal,
) -> Result<Epoch, CliError> {
    let out = run.name();
    match ending {
        Ending::Done(last) => {
            events.tell(&Event::Done {
                epochs: last.epoch,
                figures: (&last).into(),
                out: &out,
            })?;
            Ok(last)
        }
        Ending::Diverged(found) => {
            events.tell(&Event::Diverged {
                epoch: found.epoch,
                step: found.step,
                layer: found.layer.as_deref(),
                largest_gradient: found.largest_gradient.as_ref().map(|(_, norm)| *norm),
                largest_gradient_of: found.largest_gradient.as_ref().map(|(name, _)| &**name),
                out: &out,
            })?;
            let kept = match found.kept {
                Some(epoch) => format!("{out}/{MODEL} has the weights of epoch {epoch}"),
                None => "no epoch was finished, so there is no model file".into(),
            };
            let help = format!("{}; {kept}", found.advice);
            Err(found.error().help(help).into())
        }
        Ending::Stopped {
            signal,
            epoch,
            step,
        } => {
            events.tell(&Event::Stopped {
                signal,
                epoch,
                step,
                out: &out,
            })?;
            let command = shell::resume(&run.folder);
            terminal.note(&format!(
                "stopped in epoch {epoch} after {step} steps; `{command}` resumes the run; {out}/{MODEL} has the current weights"
            ));
            Err(CliError::Reported(exit_code(signal)))
        }
    }
}

/// Formats the metrics of the last epoch for people.
fn table(last: &Epoch, run: &Run) -> String {
    let mut table = Table::new(&["", ">loss", ">accuracy"]);
    let mut row = |name: &str, loss: f64, accuracy| {
        table.row([name.into(), format!("{loss:.4}"), percent(accuracy)])
    };
    row("train", last.train_loss, last.train_accuracy);
    row("test", last.test_loss, last.test_accuracy);
    if let Some((loss, accuracy)) = last.val {
        row("val", loss, accuracy);
    }
    format!("{table}{}\n", escape::terminal(&run.name()))
}
