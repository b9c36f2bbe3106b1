//! Finding datasets by name, call or path.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use tapeline_spec::{ArgInfo, Args, Diagnostic, Registry, SpecError, Value, nearest, read_chain};

use super::{DatasetDef, FileReport, LoadOptions, Loaded, Loading, Lookup, PATH, datasets, verify};
use crate::{DataError, FileKind, identify_other, storage::Storage};

/// A dataset that was found, but not loaded: a definition with its arguments.
#[derive(Clone)]
pub struct DataSource {
    name: String,
    def: DatasetDef,
    args: Args,
    path: PathBuf,
    /// What the path was recognised as, if no definition was named.
    note: Option<String>,
}

/// Loads one of the built-in datasets: its name, call or path; see [`DataSource`] for options and
/// other datasets.
///
/// # Errors
/// Same as those of [`DataSource::find`] and [`DataSource::load`].
pub fn load(source: impl AsRef<OsStr>) -> Result<Loaded, DataError> {
    DataSource::find(source, &datasets())?.load(&LoadOptions::default())
}

impl DataSource {
    /// Finds a dataset by its name (`mnist`), its call (`images("photos", size=32)`), or only a
    /// path, which is recognised by what lies there.
    ///
    /// A name or call takes precedence over a path of the same text; `./mnist` is the path. A name
    /// may be written with `-` instead of `_`.
    ///
    /// # Errors
    /// Returns an error if the call is invalid, if there is neither such a name nor such a path, or
    /// if none or several of the definitions recognise the path.
    pub fn find(
        source: impl AsRef<OsStr>,
        registry: &Registry<DatasetDef>,
    ) -> Result<Self, DataError> {
        let path = Path::new(source.as_ref());
        let text = path.to_string_lossy();
        let name = text.replace('-', "_");
        if let Some(def) = registry.get(&name)
            && (!def.args.iter().any(ArgInfo::required) || !path.exists())
        {
            return DataSource::call(&text, &name, registry);
        }
        let called = text.split_once('(').map(|(name, _)| name.trim());
        if called.is_some_and(|name| registry.get(name).is_some()) {
            return DataSource::call(&text, &text, registry);
        }
        match Lookup::new(path) {
            Ok(lookup) => DataSource::recognise(&lookup, registry),
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => Err(DataError::Io {
                file: path.into(),
                doing: "open",
                reason,
            }),
            Err(_) if called.is_some() => DataSource::call(&text, &text, registry),
            Err(_) => Err(unknown(path, registry)),
        }
    }

    /// Reads a call.
    fn call(given: &str, text: &str, registry: &Registry<DatasetDef>) -> Result<Self, DataError> {
        let calls = read_chain(text, registry).map_err(DataError::Spec)?;
        let [call] = &calls[..] else {
            let error = Diagnostic::error(calls[1].span, "expected a single dataset");
            return Err(DataError::Spec(SpecError::new(text, vec![error])));
        };
        let takes_path = call.args.has("path");
        Ok(DataSource {
            name: given.into(),
            def: call.def,
            args: call.args.clone(),
            path: match takes_path {
                true => call.args.get(PATH).into(),
                false => PathBuf::new(),
            },
            note: None,
        })
    }

    /// Finds the definition that recognises what lies at a path.
    fn recognise(lookup: &Lookup, registry: &Registry<DatasetDef>) -> Result<Self, DataError> {
        let path = lookup.path;
        let found: Vec<_> = registry
            .iter()
            .filter_map(|def| Some((def, (def.recognises)(lookup)?)))
            .collect();
        let &[(def, what)] = &found[..] else {
            return Err(match found.is_empty() {
                true => unrecognised(lookup),
                false => {
                    let text = path.display().to_string();
                    let calls: Vec<_> = found
                        .iter()
                        .map(|(def, what)| format!("`{}({text:?})` ({what})", def.name))
                        .collect();
                    DataError::invalid(path, "could be several datasets")
                        .help(format!("choose one of {}", calls.join(", ")))
                }
            });
        };
        let text = path.to_string_lossy().into_owned();
        let args = Args::of(def.args, &[("path", Value::Text(text.clone()))]);
        let args = args.map_err(|error| DataError::invalid(path, error.to_string()))?;
        Ok(DataSource {
            name: text,
            def: *def,
            args,
            path: path.into(),
            note: Some(format!("read as `{}`: {what}", def.name)),
        })
    }

