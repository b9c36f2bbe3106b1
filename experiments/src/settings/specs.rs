//! The specs in the settings, parsed.

use tapeline_data::Augmentation;
use tapeline_layers::NamedLoss;
use tapeline_optim::{Optimizer, Schedule};

use crate::{
    context::Context,
    error::{Error, in_option},
    settings::{Settings, origin::Origin, source::Source},
};

/// The specs of some settings, parsed.
pub struct Specs {
    /// Where the settings come from.
    pub origin: Origin,
    /// The spec of the model, checked as far as possible without an input shape.
    pub source: Source,
    /// The loss.
    pub loss: NamedLoss,
    /// The optimizer, with the learning rate and the clipping of the settings.
    pub optimizer: Optimizer,
    /// The learning-rate schedule.
    pub schedule: Schedule,
    /// The augmentation of the training images.
    pub augment: Option<Augmentation>,
}

impl Specs {
    /// Parses all specs, before any data are read.
    ///
    /// # Errors
    /// When one is invalid, or they don't fit together.
    pub fn read(settings: &Settings, origin: Origin, cx: &Context) -> Result<Self, Error> {
        let source = Source {
            text: settings.model.clone(),
            origin: origin.of_model(),
            name: None,
        };
        source.check(cx)?;
        let loss =
            NamedLoss::read(&settings.loss, &cx.losses).map_err(in_option(&origin.of("loss")))?;
        let mut optimizer = Optimizer::read(&settings.optimizer, &cx.optimizers)
            .map_err(in_option(&origin.of("optimizer")))?;
        if let Some(lr) = settings.lr {
            optimizer = optimizer
                .with_lr(lr)
                .map_err(|error| Error::usage(format!("{} {lr}: {error}", origin.of("lr"))))?;
        }
        if let Some(max) = settings.max_grad_norm {
            let text = format!("clip_norm({max}) {}", optimizer.full());
            optimizer = Optimizer::read(&text, &cx.optimizers)
                .map_err(in_option(&origin.of("max_grad_norm")))?;
        }
        let schedule = Schedule::read(&settings.schedule, &cx.schedules)
            .map_err(in_option(&origin.of("schedule")))?;
        let augment = settings.augment.as_ref().map(|text| {
            Augmentation::read(text, &cx.augmentations).map_err(in_option(&origin.of("augment")))
        });
        let augment = augment.transpose()?;
        if augment.as_ref().is_some_and(Augmentation::mixes) {
            loss.expect_mixed().map_err(in_option(&origin.of("loss")))?;
        }
        Ok(Specs {
            source,
            loss,
            optimizer,
            schedule,
            augment,
            origin,
        })
    }
}
