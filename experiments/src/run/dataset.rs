//! Datasets for training and evaluation: chosen by name, call or path, or taken from a run.

use std::{
    ffi::OsString,
    fmt::Display,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tapeline_data::{DataError, DataSource, Dataset, LoadOptions, Loaded};
use tapeline_models::Model;

use crate::{
    context::Context,
    error::Error,
    memory::{self, bytes::Bytes},
    run::{
        config::{DataConfig, KnownRun},
        parts::{Parts, Selected},
    },
    settings::{Settings, origin::Origin, source::Source},
    shell,
    stored_path::StoredPath,
};

/// The default dataset, if neither an option nor a run names one.
pub const DEFAULT: &str = "mnist";

/// The dataset that is asked for. What is `None` is taken from the run that a model belongs to, or
/// is the default.
#[derive(Clone, Debug, Default)]
pub struct DataChoice {
    /// A name, a call such as `images("photos", size=32)`, or a path.
    pub data: Option<OsString>,
    /// Whether to swap rows and columns, as EMNIST needs.
    pub transpose: Option<bool>,
}

/// The dataset of a study.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Its name.
    pub name: String,
    /// Number of training images, before any are held out or left out.
    pub train_samples: usize,
    /// Number of test images.
    pub test_samples: usize,
}

/// The dataset that a command reads.
pub struct Chosen {
    /// A name, call or path, as it was given.
    name: StoredPath,
    /// The absolute path of the file or folder when the run was trained; it is tried first.
    path: Option<StoredPath>,
    transpose: bool,
    /// The limit for pixels and training together.
    max_memory: Option<Bytes>,
    /// Whether the dataset was named by `--data`.
    pub named: bool,
    /// The run that was trained on this dataset: its folder, and its record of the dataset.
    run: Option<(PathBuf, DataConfig)>,
}

/// A loaded dataset to train on, and what identifies it.
pub struct TrainingData {
    /// The images and labels.
    pub loaded: Loaded,
    /// What identifies them.
    pub config: DataConfig,
    selected: Selected,
}

impl TrainingData {
    /// Returns the facts that a study stores about the dataset.
    pub fn facts(&self) -> DataFacts {
        DataFacts {
            name: self.config.name.to_string(),
            train_samples: self.loaded.train.len(),
            test_samples: self.loaded.test.len(),
        }
    }

    /// Selects the parts for the settings of a run.
    ///
    /// # Errors
    /// When there are too few images.
    pub fn parts(&self, settings: &Settings, origin: &Origin) -> Result<Parts, Error> {
        self.selected.parts(settings, origin, &self.loaded)
    }

    /// Returns the size of all images and labels in memory, in bytes.
    pub fn size(&self) -> u64 {
        let parts = self.loaded.parts().into_iter();
        let sizes = parts.map(|(_, part)| part.images.bytes_in_memory() + part.labels.len());
        (sizes.sum::<usize>() + self.selected.copied()) as u64
    }
}

impl DataChoice {
    /// Chooses the dataset of a command whose models come from `runs`: the one given by the
    /// options, otherwise the one the runs were trained on, otherwise the default. Transposition
    /// belongs to the dataset, so a run's setting applies only to the run's dataset.
    ///
    /// # Errors
    /// When the runs were trained on different datasets and no option chooses one.
    pub fn choose<'k>(
        &self,
        runs: impl IntoIterator<Item = &'k KnownRun>,
    ) -> Result<Chosen, Error> {
        let mut run = None::<&KnownRun>;
        for other in runs {
            let Some(first) = run else {
                run = Some(other);
                continue;
            };
            let same =
                |a: &DataConfig, b: &DataConfig| (&a.name, a.transpose) == (&b.name, b.transpose);
            if self.data.is_none() && !same(&first.config.record.data, &other.config.record.data) {
                let message = format!(
                    "{} was trained on {}, and {} on {}",
                    first.folder.display(),
                    first.config.record.data.text(),
                    other.folder.display(),
                    other.config.record.data.text()
                );
                return Err(Error::usage(message).help("choose a dataset with `--data`"));
            }
        }
        let named = self.data.is_some();
        let of_run = run.filter(|run| {
            let name = run.config.record.data.name.path();
            self.data
                .as_ref()
                .is_none_or(|data| Path::new(data) == name)
        });
        let Some(run) = of_run else {
            return Ok(Chosen {
                name: match &self.data {
                    Some(data) => data.into(),
                    None => DEFAULT.into(),
                },
                path: None,
                transpose: self.transpose.unwrap_or(false),
                max_memory: None,
                named,
                run: None,
            });
        };
        let known = &run.config.record.data;
        let transpose = self.transpose.unwrap_or(known.transpose);
        let is_same = transpose == known.transpose;
        Ok(Chosen {
            name: known.name.clone(),
            path: known.path.clone().filter(|_| !named),
            transpose,
            max_memory: None,
            named,
            run: is_same.then(|| (run.folder.clone(), known.clone())),
        })
    }
}