    /// Returns the dataset as it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the definition.
    pub fn def(&self) -> &DatasetDef {
        &self.def
    }

    /// Returns the file or folder of the dataset; `None` if it doesn't take one.
    pub fn path(&self) -> Option<&Path> {
        Some(&*self.path).filter(|path| !path.as_os_str().is_empty())
    }

    /// Returns the same dataset, with the same arguments, in another file or folder.
    pub fn at(&self, path: impl Into<PathBuf>) -> Self {
        DataSource {
            path: path.into(),
            ..self.clone()
        }
    }

    /// Loads the dataset.
    ///
    /// # Errors
    /// Returns an error if a file is missing or damaged, images and labels don't match, there are
    /// no images, the parts differ in shape, or the pixels exceed the memory limit.
    pub fn load(&self, options: &LoadOptions) -> Result<Loaded, DataError> {
        let mut loaded = (self.def.load)(&self.loading(options))?;
        loaded.name.clone_from(&self.name);
        loaded.notes.splice(0..0, self.note.clone());
        Ok(loaded)
    }

    /// Reads all files of the dataset to their ends and reports on each, or on each part of the
    /// dataset.
    ///
    /// # Errors
    /// Returns an error if the files aren't found. A damaged file isn't an error; its report is not
    /// `ok`.
    pub fn verify(&self, options: &LoadOptions) -> Result<Vec<FileReport>, DataError> {
        match self.def.verify {
            Some(verify) => verify(&self.loading(options)),
            None => Ok(verify::parts(&self.name, self.load(options))),
        }
    }

    fn loading<'a>(&'a self, options: &'a LoadOptions<'a>) -> Loading<'a> {
        Loading {
            args: &self.args,
            path: &self.path,
            options,
            storage: Storage::new(options),
        }
    }
}

impl std::fmt::Debug for DataSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataSource({}({:?}))", self.def.name, self.args)
    }
}

fn unknown(path: &Path, registry: &Registry<DatasetDef>) -> DataError {
    let text = path.to_string_lossy().to_lowercase().replace('-', "_");
    let names = || registry.iter().map(|def| def.name);
    let begun = names().find(|name| text.len() > 2 && name.starts_with(&text));
    DataError::Unknown {
        name: path.into(),
        nearest: begun.or_else(|| nearest(&text, names())),
        known: names().collect(),
    }
}

/// Returns an error for a path that no definition recognises, with help if it is an archive.
fn unrecognised(lookup: &Lookup) -> DataError {
    const WANTED: &str = "a folder with a dataset, a NumPy archive or a CSV file";
    if !lookup.is_folder {
        return unrecognised_file(lookup.path, identify_other(&lookup.head, WANTED), WANTED);
    }
    let has_folders = lookup
        .entries
        .iter()
        .any(|name| fs::metadata(lookup.path.join(name)).is_ok_and(|about| about.is_dir()));
    DataError::Unrecognised {
        folder: lookup.path.into(),
        has_folders,
        found: lookup
            .entries
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect(),
    }
}

fn unrecognised_file(path: &Path, found: Option<FileKind>, wanted: &'static str) -> DataError {
    let Some(found) = found else {
        let problem = format!("is a file of unknown type, wanted {wanted}");
        return DataError::invalid(path, problem);
    };
    let help = match found.name {
        "a NumPy array" => {
            "save images and labels together: `numpy.savez(\"data.npz\", x_train=…, y_train=…)`"
        }
        "an IDX file" => "give the path of its folder",
        name if name.ends_with(" picture") => {
            "give the path of a folder with a subfolder for each class"
        }
        _ => {
            return DataError::Kind {
                file: path.into(),
                found,
                wanted,
            };
        }
    };
    DataError::invalid(path, format!("is {}, wanted {wanted}", found.name)).help(help)
}
