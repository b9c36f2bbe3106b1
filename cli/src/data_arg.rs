//! DATA: a data set by name or folder, and what a model must be to learn it.

use std::ffi::OsString;

use clap::Args;
use tapeline_data::{DataError, Dataset, Loaded, known, load};
use tapeline_models::Model;

use crate::{
    context::Context, error::CliError, model_arg::Source, shell, stored_path::StoredPath,
    training::config::DataConfig,
};

/// Options of commands that read data.
#[derive(Args)]
pub struct DataArgs {
    /// A name of `data list`, or a folder with IDX files
    #[arg(long, value_name = "DATA", default_value = "mnist")]
    data: OsString,
    /// Swap rows and columns of the images (EMNIST stores them so)
    #[arg(long)]
    pub transpose: bool,
}

/// Data to train on, and what identifies it.
pub struct TrainingData {
    pub loaded: Loaded,
    pub config: DataConfig,
}

impl TrainingData {
    /// Bytes of its images and labels.
    pub fn size(&self) -> u64 {
        let parts = [&self.loaded.train, &self.loaded.test];
        let sizes = parts.map(|part| part.images.bytes().len() + part.labels.len());
        sizes.iter().sum::<usize>() as u64
    }
}

impl DataArgs {
    /// Reads the data for trainings.
    pub fn for_training(&self, cx: &Context) -> Result<TrainingData, CliError> {
        let loaded = self.load(cx)?;
        let name = StoredPath::from(&self.data);
        let config = DataConfig {
            path: name.absolute().filter(|_| !self.is_known()),
            name,
            transpose: self.transpose,
            train_sha256: loaded.train.sha256(),
            test_sha256: loaded.test.sha256(),
        };
        Ok(TrainingData { loaded, config })
    }

    /// Options that give the data of a configuration: its folder from the root on, then as it was given.
    pub fn of(config: &DataConfig) -> Vec<Self> {
        let given = StoredPath::absolute(&config.name);
        // From the same folder as before, a message names what was given.
        let moved = config.path.as_ref().filter(|_| config.path != given);
        let args = |path: &StoredPath| DataArgs {
            data: path.path().into(),
            transpose: config.transpose,
        };
        moved.into_iter().chain([&config.name]).map(args).collect()
    }

    /// These options again.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = vec!["--data".into(), shell::operand(self.data.as_ref())];
        words.extend(self.transpose.then(|| "--transpose".into()));
        words
    }

    fn is_known(&self) -> bool {
        known().iter().any(|known| self.data == known.name)
    }

    /// Reads the data.
    pub fn load(&self, cx: &Context) -> Result<Loaded, CliError> {
        let mut loaded = load(&self.data)?;
        for note in &loaded.notes {
            cx.terminal.note(&format!("{}: {note}", loaded.name));
        }
        if self.transpose {
            loaded.train = loaded.train.transposed();
            loaded.test = loaded.test.transposed();
        }
        Ok(loaded)
    }
}

/// Makes sure that a model puts out the classes of the data, and gives the data the model's count of them.
///
/// A folder's classes are known from its labels alone, so a model may have fewer than the usual ten, as long as they are all there are.
/// When it has too few, the labels of a folder are blamed; those of a known data set are right, and the spec is blamed.
pub fn agree(
    model: &Model,
    loaded: &Loaded,
    source: &Source,
) -> Result<(Dataset, Dataset), CliError> {
    let spec_error = |error| source.error(error);
    let outputs = model.classes().map_err(spec_error)?;
    let labels = loaded.train.labels.iter().chain(&*loaded.test.labels);
    let used = labels.max().map_or(0, |&label| usize::from(label) + 1);
    let is_known = known().iter().any(|known| known.name == loaded.name);

    let fewer_will_do = !is_known && used == outputs;
    let labels_are_blamed = !is_known && used > outputs;
    if !fewer_will_do && !labels_are_blamed {
        model
            .expect_classes(loaded.train.classes.len())
            .map_err(spec_error)?;
    }
    let fit = |data: &Dataset, part| {
        data.with_class_count(outputs)
            .map_err(|error| too_few(error, &loaded.name, part))
    };
    Ok((fit(&loaded.train, "training")?, fit(&loaded.test, "test")?))
}

/// A label that the model has no output for.
pub fn too_few(error: DataError, name: &str, part: &str) -> CliError {
    let DataError::Label {
        label,
        position,
        classes,
        ..
    } = error
    else {
        return error.into();
    };
    let last = classes.saturating_sub(1);
    CliError::data(format!(
        "{name}: label {label} at position {position} of the {part} labels; the model has classes 0..{last}"
    ))
}
