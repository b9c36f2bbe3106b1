//! `tapeline predict`

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;
use tapeline_data::Images;
use tapeline_models::{TrainedModel, predict, shape_text};
use tapeline_tensor::Tensor;

use crate::{
    context::Context,
    error::{CliError, Kind},
    model_arg::ModelArg,
    numbers::{Shape, shape},
    output,
    pictures::{Pictures, Treatment},
    table::percent,
};

/// Images that are classified at once.
const BATCH: usize = 200;

/// Classes that are shown to people, the likeliest first.
const SHOWN: usize = 3;

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline predict @runs/1 seven.png --invert --resize")]
pub struct Predict {
    /// `@` and the path of a run or a model file; a spec with --weights
    model: OsString,
    /// PNG, JPEG or IDX files
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Weights for the model, in a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Shape of the input of a spec
    #[arg(long, value_name = "SHAPE", value_parser = shape, default_value = "1x28x28", requires = "weights")]
    input: Shape,
    /// Make dark what is light: for ink on paper
    #[arg(long)]
    invert: bool,
    /// Scale to the model's size, keeping the aspect, padded with the border's brightness
    #[arg(long)]
    resize: bool,
    /// Swap rows and columns of the images (EMNIST stores them so)
    #[arg(long)]
    transpose: bool,
    /// Print JSON, a line for each image
    #[arg(long)]
    json: bool,
}

impl Predict {
    /// Classifies the images of each file. A bad file is told, and the others are classified all the same.
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let model = ModelArg::read(&self.model)?;
        model.expect_weights(self.weights.as_deref())?;
        let trained = model.trained(self.weights.as_deref(), &self.input.0, &[], cx)?;
        let input = &trained.model.plan.input;
        let shape = input.as_slice().try_into().map_err(|_| {
            CliError::usage(format!(
                "the model takes {}, which is no image",
                shape_text(input)
            ))
        })?;
        let mut bad = false;
        for file in &self.images {
            match self.classify(file, shape, &trained, cx) {
                Err(error @ CliError::Plain { .. }) => {
                    cx.terminal.error(&error);
                    bad = true;
                }
                done => done?,
            }
        }
        match bad {
            true => Err(CliError::Reported(Kind::Data as u8)),
            false => Ok(()),
        }
    }

    fn classify(
        &self,
        file: &Path,
        shape: [usize; 3],
        trained: &TrainedModel,
        cx: &Context,
    ) -> Result<(), CliError> {
        let treatment = Treatment {
            transpose: self.transpose,
            invert: self.invert,
            resize: self.resize,
        };
        let Pictures {
            images,
            numbered,
            dark_on_light,
        } = Pictures::read(file, shape, &treatment)?;
        if 2 * dark_on_light > images.count() {
            let what = if numbered {
                "most images show"
            } else {
                "shows"
            };
            let advice = "`--invert` if the model has learned light on dark";
            cx.terminal.warn(&format!(
                "{}: {what} something dark on a light ground; {advice}",
                file.display()
            ));
        }
        for start in (0..images.count()).step_by(BATCH) {
            let batch = images.range(start..images.count().min(start + BATCH));
            let found = predict(&trained.model, &trained.params, tensor(&batch, trained));
            for (i, probabilities) in found.rows().into_iter().enumerate() {
                let index = numbered.then_some(start + i);
                let probabilities = probabilities.to_vec();
                let prediction =
                    Prediction::new(file, index, probabilities, &trained.labels.classes);
                match self.json {
                    true => output::json(&prediction)?,
                    false => output::text(&prediction.text(&trained.labels.classes))?,
                }
            }
        }
        Ok(())
    }
}

fn tensor(images: &Images, trained: &TrainedModel) -> Tensor {
    let [channels, rows, cols] = images.shape();
    let pixels = images
        .bytes()
        .iter()
        .map(|&pixel| trained.labels.normalisation.apply(pixel))
        .collect();
    Tensor::from_shape_vec(vec![images.count(), channels, rows, cols], pixels)
        .unwrap_or_else(|e| unreachable!("images have this many pixels: {e}"))
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
        let index = self
            .index
            .map_or_else(String::new, |index| format!("[{index}]"));
        let likeliest = ranked(&self.probabilities).into_iter().take(SHOWN);
        let shown: Vec<_> = likeliest
            .map(|class| {
                format!(
                    "{} {}",
                    classes[class],
                    percent(self.probabilities[class].into())
                )
            })
            .collect();
        format!("{}{index}: {}\n", self.file, shown.join("  "))
    }
}

/// The classes, the likeliest first; equals in their order.
fn ranked(probabilities: &[f32]) -> Vec<usize> {
    let mut classes: Vec<_> = (0..probabilities.len()).collect();
    classes.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    classes
}
