//! Loading of datasets by name or from a folder.

use std::{ffi::OsStr, path::Path, sync::Arc};

use crate::{
    DataError, Dataset,
    files::{self, Peeked},
    folder, identify_other,
    known::{ENTRIES, nearest},
    part::Part,
};

/// Training and test data of a dataset.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The name, or the folder's path as text.
    pub name: String,
    /// Training data; not empty.
    pub train: Dataset,
    /// Test data; not empty, with the same shape and classes as the training data.
    pub test: Dataset,
    /// Notes for the user about choices made while loading, one sentence each.
    pub notes: Vec<String>,
}

/// Loads a dataset: a name listed by [`known()`](crate::known()), or the path of a folder with the
/// four IDX files.
///
/// A name takes precedence over a folder of the same name; `./mnist` is the folder. The files of a
/// folder are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, or the same with a dot before `idx`; each may be gzipped with the
/// suffix `.gz`.
///
/// The classes range from 0 to the highest label in either part, so training and test data have the
/// same classes. A folder named like a known dataset has at least the classes of that dataset, with
/// their names. [`Loaded::notes`] mentions classes without images: those that occur only in the
/// test data, and the first ones if labels start above 0.
///
/// # Errors
/// Returns an error if there is no such name or folder, a file is missing or damaged, images and
/// labels don't match, there are no images, or training and test data differ in shape.
pub fn load(source: impl AsRef<OsStr>) -> Result<Loaded, DataError> {
    let Source {
        name,
        parts,
        classes,
        notes,
    } = Source::find(source.as_ref())?;
    let [train_images, train_labels, test_images, test_labels] = &parts;

    let (labels, labels_of_test) = (train_labels.labels()?, test_labels.labels()?);
    let classes = class_names(classes, labels.iter().chain(&labels_of_test));
    let train = Dataset::of(
        train_images.images()?,
        labels.into(),
        classes.clone(),
        &train_labels.file,
    )?;
    let test = Dataset::of(
        test_images.images()?,
        labels_of_test.into(),
        classes,
        &test_labels.file,
    )?;
    for (data, part) in [(&train, train_images), (&test, test_images)] {
        if data.is_empty() {
            return Err(DataError::NoImages {
                file: part.file.clone(),
            });
        }
    }
    if train.shape() != test.shape() {
        return Err(DataError::Shape {
            file: test_images.file.clone(),
            wanted: train.shape(),
            found: test.shape(),
        });
    }
    let mut loaded = Loaded {
        name,
        train,
        test,
        notes,
    };
    let notes = loaded.about_classes(&train_labels.file, &test_labels.file);
    loaded.notes.extend(notes);
    Ok(loaded)
}

impl Loaded {
    /// Returns the lowest label in either part: 0, unless labels start at 1.
    ///
    /// Classes are numbered from 0.
    pub fn lowest_label(&self) -> u8 {
        let labels = self.train.labels.iter().chain(&*self.test.labels);
        labels.copied().min().unwrap_or(0)
    }

    /// Returns notes about unusual labels.
    fn about_classes(&self, train: &Path, test: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        let (count, lowest) = (self.train.classes.len(), self.lowest_label());
        for (data, file) in [(&self.train, train), (&self.test, test)] {
            let highest = |&label: &u8| usize::from(label) + 1 == count;
            let position = data.labels.iter().position(highest);
            // A single wrong byte can add many classes.
            if let Some(position) = position.filter(|_| count > 10) {
                let (file, label) = (file.display(), count - 1);
                notes.push(format!(
                    "{file}: label {label} at position {position} is the highest: {count} classes"
                ));
                break;
            }
        }
        if lowest > 0 {
            let file = train.display();
            notes.push(format!(
                "{file}: labels begin at {lowest}; classes are counted from 0, so the first have no images: subtract {lowest} from each label"
            ));
        }
        let has = |data: &Dataset, class: usize| data.labels.contains(&(class as u8));
        let unseen = (0..count).filter(|&class| has(&self.test, class) && !has(&self.train, class));
        let unseen: Vec<_> = unseen.map(|class| class.to_string()).collect();
        if !unseen.is_empty() {
            let (file, unseen) = (test.display(), unseen.join(", "));
            notes.push(format!(
                "{file}: labels that no training image has: {unseen}"
            ));
        }
        notes
    }
}

fn class_names<'l>(known: &[&str], labels: impl Iterator<Item = &'l u8>) -> Arc<[String]> {
    let highest = labels.copied().max();
    let count = highest.map_or(0, |label| usize::from(label) + 1);
    let count = count.max(known.len());
    (0..count)
        .map(|i| {
            known
                .get(i)
                .map_or_else(|| i.to_string(), |name| name.to_string())
        })
        .collect()
}

/// The files of a dataset: training images, training labels, test images, test labels.
pub(crate) struct Source {
    pub name: String,
    pub parts: [Part; 4],
    pub classes: &'static [&'static str],
    pub notes: Vec<String>,
}

impl Source {
    pub fn find(source: &OsStr) -> Result<Source, DataError> {
        let named = |name: &OsStr| ENTRIES.iter().find(|e| name == e.name);
        if let Some(entry) = named(source) {
            let (parts, notes) = (entry.find)()?;
            return Ok(Source {
                name: entry.name.into(),
                parts,
                classes: &entry.classes,
                notes,
            });
        }
        let path = Path::new(source);
        match path.metadata() {
            Ok(about) if about.is_dir() => {
                let (parts, notes) = folder::find(path)?;
                let entry = path.file_name().and_then(named);
                let classes = entry.map_or(&[][..], |e| &e.classes);
                Ok(Source {
                    name: path.to_string_lossy().into_owned(),
                    parts,
                    classes,
                    notes,
                })
            }
            Ok(_) => Err(not_a_folder(path)),
            Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => {
                Err(DataError::Unknown {
                    name: path.into(),
                    nearest: nearest(&source.to_string_lossy()),
                    known: ENTRIES.iter().map(|e| e.name).collect(),
                })
            }
            Err(reason) => Err(DataError::Io {
                file: path.into(),
                doing: "open",
                reason,
            }),
        }
    }
}

/// Returns an error for a file found in place of a folder, with help if it is an archive.
fn not_a_folder(path: &Path) -> DataError {
    let head = files::open_regular(path).and_then(Peeked::new);
    const WANTED: &str = "a folder that holds the four IDX files";
    match head.map(|peeked| identify_other(&peeked.head, WANTED)) {
        Ok(Some(found)) if found.help.is_some() => DataError::Kind {
            file: path.into(),
            found,
            wanted: WANTED,
        },
        _ => DataError::NotAFolder { file: path.into() },
    }
}
