//! Recreates the job of a run from its folder.

use std::path::Path;

use crate::{
    context::Context,
    data_arg::{Chosen, TrainingData, first},
    error::CliError,
    stored_path::StoredPath,
    training::{
        config::{Config, DataConfig, VERSION, weights_sha256},
        ending::advice,
        files::CHECKPOINT,
        job::Job,
        outcome::{End, Outcome},
        run::Run,
    },
};

/// Returns the job of a run folder and the folder, locked; `epochs` overrides the number of epochs.
///
/// # Errors
/// When the folder is not a run, is in use by another run, is finished, or its data or initial
/// weights have changed.
pub fn resume(folder: &Path, epochs: Option<u64>, cx: &Context) -> Result<(Job, Run), CliError> {
    let (mut config, origin) = Config::read(folder)?;
    let run = Run::take_up(folder)?;
    expect_unfinished(folder, &config, epochs)?;
    if config.version != VERSION {
        cx.terminal.warn(&format!(
            "{} was started by version {}; version {VERSION} may give different results",
            folder.display(),
            config.version
        ));
    }
    config.epochs = epochs.unwrap_or(config.epochs);

    let mut settings = config.settings();
    settings.weights = match run.file(CHECKPOINT).exists() {
        // The checkpoint contains the current weights, so the initial ones aren't needed.
        true => None,
        false => first_weights(&config)?,
    };
    let specs = settings.read(origin, cx)?;
    let data = data(&config.data, cx)?;
    let mut job = Job::new(&settings, specs, config.seed, &data, cx)?;
    job.config = config;
    Ok((job, run))
}

/// Loads the data of a configuration from the first location where they are found unchanged.
fn data(config: &DataConfig, cx: &Context) -> Result<TrainingData, CliError> {
    first(Chosen::of(config), |chosen| {
        let data = chosen.for_training(cx)?;
        let parts = [
            ("training", &config.train_sha256, &data.config.train_sha256),
            ("test", &config.test_sha256, &data.config.test_sha256),
        ];
        for (part, wanted, found) in parts {
            if wanted != found {
                let name = &data.config.name;
                return Err(CliError::data(format!(
                    "{name}: the {part} data are not those that the run started with: SHA-256 is {found}, expected {wanted}"
                )));
            }
        }
        Ok(data)
    })
}

/// Finds the file with the initial weights of a run, if it has one.
fn first_weights(config: &Config) -> Result<Option<StoredPath>, CliError> {
    let (Some(given), Some(wanted)) = (&config.weights, &config.weights_sha256) else {
        return Ok(None);
    };
    let moved = config.weights_path.as_ref();
    let moved = moved.filter(|path| given.absolute().as_ref() != Some(path));
    first(moved.into_iter().chain([given]), |file| {
        let found = weights_sha256(file)?;
        match found == *wanted {
            true => Ok(Some(file.clone())),
            false => Err(CliError::model_file(format!(
                "{file}: is not the file that the run started with: SHA-256 is {found}, expected {wanted}"
            ))),
        }
    })
}

/// Checks that there is something left to train.
fn expect_unfinished(folder: &Path, config: &Config, epochs: Option<u64>) -> Result<(), CliError> {
    let had = config.epochs;
    let folder_name = folder.display();
    match Outcome::read(folder)?.map(|outcome| outcome.end) {
        Some(End::Diverged { step, .. }) => Err(CliError::usage(format!(
            "{folder_name}: diverged in step {step}, and would again"
        ))
        .help(format!("start a new run: {}", advice(config)))),
        Some(End::Done { .. }) if epochs.is_none_or(|epochs| epochs <= had) => {
            let message = format!("{folder_name}: all {had} epochs are done");
            Err(CliError::usage(message).help(format!(
                "`--epochs {}` continues training",
                had.saturating_mul(2)
            )))
        }
        _ => Ok(()),
    }
}
