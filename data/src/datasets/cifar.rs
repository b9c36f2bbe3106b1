//! The binary files of CIFAR-10 and CIFAR-100: records of label bytes and 32x32 pixels in three
//! planes.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{Loaded, Loading, loaded::Part};
use crate::{
    DataError, Images, classes,
    input::{Input, read_error},
    storage::Storage,
};

/// Bytes of an image: red, green and blue planes.
const AREA: usize = 3 * 32 * 32;

/// Describes one of the two formats.
pub(super) struct Format {
    pub train: &'static [&'static str],
    pub test: &'static str,
    /// Label bytes before each image.
    pub labels: usize,
    /// Which of them is the class.
    pub label: usize,
    /// Number of classes.
    pub classes: usize,
    /// The file of their names.
    pub names: &'static str,
}

impl Format {
    pub fn load(&self, loading: &Loading) -> Result<Loaded, DataError> {
        let folder = loading.path;
        let train: Vec<_> = self.train.iter().map(|name| folder.join(name)).collect();
        let (train, test) = DataError::both(
            self.part(&train, &loading.storage),
            self.part(&[folder.join(self.test)], &loading.storage),
        )?;
        let file = folder.join(self.names);
        let names = classes::read(&file)?.unwrap_or_default();
        if !names.is_empty() && names.len() != self.classes {
            let problem = format!("holds {} class names, wanted {}", names.len(), self.classes);
            return Err(DataError::invalid(file, problem));
        }
        let all = (0..self.classes).map(|i| names.get(i).cloned().unwrap_or(i.to_string()));
        Loaded::of(all.collect(), train, None, test)
    }

    /// Reads files one after another.
    fn part(&self, files: &[PathBuf], storage: &Storage) -> Result<Part, DataError> {
        let counts = files.iter().map(|file| self.count(file)).collect();
        let counts: Vec<u64> = DataError::all(counts)?;
        let total = counts.iter().sum::<u64>();
        let mut writer = storage.writer(total * AREA as u64, &files[0])?;
        let mut labels = Vec::new();
        let results = files.iter().zip(counts).map(|(file, count)| {
            self.records(file, count, |record| {
                labels.push(record[self.label]);
                writer.write(&record[self.labels..])
            })
        });
        DataError::all(results.collect())?;
        let images = Images::stored(writer.finish()?, [labels.len(), 3, 32, 32]);
        Ok(Part::of_file(images, labels, &files[0]))
    }

    fn record(&self) -> usize {
        self.labels + AREA
    }

    /// Returns the number of records of a file, by its length.
    fn count(&self, file: &Path) -> Result<u64, DataError> {
        let length = Input::open_found(file)?.length;
        let Some(length) = length else {
            let problem = "is gzipped, wanted a CIFAR file";
            return Err(DataError::invalid(file, problem).help("unpack it with `gunzip`"));
        };
        let record = self.record() as u64;
        match length {
            0 => Err(DataError::NoImages { file: file.into() }),
            _ if length.is_multiple_of(record) => Ok(length / record),
            _ => Err(DataError::invalid(
                file,
                format!("{length} bytes are not a whole number of records of {record} bytes"),
            )),
        }
    }

    /// Passes each record of a file to `each`.
    fn records(
        &self,
        file: &Path,
        count: u64,
        mut each: impl FnMut(&[u8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut reader = Input::open_found(file)?.reader;
        let mut record = vec![0; self.record()];
        for i in 0..count {
            reader
                .read_exact(&mut record)
                .map_err(|reason| match reason.kind() {
                    ErrorKind::UnexpectedEof => {
                        DataError::invalid(file, "became shorter while it was read")
                    }
                    _ => read_error(file, reason),
                })?;
            let label = record[self.label];
            if usize::from(label) >= self.classes {
                return Err(DataError::Label {
                    file: file.into(),
                    label,
                    position: i as usize,
                    classes: self.classes,
                });
            }
            each(&record)?;
        }
        Ok(())
    }
}
