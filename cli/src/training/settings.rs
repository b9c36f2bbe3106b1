//! The settings of a run, except the dataset and the seed.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};
use tapeline_data::Augmentation;
use tapeline_layers::NamedLoss;
use tapeline_optim::{Optimizer, Schedule};

use crate::{
    context::Context,
    error::{CliError, in_option},
    model_arg::Source,
    shell,
    stored_path::StoredPath,
    training::{limits, origin::Origin},
};

/// The settings of a run, as they were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A spec.
    pub model: String,
    pub optimizer: String,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::lr"
    )]
    pub lr: Option<f64>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::max_grad_norm"
    )]
    pub max_grad_norm: Option<f64>,
    pub loss: String,
    pub schedule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<String>,
    #[serde(deserialize_with = "limits::epochs")]
    pub epochs: u64,
    #[serde(deserialize_with = "limits::batch_size")]
    pub batch_size: usize,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::val"
    )]
    pub val: Option<usize>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::limit"
    )]
    pub limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<StoredPath>,
}

/// The specs of some settings, parsed.
pub struct Specs {
    /// Where the settings come from.
    pub origin: Origin,
    pub source: Source,
    pub loss: NamedLoss,
    pub optimizer: Optimizer,
    pub schedule: Schedule,
    pub augment: Option<Augmentation>,
}

impl Settings {
    /// Parses all specs, before any data are read.
    pub fn read(&self, origin: Origin, cx: &Context) -> Result<Specs, CliError> {
        let source = Source {
            text: self.model.clone(),
            origin: origin.of_model(),
        };
        source.check(cx)?;
        let loss =
            NamedLoss::read(&self.loss, &cx.losses).map_err(in_option(&origin.of("loss")))?;
        let optimizer = Optimizer::read(&self.optimizer, &cx.optimizers);
        let mut optimizer = optimizer.map_err(in_option(&origin.of("optimizer")))?;
        if let Some(lr) = self.lr {
            optimizer = optimizer
                .with_lr(lr)
                .map_err(|error| CliError::usage(format!("{} {lr}: {error}", origin.of("lr"))))?;
        }
        if let Some(max) = self.max_grad_norm {
            let text = format!("clip_norm({max}) {}", optimizer.full());
            optimizer = Optimizer::read(&text, &cx.optimizers)
                .map_err(in_option(&origin.of("max_grad_norm")))?;
        }
        let schedule = Schedule::read(&self.schedule, &cx.schedules);
        let schedule = schedule.map_err(in_option(&origin.of("schedule")))?;
        if schedule.goes_by_loss() && self.val.is_none() {
            let message = format!(
                "{}: `{}` monitors the validation loss, but no images are held out for validation",
                origin.of("schedule"),
                schedule.short()
            );
            return Err(CliError::usage(message).help("hold out some images: `--val 5000`"));
        }
        let augment = self.augment.as_ref().map(|text| {
            Augmentation::read(text, &cx.augmentations).map_err(in_option(&origin.of("augment")))
        });
        Ok(Specs {
            source,
            loss,
            optimizer,
            schedule,
            augment: augment.transpose()?,
            origin,
        })
    }

    /// Returns the arguments of `train` that select these settings.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = vec![OsString::from(&self.model)];
        let mut option =
            |name: &str, value: OsString| words.extend([format!("--{name}").into(), value]);
        option("epochs", self.epochs.to_string().into());
        option("batch-size", self.batch_size.to_string().into());
        option("optimizer", (&self.optimizer).into());
        option("loss", (&self.loss).into());
        option("schedule", (&self.schedule).into());
        let optional = [
            ("lr", self.lr.map(|lr| lr.to_string().into())),
            (
                "max-grad-norm",
                self.max_grad_norm.map(|max| max.to_string().into()),
            ),
            ("augment", self.augment.as_ref().map(OsString::from)),
            ("val", self.val.map(|val| val.to_string().into())),
            ("limit", self.limit.map(|limit| limit.to_string().into())),
            (
                "weights",
                self.weights
                    .as_ref()
                    .map(|file| shell::operand(file.path())),
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
