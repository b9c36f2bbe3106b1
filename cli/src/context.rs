//! What every command is given.

use tapeline_data::{AugmentDef, augmentations};
use tapeline_layers::{LayerDef, LossDef, layers, losses};
use tapeline_models::presets;
use tapeline_optim::{OptimizerDef, ScheduleDef, optimizers, schedules};
use tapeline_spec::{Presets, Registry};

use crate::terminal::{Common, Terminal};

/// Everything that has a name in a spec, and the way to the user.
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
