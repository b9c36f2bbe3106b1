//! Datasets of picture files whose labels are known before the files are read.

use std::{collections::HashMap, mem, path::Path, path::PathBuf, sync::Arc};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use tapeline_spec::printable;

use super::{
    Loaded, Loading,
    args::holdout,
    loaded::{Part, split_note},
    picture_args::Wanted,
};
use crate::{
    DataError, Images,
    pictures::{Frame, read_all},
};

/// A picture file with its class.
#[derive(Clone)]
pub(super) struct Listed {
    pub file: PathBuf,
    pub label: u8,
}

/// The picture files of a dataset.
pub(super) struct Lists<'a> {
    pub classes: Arc<[String]>,
    /// Training, validation and test data; the last two may be empty.
    pub parts: [Vec<Listed>; 3],
    /// The file or folder that lists them.
    pub origin: &'a Path,
}

impl Lists<'_> {
    /// Reads all pictures, after splitting off test data if there are none.
    ///
    /// # Errors
    /// Returns an error that names every picture that can't be read, unless they are skipped.
    pub fn load(mut self, loading: &Loading) -> Result<Loaded, DataError> {
        let wanted = Wanted::of(loading.args, self.origin)?;
        let (mut notes, mut warnings) = (Vec::new(), Vec::new());
        self.expect_test_data(loading, &mut notes)?;
        let frame = wanted.frame(&self.parts, &mut notes);
        let (images, damaged) = self.read(frame, loading)?;
        match &damaged[..] {
            [first, ..] if wanted.skip_damaged => warnings.push(format!(
                "skipped pictures that can't be read: {}; the first: {first}",
                damaged.len()
            )),
            _ => _ = DataError::all::<()>(damaged.into_iter().map(Err).collect())?,
        }
        warnings.extend(self.duplicates(&images));

        let parts = images.into_iter().zip(&self.parts).map(|(images, list)| {
            let labels = list.iter().map(|listed| listed.label).collect();
            Part::of_file(images, labels, self.origin)
        });
        let Ok([train, val, test]) = <[Part; 3]>::try_from(parts.collect::<Vec<_>>()) else {
            unreachable!("there are three parts");
        };
        let val = Some(val).filter(|val| !val.labels.is_empty());
        let mut loaded = Loaded::of(self.classes, train, val, test)?;
        let [.., test] = self.parts;
        loaded.test_files = test.into_iter().map(|listed| listed.file).collect();
        loaded.notes.extend(notes);
        let shown = warnings.iter().map(|warning| printable(warning));
        loaded.warnings.extend(shown);
        Ok(loaded)
    }

    /// Splits off test data if there are none.
    fn expect_test_data(
        &mut self,
        loading: &Loading,
        notes: &mut Vec<String>,
    ) -> Result<(), DataError> {
        let [train, _, test] = &mut self.parts;
        if train.is_empty() {
            return Err(DataError::NoImages {
                file: self.origin.into(),
            });
        }
        if test.is_empty() {
            let labels: Vec<u8> = train.iter().map(|listed| listed.label).collect();
            let (holdout, seed) = holdout(loading.args);
            let (rest, held) = holdout.split(&labels, seed)?;
            notes.push(split_note(held.len(), labels.len()));
            let all = mem::take(train);
            let chosen = |indices: &[usize]| indices.iter().map(|&i| all[i].clone()).collect();
            (*train, *test) = (chosen(&rest), chosen(&held));
        }
        Ok(())
    }

    /// Reads the pictures of all parts, and removes those that can't be read from the lists. Also
    /// returns the errors of those.
    fn read(
        &mut self,
        frame: Frame,
        loading: &Loading,
    ) -> Result<([Images; 3], Vec<DataError>), DataError> {
        let all = self.parts.iter().map(Vec::len).sum();
        let (mut first, mut damaged) = (0, Vec::new());
        let mut read = |list: &mut Vec<Listed>| {
            let files: Vec<_> = list.iter().map(|listed| &*listed.file).collect();
            let progress = [first, all];
            let (images, errors) = read_all(&files, frame, loading, progress)?;
            first += files.len();
            for &(i, _) in errors.iter().rev() {
                list.remove(i);
            }
            damaged.extend(errors.into_iter().map(|(_, error)| error));
            Ok(images)
        };
        let [train, val, test] = &mut self.parts;
        let images = [read(train)?, read(val)?, read(test)?];
        Ok((images, damaged))
    }

    /// Returns a warning for each part that has the same pixels as the training data.
    fn duplicates(&self, images: &[Images; 3]) -> Vec<String> {
        let [train, val, test] = images.each_ref().map(sums);
        // Of equal images, the first is named.
        let places: HashMap<_, _> = train.iter().zip(&self.parts[0]).rev().collect();
        let others = [
            ("validation", val, &self.parts[1]),
            ("test", test, &self.parts[2]),
        ];
        let warning = |(name, sums, list): (&str, Vec<[u8; 32]>, &Vec<Listed>)| {
            let found = sums.iter().zip(list);
            let mut twice = found.filter_map(|(sum, listed)| Some((places.get(sum)?, listed)));
            let (one, other) = twice.next()?;
            let (one, other) = (one.file.display(), other.file.display());
            let rest = match twice.count() {
                0 => String::new(),
                more => format!(" ({more} more)"),
            };
            Some(format!(
                "the same picture is in training and {name} data: {one} and {other}{rest}"
            ))
        };
        others.into_iter().filter_map(warning).collect()
    }
}

/// Returns the checksum of the pixels of each image.
fn sums(images: &Images) -> Vec<[u8; 32]> {
    let indices = (0..images.count()).into_par_iter();
    indices
        .map(|i| Sha256::digest(images.pixels(i)).into())
        .collect()
}