impl Chosen {
    /// Returns the locations where the dataset of a configuration may be, in the order to try them.
    pub fn of(config: &DataConfig) -> Vec<Self> {
        let chosen = |path: Option<&StoredPath>| Chosen {
            name: config.name.clone(),
            path: path.cloned(),
            transpose: config.transpose,
            max_memory: None,
            named: false,
            run: None,
        };
        match &config.path {
            Some(path) => vec![chosen(Some(path)), chosen(None)],
            None => vec![chosen(None)],
        }
    }

    /// Limits the memory; by default, it is what is available. Half of it is for pixels if the others
    /// can be stored in a temporary file.
    pub fn within(self, max_memory: Option<Bytes>) -> Self {
        Chosen { max_memory, ..self }
    }

    /// Returns whether the dataset was taken from a run.
    pub fn is_of_run(&self) -> bool {
        self.run.is_some() && !self.named
    }

    /// Returns whether rows and columns of the images are swapped.
    pub fn transpose(&self) -> bool {
        self.transpose
    }

    /// Describes the choice for people.
    pub fn text(&self) -> String {
        match &self.run {
            Some((run, known)) => {
                format!("using the dataset of {}: {}", run.display(), known.text())
            }
            None => format!("using the dataset `{}`", self.name),
        }
    }

    /// Loads the dataset for training.
    pub fn for_training(&self, cx: &Context) -> Result<TrainingData, Error> {
        let (loaded, source) = self.find(cx)?;
        let path = source.path().map(StoredPath::from);
        let config = DataConfig {
            path: path.and_then(|path| path.absolute()),
            name: self.name.clone(),
            transpose: self.transpose,
            train_sha256: loaded.train.sha256(),
            test_sha256: loaded.test.sha256(),
            val_sha256: loaded.val.as_ref().map(Dataset::sha256),
        };
        if let Some((folder, known)) = &self.run {
            let sums = |config: &DataConfig| {
                (
                    config.train_sha256.clone(),
                    config.test_sha256.clone(),
                    config.val_sha256.clone(),
                )
            };
            if sums(known) != sums(&config) {
                cx.messages.warn(&changed(&config.name, folder.display()));
            }
        }
        Ok(TrainingData {
            loaded,
            config,
            selected: Selected::default(),
        })
    }

    /// Warns if the test data differ from those the run was trained with.
    pub fn compare_test(&self, loaded: &Loaded, cx: &Context) {
        if let Some((folder, known)) = &self.run
            && known.test_sha256 != loaded.test.sha256()
        {
            cx.messages.warn(&changed(&loaded.name, folder.display()));
        }
    }

