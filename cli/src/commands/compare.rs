//! `tapeline compare`

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use tapeline_tensor::Pool;

use crate::{
    context::Context,
    data_arg::{Chosen, TrainingData},
    error::CliError,
    model_arg::{KnownRun, ModelArg},
    numbers::whole,
    output,
    study::{
        DataFacts, SCHEMA, Study, files, lines,
        plan::{commands, given},
        queue::{self, Crew},
        results,
        store::Store,
        text, variants,
    },
    training::{limits, memory, options::Options},
};

/// The maximum number of parallel runs.
const MOST: usize = 1000;

#[derive(Args)]
#[command(
    after_help = "Alternatives go in braces: values and numbers separated by commas, specs by bars.\n\n\
    Example:\n  \
    tapeline compare \"flatten linear({16, 64}) {relu | tanh} linear(10)\" --epochs 3\n  \
    tapeline compare mlp cnn --optimizer \"sgd(lr={0.001, 0.01}, momentum=0.9)\" --plan | parallel -j 2\n  \
    tapeline compare --collect compare"
)]
pub struct Compare {
    /// Specs with alternatives, or `@` and the path of one [default: mlp]
    #[arg(value_name = "MODEL")]
    models: Vec<OsString>,
    /// Number of seeds, counted from 0, for each configuration
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole(limits::SEEDS), allow_negative_numbers = true)]
    seeds: u64,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    crew: CrewArgs,
    /// Folder for runs and results; finished runs are reused
    #[arg(long, value_name = "FOLDER", default_value = "compare")]
    out: PathBuf,
    /// Train nothing; print a command for each unfinished run
    #[arg(long)]
    plan: bool,
    /// Train nothing; tabulate the finished runs in a folder
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["models", "plan", "out"])]
    collect: Option<PathBuf>,
    /// Print JSON, one line per configuration and per difference
    #[arg(long, conflicts_with = "plan")]
    json: bool,
}

/// The number of parallel runs and their threads.
#[derive(Args)]
pub struct CrewArgs {
    /// Number of runs to train in parallel
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=MOST), allow_negative_numbers = true)]
    jobs: usize,
    /// Total threads, divided among the jobs [default: one per core]
    #[arg(long, value_name = "N", value_parser = whole(1..=Pool::MAX), allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl CrewArgs {
    pub fn crew(&self) -> Crew {
        let threads = self.threads.unwrap_or_else(Pool::cores);
        Crew {
            jobs: self.jobs,
            threads: (threads / self.jobs).max(1),
        }
    }
}

impl Compare {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        if let Some(folder) = &self.collect {
            let store = Store::new(folder);
            let study = store.study()?;
            let _lock = store.lock()?;
            // All runs of a comparison use the same dataset.
            let rows = study
                .comparisons
                .iter()
                .flat_map(|comparison| &comparison.rows);
            let run = rows
                .flat_map(|row| &row.runs)
                .find_map(|name| KnownRun::read(&store.run(name)).ok());
            let data = self.options.data.choose(&run)?.for_training(cx)?;
            return self.show(&study, &store, &data, cx);
        }
        let (mut study, chosen) = self.study(cx)?;
        let data = chosen.for_training(cx)?;
        study.set_data(data.facts());
        let tasks = queue::tasks(&mut study, &data, cx)?;
        let jobs = tasks.iter().map(|task| &task.job);
        memory::check(jobs, self.crew.jobs, self.options.max_memory)?;
        // The seeds of a configuration have the same warnings, so one is enough.
        for task in tasks.iter().filter(|task| task.job.config.seed == 0) {
            task.job.warn(cx);
        }
        let store = Store::new(&self.out);
        let _lock = store.lock()?;
        store.keep(&study)?;
        if self.plan {
            return output::text(&commands(&tasks, &store, &chosen));
        }
        queue::train(tasks, self.crew.crew(), &store, cx)?;
        self.show(&study, &store, &data, cx)
    }

    /// Returns the comparison as a study whose runs have no names yet, and its dataset.
    fn study(&self, cx: &Context) -> Result<(Study, Chosen), CliError> {
        let default = [OsString::from("mlp")];
        let models = match &self.models[..] {
            [] => &default[..],
            models => models,
        };
        let models = models.iter().map(|model| ModelArg::read(model, cx));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        let chosen = self
            .options
            .data
            .choose(models.iter().filter_map(ModelArg::run))?;
        if chosen.is_of_run() {
            cx.terminal.note(&chosen.text());
        }
        let models: Vec<_> = models.iter().map(ModelArg::source).collect();
        let comparison = variants::comparison(&models, &self.options, self.seeds)?;
        let study = Study {
            schema: SCHEMA,
            title: comparison.title.clone(),
            text: String::new(),
            command: given(),
            data: DataFacts::default(),
            recipe: None,
            comparisons: vec![comparison],
        };
        Ok((study, chosen))
    }

    fn show(
        &self,
        study: &Study,
        store: &Store,
        data: &TrainingData,
        cx: &Context,
    ) -> Result<(), CliError> {
        let compared = results::read(study, store)?;
        files::write(study, &compared, data, store, cx)?;
        for compared in &compared {
            match self.json {
                true => output::text(&lines::events(compared)?)?,
                false => output::text(&text::text(compared))?,
            }
        }
        match self.json {
            true => Ok(()),
            false => output::text(&store.line("")),
        }
    }
}
