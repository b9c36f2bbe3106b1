//! The images that a model gets wrong, for a page that shows them: the highest losses first, with
//! what the model looks at.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use tapeline_data::{Images, Loaded, atomic};
use tapeline_layers::NamedLoss;
use tapeline_models::{
    Mistake, NotFinite, TrainedModel,
    mistakes::{mistakes, occlusion},
};

use crate::{error::Error, page};

/// Maximum number of images on a page.
const SHOWN: usize = 60;

/// The misclassified images of a test set with the highest loss.
pub struct Mistakes {
    /// The dataset.
    pub data: String,
    /// The class names.
    pub classes: Vec<String>,
    /// Number of test images.
    pub images: usize,
    /// Number of misclassified images.
    pub wrong: usize,
    /// Those with the highest loss, by cell of the confusion matrix.
    pub cells: Vec<Cell>,
}

/// A cell of the confusion matrix.
pub struct Cell {
    /// The true class.
    pub class: usize,
    /// The predicted class.
    pub predicted: usize,
    /// Number of its images.
    pub images: usize,
    /// Those that are shown, the highest loss first.
    pub shown: Vec<Shown>,
}

/// A misclassified image.
pub struct Shown {
    /// What the model made of it.
    pub mistake: Mistake,
    /// Its file, if it has one of its own.
    pub file: Option<PathBuf>,
    /// The image itself, as a set of one.
    pub image: Images,
    /// By how much the probability of the predicted class falls where the image is covered.
    pub occlusion: Array2<f32>,
}

impl Mistakes {
    /// Finds the misclassified test images, on the current threads.
    ///
    /// # Errors
    /// If the model's output for an image isn't finite.
    pub fn find(
        trained: &TrainedModel,
        loss: &NamedLoss,
        loaded: &Loaded,
    ) -> Result<Self, NotFinite> {
        let TrainedModel {
            model,
            params,
            labels,
        } = trained;
        let (test, scale) = (&loaded.test, labels.normalisation);
        let mut found = mistakes(model, params, &*loss.loss, test, scale)?;
        let mut mistakes = Mistakes {
            data: loaded.name.clone(),
            classes: test.classes.to_vec(),
            images: test.len(),
            wrong: found.len(),
            cells: Vec::new(),
        };
        let cell = |mistake: &Mistake| (mistake.class, mistake.predicted);
        let all: Vec<_> = found.iter().map(cell).collect();
        found.truncate(SHOWN);
        for mistake in found {
            let (class, predicted) = cell(&mistake);
            let index = mistake.index;
            let shown = Shown {
                file: loaded.test_files.get(index).cloned(),
                image: test.images.range(index..index + 1),
                occlusion: occlusion(model, params, test, index, predicted, scale)?,
                mistake,
            };
            let is_cell = |cell: &&mut Cell| (cell.class, cell.predicted) == (class, predicted);
            match mistakes.cells.iter_mut().find(is_cell) {
                Some(cell) => cell.shown.push(shown),
                None => mistakes.cells.push(Cell {
                    class,
                    predicted,
                    images: all
                        .iter()
                        .filter(|&&other| other == (class, predicted))
                        .count(),
                    shown: vec![shown],
                }),
            }
        }
        // The most frequent first; among equals, in the order of the highest loss.
        mistakes
            .cells
            .sort_by_key(|cell| std::cmp::Reverse(cell.images));
        Ok(mistakes)
    }

    /// Returns how many of the misclassified images are shown, as text.
    pub fn count(&self) -> String {
        let shown: usize = self.cells.iter().map(|cell| cell.shown.len()).sum();
        let (wrong, images) = (self.wrong, self.images);
        match shown == wrong {
            true => format!("all {wrong} misclassified images of {images}"),
            false => format!(
                "{shown} of {wrong} misclassified images, those with the highest loss, of {images}"
            ),
        }
    }

    /// Writes a page that shows them, as one HTML file.
    ///
    /// # Errors
    /// If the file can't be written; an existing one is then unchanged.
    pub fn write(&self, file: &Path) -> Result<(), Error> {
        let page = page::mistakes(self);
        let fail =
            |reason| Error::unwritable(format!("{}: cannot write: {reason}", file.display()));
        atomic::write(file, page.as_bytes()).map_err(fail)
    }
}
