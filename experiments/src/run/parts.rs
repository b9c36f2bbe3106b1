//! The parts of a dataset that a run trains, tests and validates on.

use std::sync::{Mutex, PoisonError};

use tapeline_data::{Dataset, Loaded};

use crate::{
    error::Error,
    settings::{
        Settings,
        fold::Fold,
        held::{Held, SEED},
        origin::Origin,
    },
};

/// The parts of the dataset used for training, testing and validation.
#[derive(Clone)]
pub struct Parts {
    /// The images to train on.
    pub train: Dataset,
    /// The images to test on.
    pub test: Dataset,
    /// The images held out for validation, or the validation data of the dataset.
    pub val: Option<Dataset>,
}

/// The settings that select parts.
type Selection = (Option<Fold>, Option<Held>, Option<usize>);

/// The parts selected so far. Runs with the same selection share the memory of their images.
#[derive(Default)]
pub(crate) struct Selected(Mutex<Vec<(Selection, Parts)>>);

impl Selected {
    /// Returns the parts for some settings.
    ///
    /// # Errors
    /// When the dataset has too few images for them.
    pub fn parts(
        &self,
        settings: &Settings,
        origin: &Origin,
        loaded: &Loaded,
    ) -> Result<Parts, Error> {
        let selection = (settings.fold, settings.val, settings.limit);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, parts)) = all.iter().find(|(other, _)| *other == selection) {
            return Ok(parts.clone());
        }
        let parts = Parts::new(selection, origin, loaded)?;
        all.push((selection, parts.clone()));
        Ok(parts)
    }

    /// Returns the size in memory of the images that were copied for the parts, in bytes.
    pub fn copied(&self) -> usize {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let copied = all.iter().map(|((fold, val, _), parts)| {
            let size = |data: &Dataset| data.images.bytes_in_memory() + data.labels.len();
            let is_copied = fold.is_some() || val.is_some();
            let train = is_copied.then_some(&parts.train);
            let test = fold.map(|_| &parts.test);
            let val = val.and(parts.val.as_ref());
            [train, test, val]
                .into_iter()
                .flatten()
                .map(size)
                .sum::<usize>()
        });
        copied.sum()
    }
}

impl Parts {
    fn new(
        (fold, val, limit): Selection,
        origin: &Origin,
        loaded: &Loaded,
    ) -> Result<Parts, Error> {
        let (mut train, mut test) = (loaded.train.clone(), loaded.test.clone());
        if let Some(fold) = fold {
            let parts = train.fold(fold.part - 1, fold.of, SEED);
            (train, test) = parts
                .map_err(|error| Error::usage(format!("{} {fold}: {error}", origin.of("fold"))))?;
        }
        let mut held = loaded.val.clone();
        if let Some(val) = val {
            let parts = train.split(val.into(), SEED);
            let (rest, part) = parts
                .map_err(|error| Error::usage(format!("{} {val}: {error}", origin.of("val"))))?;
            (train, held) = (rest, Some(part));
        }
        if let Some(count) = limit {
            train = train.limit(count);
        }
        Ok(Parts {
            train,
            test,
            val: held,
        })
    }
}
