//! What every experiment needs besides its settings: the registries of names, and where messages
//! go.

use std::{ops::Deref, path::PathBuf};

use tapeline_data::{AugmentDef, DatasetDef, augmentations, datasets};
use tapeline_layers::{LayerDef, LossDef, layers, losses};
use tapeline_models::presets;
use tapeline_optim::{OptimizerDef, ScheduleDef, optimizers, schedules};
use tapeline_spec::{Presets, Registry, SpecError};

/// Receives notes and warnings, which a program may show. Nothing fails because of them.
pub trait Messages: Sync {
    /// Information about a choice that was made.
    fn note(&self, text: &str);
    /// A setting that is valid but probably unintended.
    fn warn(&self, text: &str);
    /// Warnings at places in a spec; `origin` is the file that contains it.
    fn warn_spec(&self, origin: Option<&str>, warnings: &SpecError);
    /// The number of picture files read so far, of `all`. It is called on any thread.
    fn reading(&self, done: usize, all: usize) {
        let _ = (done, all);
    }
}

/// Ignores all messages.
struct Silent;

impl Messages for Silent {
    fn note(&self, _: &str) {}
    fn warn(&self, _: &str) {}
    fn warn_spec(&self, _: Option<&str>, _: &SpecError) {}
}

/// The registries of all names that specs may use. The default has the built-in names. Each field
/// can be extended with names of your own:
///
/// ```
/// use tapeline_experiments::Registries;
/// use tapeline_models::presets;
/// use tapeline_spec::Preset;
///
/// const MINI: Preset = Preset {
///     name: "mini",
///     text: "flatten linear(8) relu linear(classes)",
///     about: "a network of 8 hidden units",
/// };
///
/// let registries = Registries { presets: presets().with(MINI)?, ..Registries::default() };
/// let run = tapeline_experiments::train("mini").registries(registries).limit(200).epochs(1).run()?;
/// assert_eq!(run.model.model.plan.output, [10]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Registries {
    /// Layers by name.
    pub layers: Registry<LayerDef>,
    /// Predefined models.
    pub presets: Presets,
    /// Losses by name.
    pub losses: Registry<LossDef>,
    /// Optimizers and gradient transforms by name.
    pub optimizers: Registry<OptimizerDef>,
    /// Learning-rate schedules by name.
    pub schedules: Registry<ScheduleDef>,
    /// Image augmentations by name.
    pub augmentations: Registry<AugmentDef>,
    /// Datasets by name.
    pub datasets: Registry<DatasetDef>,
}

impl Default for Registries {
    fn default() -> Self {
        Registries {
            layers: layers(),
            presets: presets(),
            losses: losses(),
            optimizers: optimizers(),
            schedules: schedules(),
            augmentations: augmentations(),
            datasets: datasets(),
        }
    }
}

/// The registries of names, and the receiver of messages. The default has the built-in names, and
/// ignores messages. The fields of its [`Registries`] can be read as if they were its own.
pub struct Context {
    /// The names that specs may use.
    pub registries: Registries,
    /// Folder for temporary files with the pixels of datasets that exceed the memory limit; without
    /// it, they are refused.
    pub cache: Option<PathBuf>,
    /// Receives notes and warnings.
    pub messages: Box<dyn Messages + Send>,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            registries: Registries::default(),
            cache: None,
            messages: Box::new(Silent),
        }
    }
}

impl Deref for Context {
    type Target = Registries;

    fn deref(&self) -> &Registries {
        &self.registries
    }
}
