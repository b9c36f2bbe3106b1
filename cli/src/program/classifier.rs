//! Classification of pictures in batches, and output of the results.

use std::{
    mem,
    path::{Path, PathBuf},
};

use serde::Serialize;
use tapeline_experiments::{error::not_finite, escape, table::percent};
use tapeline_models::{Subject, TrainedModel, predict};
use tapeline_tensor::Tensor;

use crate::program::{error::CliError, output, pictures::Pictures, unusual::Unusual};

/// Number of images per batch.
const BATCH: usize = 200;

/// Number of most likely classes in the text output.
const SHOWN: usize = 3;

/// Maximum width of a class name in columns.
const WIDEST: usize = 60;

/// The form of the results.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines of text.
    Text,
    /// Lines of JSON.
    Json,
    /// A table in CSV.
    Csv,
}

/// Classifies images in batches that may span several files, and prints the results in order.
pub struct Classifier<'t> {
    trained: &'t TrainedModel,
    form: Form,
    /// The images of the next batch: the file, and the index in it if it is an IDX file.
    waiting: Vec<(PathBuf, Option<usize>)>,
    pixels: Vec<f32>,
    /// What is unusual about the images so far.
    pub unusual: Unusual<'t>,
    /// Number of images classified so far.
    pub done: usize,
}

impl<'t> Classifier<'t> {
    pub fn new(trained: &'t TrainedModel, form: Form, inverted: bool) -> Self {
        Classifier {
            trained,
            form,
            waiting: Vec::new(),
            pixels: Vec::new(),
            unusual: Unusual::new(&trained.labels, inverted),
            done: 0,
        }
    }

    /// Adds the images of a file.
    pub fn add(&mut self, file: &Path, pictures: &Pictures) -> Result<(), CliError> {
        let normalisation = self.trained.labels.normalisation;
        for (i, picture) in pictures.iter().enumerate() {
            let index = pictures.numbered.then_some(i);
            self.unusual
                .look_at(&picture, place(&file.display().to_string(), index));
            let planes = picture.pixels.chunks(pictures.plane()).enumerate();
            self.pixels.extend(planes.flat_map(|(channel, plane)| {
                let pixels = plane.iter();
                pixels.map(move |&pixel| normalisation.apply(pixel, channel))
            }));
            self.waiting.push((file.into(), index));
            if self.waiting.len() == BATCH {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Classifies the waiting images.
    pub fn flush(&mut self) -> Result<(), CliError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let TrainedModel {
            model,
            params,
            labels,
        } = self.trained;
        let shape = [&[self.waiting.len()], &model.plan.input[..]].concat();
        let images = Tensor::from_shape_vec(shape, mem::take(&mut self.pixels));
        let images = images.unwrap_or_else(|e| unreachable!("images have the model's shape: {e}"));
        let found = predict(model, params, images).map_err(|found| {
            let sample = match found.subject {
                Subject::Output { sample } => sample,
                _ => 0,
            };
            let (file, index) = &self.waiting[sample];
            not_finite(place(&file.display().to_string(), *index), &found)
        })?;
        if self.form == Form::Csv && self.done == 0 {
            output::raw(&header(&labels.classes))?;
        }
        for ((file, index), probabilities) in self.waiting.drain(..).zip(found.rows()) {
            let prediction = Prediction::new(&file, index, probabilities.to_vec(), &labels.classes);
            match self.form {
                Form::Json => output::json(&prediction)?,
                Form::Csv => output::raw(&prediction.csv())?,
                Form::Text => output::text(&prediction.text(&labels.classes))?,
            }
            self.done += 1;
        }
        Ok(())
    }
}

/// Returns the header of a CSV table: the fields of a prediction, and each class.
fn header(classes: &[String]) -> String {
    let fields = ["file", "index", "class", "name"].map(String::from);
    let classes = classes.iter().map(|class| escape::csv(class));
    line(fields.into_iter().chain(classes))
}

fn line(fields: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<_> = fields.into_iter().collect();
    fields.join(",") + "\n"
}

#[derive(Serialize)]
struct Prediction<'a> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    class: usize,
    name: &'a str,
    probabilities: Vec<f32>,
}

impl<'a> Prediction<'a> {
    fn new(
        file: &Path,
        index: Option<usize>,
        probabilities: Vec<f32>,
        classes: &'a [String],
    ) -> Self {
        let class = ranked(&probabilities)[0];
        Prediction {
            file: file.display().to_string(),
            index,
            class,
            name: &classes[class],
            probabilities,
        }
    }

    fn text(&self, classes: &[String]) -> String {
        let likeliest = ranked(&self.probabilities).into_iter().take(SHOWN);
        let shown: Vec<_> = likeliest
            .map(|class| {
                format!(
                    "{} {}",
                    escape::cut(&classes[class], WIDEST),
                    percent(self.probabilities[class].into())
                )
            })
            .collect();
        let place = escape::terminal(&place(&self.file, self.index));
        format!("{place}: {}\n", shown.join("  "))
    }

    fn csv(&self) -> String {
        let index = self
            .index
            .map_or_else(String::new, |index| index.to_string());
        let fields = [
            escape::csv(&self.file),
            index,
            self.class.to_string(),
            escape::csv(self.name),
        ];
        let probabilities = self.probabilities.iter().map(f32::to_string);
        line(fields.into_iter().chain(probabilities))
    }
}

/// Names an image for people: its file, with the index if it is in an IDX file.
fn place(file: &str, index: Option<usize>) -> String {
    let index = index.map_or_else(String::new, |index| format!("[{index}]"));
    format!("{file}{index}")
}

/// Returns the classes in order of decreasing probability; ties keep their order.
fn ranked(probabilities: &[f32]) -> Vec<usize> {
    let mut classes: Vec<_> = (0..probabilities.len()).collect();
    classes.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    classes
}
