//! `tapeline compare`

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use tapeline_experiments::{
    Messages, Session,
    run::dataset::Chosen,
    run::model::ModelArg,
    session::Limits,
    settings::{fold, limits},
    study::Study,
};

use crate::program::{
    commands::study::{CrewArgs, given, run},
    context::Context,
    error::CliError,
    numbers::whole,
    options::Options,
};

#[derive(Args)]
#[command(
    mut_arg("fold", |fold| fold.hide(true)),
    after_help = "Alternatives go in braces: values and numbers separated by commas, specs by bars.\n\n\
    Example:\n  \
    tapeline compare \"flatten linear({16, 64}) {relu | tanh} linear(10)\" --epochs 3\n  \
    tapeline compare mlp cnn --optimizer \"sgd(lr={0.001, 0.01}, momentum=0.9)\" --plan | parallel -j 2"
)]
pub struct Compare {
    /// Specs with alternatives, or `@` and a file of one or several [default: mlp]
    #[arg(value_name = "MODEL")]
    models: Vec<OsString>,
    /// Seeds for each configuration, from 0 [default: 3; with --folds: 1]
    #[arg(long, value_name = "N", value_parser = whole(limits::SEEDS), allow_negative_numbers = true)]
    seeds: Option<u64>,
    /// Train on K parts of the training images, testing each part once
    #[arg(long, value_name = "K", value_parser = whole(fold::FOLDS), allow_negative_numbers = true, conflicts_with = "fold")]
    folds: Option<usize>,
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

impl Compare {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let session = match &self.collect {
            Some(folder) => Session::collect(folder, &self.options.data.choice(), cx)?,
            None => {
                let (study, chosen) = self.study(cx)?;
                let limits = Limits {
                    jobs: self.crew.crew().jobs,
                    extra: true,
                    max_memory: self.options.max_memory,
                };
                Session::new(study, chosen, &self.out, limits, cx)?
            }
        };
        run(&session, &self.crew, self.plan, self.json, cx)
    }

    /// Returns the comparison as a study whose runs have no names yet, and its dataset.
    fn study(&self, cx: &Context) -> Result<(Study, Chosen), CliError> {
        let default = [OsString::from("mlp")];
        let models = match &self.models[..] {
            [] => &default[..],
            models => models,
        };
        let models = models.iter().map(|model| ModelArg::read_all(model, cx));
        let models: Vec<_> = models
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        let chosen = self
            .options
            .data
            .choice()
            .choose(models.iter().filter_map(ModelArg::run))?;
        if chosen.is_of_run() {
            cx.terminal.note(&chosen.text());
        }
        let models: Vec<_> = models.iter().map(ModelArg::source).collect();
        let seeds = self
            .seeds
            .unwrap_or(if self.folds.is_some() { 1 } else { 3 });
        let mut study = Study::compare(&models, &self.options.settings.0, seeds, self.folds)?;
        study.command = given();
        Ok((study, chosen))
    }
}
