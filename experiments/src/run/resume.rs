//! Recreates the job of a run from its folder.

use std::path::Path;

use crate::{
    context::Context,
    error::Error,
    run::dataset::{Chosen, TrainingData, first},
    run::{
        config::{Config, DataConfig, VERSION, weights_sha256},
        ending::advice,
        files::CHECKPOINT,
        folder::Run,
        job::Job,
        outcome::{End, Outcome},
    },
    settings::specs::Specs,
    stored_path::StoredPath,
};

/// Returns the job of a run folder and the folder, locked; `epochs` overrides the number of epochs.
///
/// # Errors
/// When the folder is not a run, is in use by another run, is finished, or its data or initial
/// weights have changed.
pub fn resume(folder: &Path, epochs: Option<u64>, cx: &Context) -> Result<(Job, Run), Error> {
    let (mut config, origin) = Config::read(folder)?;
    let run = Run::take_up(folder)?;
    expect_unfinished(folder, &config, epochs)?;
    if config.version != VERSION {
        cx.messages.warn(&format!(
            "{} was started by version {}; version {VERSION} may give different results",
            folder.display(),
            config.version
        ));
    }
    config.settings.epochs = epochs.unwrap_or(config.settings.epochs);

    let mut settings = config.settings.clone();
    settings.weights = match run.file(CHECKPOINT).exists() {
        // The checkpoint contains the current weights, so the initial ones aren't needed.
        true => None,
        false => first_weights(&config)?,
    };
    settings.partial &= settings.weights.is_some();
    // Errors in the specs are reported before the data are read.
    Specs::read(&settings, origin.clone(), cx)?;
    let data = data(&config.record.data, cx)?;
    let mut job = Job::new(&settings, origin, &data, cx)?;
    job.config = config;
    Ok((job, run))
}

/// Loads the data of a configuration from the first location where they are found unchanged.
fn data(config: &DataConfig, cx: &Context) -> Result<TrainingData, Error> {
    first(Chosen::of(config), |chosen| {
        let data = chosen.for_training(cx)?;
        let none = String::from("none");
        let val = |config: &DataConfig| config.val_sha256.clone().unwrap_or(none.clone());
        let parts = [
            ("training", &config.train_sha256, &data.config.train_sha256),
            ("validation", &val(config), &val(&data.config)),
            ("test", &config.test_sha256, &data.config.test_sha256),
        ];
        for (part, wanted, found) in parts {
            if wanted != found {
                let name = &data.loaded.name;
                return Err(Error::data(format!(
                    "{name}: the {part} data are not those that the run started with: SHA-256 is {found}, expected {wanted}"
                )));
            }
        }
        Ok(data)
    })
}

/// Finds the file with the initial weights of a run, if it has one.
fn first_weights(config: &Config) -> Result<Option<StoredPath>, Error> {
    let (Some(given), Some(wanted)) = (&config.settings.weights, &config.record.weights_sha256)
    else {
        return Ok(None);
    };
    let moved = config.record.weights_path.as_ref();
    let moved = moved.filter(|path| given.absolute().as_ref() != Some(path));
    first(moved.into_iter().chain([given]), |file| {
        let found = weights_sha256(file)?;
        match found == *wanted {
            true => Ok(Some(file.clone())),
            false => Err(Error::model_file(format!(
                "{file}: is not the file that the run started with: SHA-256 is {found}, expected {wanted}"
            ))),
        }
    })
}

/// Checks that there is something left to train.
fn expect_unfinished(folder: &Path, config: &Config, epochs: Option<u64>) -> Result<(), Error> {
    let had = config.settings.epochs;
    let folder_name = folder.display();
    match Outcome::read(folder)?.map(|outcome| outcome.end) {
        Some(End::Diverged { step, .. }) => Err(Error::usage(format!(
            "{folder_name}: diverged in step {step}, and would again"
        ))
        .help(format!("start a new run: {}", advice(&config.settings)))),
        Some(End::Done { epochs: done, .. }) if done < had => Err(Error::usage(format!(
            "{folder_name}: ended after {done} epochs, because the validation loss no longer improved"
        ))
        .help("start a new run with a larger `--patience`")),
        Some(End::Done { .. }) if epochs.is_none_or(|epochs| epochs <= had) => {
            let message = format!("{folder_name}: all {had} epochs are done");
            Err(Error::usage(message).help(format!(
                "`--epochs {}` continues training",
                had.saturating_mul(2)
            )))
        }
        _ => Ok(()),
    }
}
