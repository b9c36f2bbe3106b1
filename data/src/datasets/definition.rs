//! Definitions of datasets, and what they are passed when they load.

use std::{fmt, path::Path};

use tapeline_spec::{ArgInfo, Args, named};

use super::Lookup;
use crate::{DataError, FileReport, Loaded, storage::Storage};

/// An entry of the registry of datasets.
///
/// ```
/// use tapeline_data::{DataSource, Dataset, DatasetDef, Images, LoadOptions, Loaded, Loading, datasets};
/// use tapeline_spec::Arg;
///
/// const COUNT: Arg<usize> = Arg::new("count", "number of training images").default(60).from(2);
///
/// const STRIPES: DatasetDef = DatasetDef {
///     name: "stripes",
///     about: "horizontal and vertical stripes",
///     args: &[COUNT.info()],
///     examples: &["stripes", "stripes(10)"],
///     load: |loading: &Loading| {
///         Ok(Loaded::new(stripes(loading.args.get(COUNT))?, stripes(20)?))
///     },
///     ..DatasetDef::BASE
/// };
///
/// fn stripes(count: usize) -> Result<Dataset, tapeline_data::DataError> {
///     let image = |i: usize| (0..16).map(move |at| if i % 2 == 0 { at / 4 } else { at % 4 } as u8 % 2 * 255);
///     let images = Images::new((0..count).flat_map(image).collect(), [count, 1, 4, 4]);
///     let labels: Vec<u8> = (0..count).map(|i| (i % 2) as u8).collect();
///     Dataset::new(images, labels, ["horizontal", "vertical"].map(String::from))
/// }
///
/// let datasets = datasets().with(STRIPES)?;
/// let loaded = DataSource::find("stripes(10)", &datasets)?.load(&LoadOptions::default())?;
/// assert_eq!((loaded.train.len(), loaded.test.len()), (10, 20));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct DatasetDef {
    /// Its name in a spec.
    pub name: &'static str,
    /// Other names that are accepted.
    pub aliases: &'static [&'static str],
    /// A one-line description.
    pub about: &'static str,
    /// Its arguments. The text argument [`PATH`](crate::datasets::PATH), if it is one of them, is
    /// the file or folder to read.
    pub args: &'static [ArgInfo],
    /// Example specs; their files need not exist.
    pub examples: &'static [&'static str],
    /// The origin of a dataset that doesn't take a path.
    pub origin: &'static str,
    /// Returns what makes a path this dataset, such as `IDX files`; `None` if it isn't. It is
    /// asked when only a path is given.
    pub recognises: fn(&Lookup) -> Option<&'static str>,
    /// Returns whether a dataset that doesn't take a path can be loaded.
    pub available: fn() -> bool,
    /// Loads the dataset. An error names all damaged files.
    pub load: fn(&Loading) -> Result<Loaded, DataError>,
    /// Reads everything and reports on each file; `None` to report on the loaded parts.
    pub verify: Option<Verify>,
}

/// Reads everything and reports on each file.
pub type Verify = fn(&Loading) -> Result<Vec<FileReport>, DataError>;

impl DatasetDef {
    /// A base for definitions with `..DatasetDef::BASE`: without a name, arguments or images,
    /// and recognising nothing.
    pub const BASE: DatasetDef = DatasetDef {
        name: "",
        aliases: &[],
        about: "",
        args: &[],
        examples: &[],
        origin: "",
        recognises: |_| None,
        available: || true,
        load: |_| {
            Err(DataError::NoImages {
                file: "this dataset".into(),
            })
        },
        verify: None,
    };
}

impl DatasetDef {
    /// Returns whether the dataset is read from a path.
    pub fn takes_path(&self) -> bool {
        self.args.iter().any(|arg| arg.name == "path")
    }

    /// Returns whether the dataset doesn't take a path and can be loaded.
    pub fn is_available(&self) -> bool {
        !self.takes_path() && (self.available)()
    }
}

named!(DatasetDef);

/// Options for loading a dataset. They do not affect the result.
#[derive(Clone, Copy, Default)]
pub struct LoadOptions<'a> {
    /// Maximum size of all pixels in memory, in bytes. Beyond it, they are stored in a temporary
    /// file, or the dataset is refused if there is no folder for it.
    pub max_memory: Option<u64>,
    /// Existing folder for temporary files. They have no name, so they disappear when the dataset
    /// is dropped, or when the process ends.
    pub cache: Option<&'a Path>,
    /// Called as picture files are read, on any thread, with the number of files read so far and
    /// the number of all files.
    pub progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl fmt::Debug for LoadOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions")
            .field("max_memory", &self.max_memory)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

/// What a definition is passed to load its dataset.
pub struct Loading<'a> {
    /// The arguments of the call.
    pub args: &'a Args,
    /// The file or folder to read; empty if the dataset doesn't take one.
    ///
    /// It is the argument `path`, but need not be UTF-8.
    pub path: &'a Path,
    /// Options that do not affect the result.
    pub options: &'a LoadOptions<'a>,
    pub(crate) storage: Storage,
}
