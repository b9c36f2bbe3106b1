//! From a run folder back to the training that fills it.

use std::path::Path;

use crate::{
    context::Context,
    data_arg::Chosen,
    error::CliError,
    training::{
        config::{Config, VERSION},
        ending::advice,
        files::CHECKPOINT,
        job::Job,
        outcome::{End, Outcome},
        run::Run,
    },
};

/// The training that a run folder is of, and the folder, taken up; with another number of epochs where one is given.
///
/// # Errors
/// When the folder is no run, another training is at work there, the run is over, or its data or first weights are not what they were.
pub fn resume<'r>(
    folder: &Path,
    epochs: Option<u64>,
    cx: &'r Context,
) -> Result<(Job<'r>, Run), CliError> {
    let mut config = Config::read(folder)?;
    let run = Run::take_up(folder)?;
    goes_on(folder, &config, epochs)?;
    if config.version != VERSION {
        cx.terminal.warn(&format!(
            "{} was begun by version {}; this is {VERSION}, which may compute other bits",
            folder.display(),
            config.version
        ));
    }
    config.epochs = epochs.unwrap_or(config.epochs);

    let mut settings = config.settings();
    if run.file(CHECKPOINT).exists() {
        // The weights that it began with are gone over.
        settings.weights = None;
    }
    let specs = settings.read(None, cx)?;
    let data = Chosen::of(&config.data).for_training(cx)?;
    let mut job = Job::new(&settings, specs, config.seed, &data, cx)?;
    let parts = [
        (
            "training",
            &config.data.train_sha256,
            &data.config.train_sha256,
        ),
        ("test", &config.data.test_sha256, &data.config.test_sha256),
    ];
    for (part, wanted, found) in parts {
        if wanted != found {
            let name = &config.data.name;
            return Err(CliError::data(format!(
                "{name}: the {part} data are not those that the run began with: SHA-256 {found}, wanted {wanted}"
            )));
        }
    }
    if let (Some(file), Some(_)) = (&settings.weights, &config.weights_sha256)
        && job.config.weights_sha256 != config.weights_sha256
    {
        return Err(CliError::model_file(format!(
            "{}: is not the file that the run began with: its SHA-256 is another",
            file.display()
        )));
    }
    job.config = config;
    Ok((job, run))
}

/// Makes sure that there is something left to train.
fn goes_on(folder: &Path, config: &Config, epochs: Option<u64>) -> Result<(), CliError> {
    let had = config.epochs;
    let folder_name = folder.display();
    match Outcome::read(folder)?.map(|outcome| outcome.end) {
        Some(End::Diverged { step, .. }) => Err(CliError::usage(format!(
            "{folder_name}: diverged in step {step}, and would again"
        ))
        .help(format!("train anew: {}", advice(config)))),
        Some(End::Done { .. }) if epochs.is_none_or(|epochs| epochs <= had) => {
            let message = format!("{folder_name}: is done, with all its {had} epochs");
            Err(CliError::usage(message)
                .help(format!("`--epochs {}` goes on", had.saturating_mul(2))))
        }
        _ => Ok(()),
    }
}
