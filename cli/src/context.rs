//! State that is passed to every command.

use tapeline_data::{AugmentDef, augmentations};
use tapeline_layers::{LayerDef, LossDef, layers, losses};
use tapeline_models::presets;
use tapeline_optim::{OptimizerDef, ScheduleDef, optimizers, schedules};
use tapeline_spec::{Presets, Registry};

use crate::terminal::{Common, Terminal};

/// The registries of all names that specs may use, and the terminal.
pub struct Context {
    pub terminal: Terminal,
    pub layers: Registry<LayerDef>,
    pub presets: Presets,
    pub losses: Registry<LossDef>,
    pub optimizers: Registry<OptimizerDef>,
    pub schedules: Registry<ScheduleDef>,
    pub augmentations: Registry<AugmentDef>,
}

impl Context {
    pub fn new(common: &Common) -> Self {
        Context {
            terminal: Terminal::new(common),
            layers: layers(),
            presets: presets(),
            losses: losses(),
            optimizers: optimizers(),
            schedules: schedules(),
            augmentations: augmentations(),
        }
    }
}
