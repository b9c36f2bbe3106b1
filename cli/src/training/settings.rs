//! What one training depends on, beside the data and the seed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tapeline_data::Augmentation;
use tapeline_layers::{NamedLoss, loss};
use tapeline_optim::{Optimizer, Schedule};

use crate::{
    context::Context,
    error::{CliError, in_option},
    model_arg::Source,
};

/// The options of one training, as they were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A spec.
    pub model: String,
    pub optimizer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_grad_norm: Option<f64>,
    pub loss: String,
    pub schedule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<String>,
    pub epochs: u64,
    pub batch_size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
}

/// The texts of some settings, understood.
pub struct Specs<'r> {
    pub source: Source,
    pub loss: NamedLoss,
    pub optimizer: Optimizer<'r>,
    pub schedule: Schedule,
    pub augment: Option<Augmentation>,
}

impl Settings {
    /// Reads all texts, before any data. `origin` is the file that the model's spec is from.
    pub fn read<'r>(&self, origin: Option<String>, cx: &'r Context) -> Result<Specs<'r>, CliError> {
        let source = Source {
            text: self.model.clone(),
            origin,
        };
        source.check(cx)?;
        let loss = loss::read(&self.loss, &cx.losses).map_err(in_option("--loss", &self.loss))?;
        let optimizer = Optimizer::read(&self.optimizer, &cx.optimizers);
        let mut optimizer = optimizer.map_err(in_option("--optimizer", &self.optimizer))?;
        if let Some(lr) = self.lr {
            optimizer = optimizer
                .with_lr(lr)
                .map_err(|error| CliError::usage(format!("--lr {lr}: {error}")))?;
        }
        if let Some(max) = self.max_grad_norm {
            let text = format!("clip_norm({max}) {}", optimizer.full());
            optimizer = Optimizer::read(&text, &cx.optimizers)
                .map_err(in_option("--max-grad-norm", &text))?;
        }
        let schedule = Schedule::read(&self.schedule, &cx.schedules);
        let schedule = schedule.map_err(in_option("--schedule", &self.schedule))?;
        if schedule.goes_by_loss() && self.val.is_none() {
            let message = format!(
                "--schedule: `{}` goes by the validation loss, and no images are held out for that",
                schedule.short()
            );
            return Err(CliError::usage(message).help("hold some out: `--val 5000`"));
        }
        let augment = self.augment.as_ref().map(|text| {
            Augmentation::read(text, &cx.augmentations).map_err(in_option("--augment", text))
        });
        Ok(Specs {
            source,
            loss,
            optimizer,
            schedule,
            augment: augment.transpose()?,
        })
    }

    /// The arguments with which `train` has these settings.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.model.clone()];
        let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
        option("epochs", self.epochs.to_string());
        option("batch-size", self.batch_size.to_string());
        option("optimizer", self.optimizer.clone());
        option("loss", self.loss.clone());
        option("schedule", self.schedule.clone());
        let optional = [
            ("lr", self.lr.map(|lr| lr.to_string())),
            (
                "max-grad-norm",
                self.max_grad_norm.map(|max| max.to_string()),
            ),
            ("augment", self.augment.clone()),
            ("val", self.val.map(|val| val.to_string())),
            ("limit", self.limit.map(|limit| limit.to_string())),
            (
                "weights",
                self.weights.as_ref().map(|file| file.display().to_string()),
            ),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                option(name, value);
            }
        }
        words
    }
}
