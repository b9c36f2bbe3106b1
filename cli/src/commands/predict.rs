//! `tapeline predict`

use std::{
    ffi::OsString,
    mem,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use serde::Serialize;
use tapeline_data::files;
use tapeline_experiments::{
    Messages, error::not_finite, escape, run::model::ModelArg, table::percent,
};
use tapeline_models::{Subject, TrainedModel, predict, shape_text};
use tapeline_tensor::Tensor;

use crate::{
    context::Context,
    error::{CliError, DATA},
    folder::Folder,
    options::SizeArgs,
    output,
    pictures::{Pictures, Treatment},
};

/// Number of images per batch.
const BATCH: usize = 200;

/// Number of most likely classes in the text output.
const SHOWN: usize = 3;

/// Maximum width of a class name in columns.
const WIDEST: usize = 60;

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline predict @runs/1 seven.png --invert --resize")]
pub struct Predict {
    /// `@` and the path of a run or model file; or a spec with --weights
    model: OsString,
    /// Pictures or IDX files, or folders of them
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Weights of the model: a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    sizes: SizeArgs,
    /// Invert the brightness, for dark ink on light paper
    #[arg(long)]
    invert: bool,
    /// Resize to the model's input, padding with the border's brightness
    #[arg(long)]
    resize: bool,
    /// Swap rows and columns [default: false; for IDX files, as in the run]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, hide_possible_values = true, default_missing_value = "true")]
    transpose: Option<bool>,
    /// Print JSON, one line per image
    #[arg(long)]
    json: bool,
}

impl Predict {
    /// Classifies the images of each file. A bad file is reported, and the others are still
    /// classified.
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let model = ModelArg::read(&self.model, cx)?;
        model.expect_weights(self.weights.as_deref())?;
        if let Some(note) = model.note().filter(|_| self.weights.is_none()) {
            cx.terminal.note(&note);
        }
        let treatment = Treatment {
            transpose: self.transpose,
            transpose_idx: model
                .run()
                .is_some_and(|run| run.config.record.data.transpose),
            invert: self.invert,
            resize: self.resize,
        };
        let trained = model.trained(self.weights.as_deref(), self.sizes.sizes(), cx)?;
        let input = &trained.model.plan.input;
        let shape = input.as_slice().try_into().map_err(|_| {
            CliError::usage(format!(
                "the model takes {}, which is not the shape of an image",
                shape_text(input)
            ))
        })?;
        let begun = Instant::now();
        let mut classifier = Classifier {
            trained: &trained,
            json: self.json,
            waiting: Vec::new(),
            pixels: Vec::new(),
            done: 0,
        };
        let mut bad = false;
        for path in &self.images {
            let is_folder = path.is_dir();
            let files = match is_folder {
                true => self.folder(path, cx),
                false => Ok(vec![path.clone()]),
            };
            let files = reported(files, &mut bad, cx)?.unwrap_or_default();
            for file in &files {
                let opened = match is_folder {
                    true => files::open_regular(file),
                    false => files::open(file),
                };
                let pictures = Pictures::read(file, opened, shape, &treatment);
                let pictures = reported(pictures, &mut bad, cx)?;
                if let Some(pictures) = pictures {
                    warn_of_ink(file, &pictures, self.invert, cx);
                    classifier.add(file, &pictures)?;
                }
            }
        }
        classifier.flush()?;
        if classifier.done > 1 && !self.json {
            let (images, seconds) = (classifier.done, begun.elapsed().as_secs_f64());
            let each = images as f64 / seconds;
            cx.terminal.note(&format!(
                "{images} images in {seconds:.2} s, {each:.0} images/s"
            ));
        }
        match bad {
            true => Err(CliError::Reported(DATA)),
            false => Ok(()),
        }
    }

    /// Returns the pictures in a folder.
    fn folder(&self, path: &Path, cx: &Context) -> Result<Vec<PathBuf>, CliError> {
        let Folder { pictures, others } = Folder::read(path)?;
        let skipped = match others {
            0 => return Ok(pictures),
            1 => "1 file that is not a picture".into(),
            n => format!("{n} files that are not pictures"),
        };
        cx.terminal
            .warn(&format!("{}: skipped {skipped}", path.display()));
        Ok(pictures)
    }
}

/// Reports an error in a file and returns `None`, so that the remaining files are still processed.
/// Other errors are returned.
fn reported<T>(
    result: Result<T, CliError>,
    bad: &mut bool,
    cx: &Context,
) -> Result<Option<T>, CliError> {
    match result {
        Err(error @ CliError::Failed(_)) => {
            cx.terminal.error(&error);
            *bad = true;
            Ok(None)
        }
        result => result.map(Some),
    }
}

fn warn_of_ink(file: &Path, pictures: &Pictures, inverted: bool, cx: &Context) {
    if 2 * pictures.dark_on_light <= pictures.images.count() {
        return;
    }
    let what = match pictures.numbered {
        true => "most images show",
        false => "shows",
    };
    let advice = match inverted {
        true => "omit `--invert` if the model was trained on light on dark",
        false => "use `--invert` if the model was trained on light on dark",
    };
    cx.terminal.warn(&format!(
        "{}: {what} dark content on a light background; {advice}",
        file.display()
    ));
}

/// Classifies images in batches that may span several files, and prints the results in order.
struct Classifier<'t> {
    trained: &'t TrainedModel,
    json: bool,
    /// The images of the next batch: the file, and the index in it if it is an IDX file.
    waiting: Vec<(PathBuf, Option<usize>)>,
    pixels: Vec<f32>,
    done: usize,
}

impl Classifier<'_> {
    fn add(&mut self, file: &Path, pictures: &Pictures) -> Result<(), CliError> {
        let normalisation = self.trained.labels.normalisation;
        for i in 0..pictures.images.count() {
            let plane = pictures.images.rows() * pictures.images.cols();
            let planes = pictures.images.pixels(i).chunks(plane).enumerate();
            self.pixels.extend(planes.flat_map(|(channel, plane)| {
                let pixels = plane.iter();
                pixels.map(move |&pixel| normalisation.apply(pixel, channel))
            }));
            self.waiting
                .push((file.into(), pictures.numbered.then_some(i)));
            if self.waiting.len() == BATCH {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Classifies the waiting images.
    fn flush(&mut self) -> Result<(), CliError> {
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
        for ((file, index), probabilities) in self.waiting.drain(..).zip(found.rows()) {
            let prediction = Prediction::new(&file, index, probabilities.to_vec(), &labels.classes);
            match self.json {
                true => output::json(&prediction)?,
                false => output::text(&prediction.text(&labels.classes))?,
            }
            self.done += 1;
        }
        Ok(())
    }
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
