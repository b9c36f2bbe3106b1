//! A loaded dataset.

use std::{path::PathBuf, sync::Arc};

use tapeline_spec::printable;

use super::{Loading, args::holdout};
use crate::{
    DataError, Dataset, Holdout, Images, Preparation, dataset::expect_counts, storage::Storage,
};

/// Training, validation and test data of a dataset.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The dataset as it was named: its name, call or path.
    pub name: String,
    /// Training data; not empty.
    pub train: Dataset,
    /// Validation data, if the dataset has such a part; not empty, with the same shape and classes
    /// as the training data.
    pub val: Option<Dataset>,
    /// Test data; not empty, with the same shape and classes as the training data.
    pub test: Dataset,
    /// The file of each test image; empty if the images aren't in files of their own.
    pub test_files: Vec<PathBuf>,
    /// Notes for the user about choices made while loading, one sentence each.
    pub notes: Vec<String>,
    /// What is valid but probably wrong in the data, one sentence each.
    pub warnings: Vec<String>,
    /// How the images were prepared, and other pictures should be.
    pub preparation: Preparation,
}

/// Images and labels of one part of a dataset, and the files they come from, for messages.
pub(crate) struct Part {
    pub images: Images,
    pub labels: Vec<u8>,
    pub images_file: PathBuf,
    pub labels_file: PathBuf,
}

impl Part {
    /// Returns a part whose images and labels come from the same file.
    pub fn of_file(images: Images, labels: Vec<u8>, file: impl Into<PathBuf>) -> Self {
        let file = file.into();
        Part {
            images,
            labels,
            images_file: file.clone(),
            labels_file: file,
        }
    }

    /// Splits off test data.
    fn split(
        self,
        (holdout, seed): (Holdout, u64),
        storage: &Storage,
    ) -> Result<(Part, Part), DataError> {
        expect_counts(&self.images, &self.labels, &self.labels_file)?;
        let (train, test) = holdout.split(&self.labels, seed)?;
        let part = |indices: &[usize]| {
            Ok(Part {
                images: self.images.select(indices, storage)?,
                labels: indices.iter().map(|&i| self.labels[i]).collect(),
                images_file: self.images_file.clone(),
                labels_file: self.labels_file.clone(),
            })
        };
        Ok((part(&train)?, part(&test)?))
    }

    fn dataset(self, classes: &Arc<[String]>) -> Result<Dataset, DataError> {
        let file = &self.labels_file;
        let data = Dataset::of(self.images, self.labels.into(), classes.clone(), file)?;
        match data.is_empty() {
            true => Err(DataError::NoImages {
                file: self.images_file,
            }),
            false => Ok(data),
        }
    }
}

impl Loaded {
    /// Creates a dataset from training and test data, without notes. The name is set by the
    /// caller.
    pub fn new(train: Dataset, test: Dataset) -> Self {
        Loaded {
            name: String::new(),
            train,
            val: None,
            test,
            test_files: Vec::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
            preparation: Preparation::None,
        }
    }

    /// Puts the parts of a dataset together, and notes unusual labels.
    ///
    /// # Errors
    /// Returns an error if a part is empty, images and labels don't match, a label isn't one of
    /// the classes, or the parts differ in shape.
    pub(crate) fn of(
        classes: Arc<[String]>,
        train: Part,
        val: Option<Part>,
        test: Part,
    ) -> Result<Self, DataError> {
        let files = [&train, &test].map(|part| part.labels_file.display().to_string());
        let wanted = train.images.shape();
        for part in val.iter().chain([&test]) {
            let found = part.images.shape();
            if part.images.count() > 0 && train.images.count() > 0 && found != wanted {
                return Err(DataError::Shape {
                    file: part.images_file.clone(),
                    wanted,
                    found,
                });
            }
        }
        let mut loaded = Loaded::new(train.dataset(&classes)?, test.dataset(&classes)?);
        loaded.val = val.map(|val| val.dataset(&classes)).transpose()?;
        let notes = loaded.about_classes(files);
        loaded.notes = notes.iter().map(|note| printable(note)).collect();
        Ok(loaded)
    }

    /// Same as [`of`](Loaded::of), for a dataset that may have no test data: some of the training
    /// data are then split off as the arguments [`TEST`](super::args::TEST) and
    /// [`SEED`](super::args::SEED) say, which a note reports.
    pub(crate) fn of_parts(
        classes: Arc<[String]>,
        train: Part,
        val: Option<Part>,
        test: Option<Part>,
        loading: &Loading,
    ) -> Result<Self, DataError> {
        match test {
            Some(test) => Loaded::of(classes, train, val, test),
            None => {
                let all = train.images.count();
                let (train, test) = train.split(holdout(loading.args), &loading.storage)?;
                let note = split_note(test.images.count(), all);
                let mut loaded = Loaded::of(classes, train, val, test)?;
                loaded.notes.push(note);
                Ok(loaded)
            }
        }
    }

    /// Returns all parts with their names: `training`, `validation` if there is one, and `test`.
    pub fn parts(&self) -> Vec<(&'static str, &Dataset)> {
        let val = self.val.as_ref().map(|val| ("validation", val));
        let parts = [("training", &self.train)].into_iter().chain(val);
        parts.chain([("test", &self.test)]).collect()
    }

    /// Returns the lowest label in training and test data: 0, unless labels start at 1.
    ///
    /// Classes are numbered from 0.
    pub fn lowest_label(&self) -> u8 {
        let labels = self.train.labels.iter().chain(&*self.test.labels);
        labels.copied().min().unwrap_or(0)
    }

    /// Returns notes about unusual labels; `train` and `test` are the files of labels.
    fn about_classes(&self, [train, test]: [String; 2]) -> Vec<String> {
        let mut notes = Vec::new();
        let (count, lowest) = (self.train.classes.len(), self.lowest_label());
        let is_number = |(i, name): (usize, &String)| *name == i.to_string();
        if self.train.classes.iter().enumerate().all(is_number) {
            for (data, file) in [(&self.train, &train), (&self.test, &test)] {
                let highest = |&label: &u8| usize::from(label) + 1 == count;
                let position = data.labels.iter().position(highest);
                // A single wrong byte can add many classes.
                if let Some(position) = position.filter(|_| count > 10) {
                    let label = count - 1;
                    notes.push(format!(
                        "{file}: label {label} at position {position} is the highest: {count} classes"
                    ));
                    break;
                }
            }
            if lowest > 0 {
                notes.push(format!(
                    "{train}: labels begin at {lowest}; classes are counted from 0, so the first have no images: subtract {lowest} from each label"
                ));
            }
        }
        let has = |data: &Dataset, class: usize| data.labels.contains(&(class as u8));
        let unseen = (0..count).filter(|&class| has(&self.test, class) && !has(&self.train, class));
        let unseen: Vec<_> = unseen.map(|class| &*self.train.classes[class]).collect();
        if !unseen.is_empty() {
            let unseen = unseen.join(", ");
            notes.push(format!(
                "{test}: labels that no training image has: {unseen}"
            ));
        }
        notes
    }
}

/// Returns the note about test data that were split off.
pub(crate) fn split_note(count: usize, all: usize) -> String {
    format!(
        "no test data: {count} of {all} images are split off for testing, in the same proportions of classes"
    )
}