    /// Returns the options that select this dataset.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = vec!["--data".into(), shell::operand(self.name.path())];
        words.extend(self.transpose.then(|| "--transpose".into()));
        words
    }

    /// Loads the dataset.
    pub fn load(&self, cx: &Context) -> Result<Loaded, Error> {
        Ok(self.find(cx)?.0)
    }

    /// Loads the dataset from the first of the places where it can be read.
    fn find(&self, cx: &Context) -> Result<(Loaded, DataSource), Error> {
        let progress = |done, all| cx.messages.reading(done, all);
        let limit = self.max_memory.or_else(memory::available);
        let options = LoadOptions {
            max_memory: limit.map(|Bytes(limit)| match cx.cache {
                Some(_) => limit / 2,
                None => limit,
            }),
            cache: cx.cache.as_deref(),
            progress: Some(&progress),
        };
        let found = first(self.sources(cx), |source| {
            let source = source?;
            Ok((source.load(&options)?, source))
        });
        let (mut loaded, source) = found.map_err(|error: DataError| match &self.run {
            Some((folder, known)) if !self.named => Error::data(format!(
                "{} was trained on {}, which cannot be read: {error}",
                folder.display(),
                known.text()
            ))
            .help("give its location with `--data`"),
            _ => error.into(),
        })?;
        for note in &loaded.notes {
            cx.messages.note(&format!("{}: {note}", loaded.name));
        }
        for warning in &loaded.warnings {
            cx.messages.warn(&format!("{}: {warning}", loaded.name));
        }
        if self.transpose {
            loaded.train = loaded.train.transposed();
            loaded.val = loaded.val.map(|val| val.transposed());
            loaded.test = loaded.test.transposed();
        }
        Ok((loaded, source))
    }

    /// Returns the dataset at the places where it may be: its absolute path, then the path as it
    /// was given.
    fn sources(&self, cx: &Context) -> Vec<Result<DataSource, DataError>> {
        let given = DataSource::find(self.name.path(), &cx.datasets);
        let is_at = |path: &StoredPath| {
            let found = given.as_ref().ok().and_then(DataSource::path);
            found.is_some_and(|found| StoredPath::from(found).absolute().as_ref() == Some(path))
        };
        // If both are the same, messages should show the path as it was given.
        let moved = self.path.as_ref().filter(|path| !is_at(path));
        let moved = moved.map(|path| match &given {
            // A call has arguments that hold wherever the files are.
            Ok(source) if source.path() != Some(self.name.path()) => Ok(source.at(path.path())),
            _ => DataSource::find(path.path(), &cx.datasets),
        });
        moved.into_iter().chain([given]).collect()
    }
}

/// Returns the first success, or the first failure if there is no success.
///
/// # Panics
/// When `all` is empty.
pub fn first<A, T, E>(
    all: impl IntoIterator<Item = A>,
    attempt: impl Fn(A) -> Result<T, E>,
) -> Result<T, E> {
    let mut failure = None;
    for one in all {
        match attempt(one) {
            Ok(found) => return Ok(found),
            Err(error) => _ = failure.get_or_insert(error),
        }
    }
    Err(failure.expect("at least one attempt"))
}

fn changed(data: impl Display, run: impl Display) -> String {
    format!("{data}: the data have changed since {run} was trained on them: the SHA-256 differs")
}

/// Checks that the outputs of a model match the classes of the dataset.
///
/// # Errors
/// When they don't match. If the reason is that labels are counted from 1, the error says so.
pub fn expect_classes(model: &Model, loaded: &Loaded, source: &Source) -> Result<(), Error> {
    let classes = loaded.train.classes.len();
    let Err(error) = model.expect_classes(classes) else {
        return Ok(());
    };
    let lowest = usize::from(loaded.lowest_label());
    if lowest > 0
        && model
            .classes()
            .is_ok_and(|outputs| outputs + lowest == classes)
    {
        return Err(Error::data(format!(
            "{}: labels begin at {lowest} and end at {}, but the {} outputs of the model are classes counted from 0",
            loaded.name,
            classes - 1,
            classes - lowest
        ))
        .help(format!("tapeline counts classes from 0: subtract {lowest} from each label")));
    }
    Err(source.error(error))
}

/// Checks that a model accepts the images of a dataset.
///
/// # Errors
/// When the shapes differ.
pub fn expect_shape(model: &Model, data: &Dataset, name: &str) -> Result<(), Error> {
    let (found, wanted) = (data.shape(), &model.plan.input);
    if found[..] == wanted[..] {
        return Ok(());
    }
    let [found, wanted] = [&found[..], wanted].map(tapeline_models::shape_text);
    Err(Error::data(format!(
        "{name}: images are {found}, but the model takes {wanted}"
    ))
    .help("choose a dataset of that shape with `--data`"))
}
