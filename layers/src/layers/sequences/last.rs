//! The last token.

use super::first::select;
use crate::LayerDef;

/// The last token: `[tokens, features]` to `[features]`. After a recurrent layer, it is the state
/// that has seen the whole sequence. (`x[:, -1]` in PyTorch)
pub const LAST: LayerDef = LayerDef {
    name: "last",
    about: "the last token of a sequence",
    examples: &[("last", &[3, 4]), ("last", &[2, 5])],
    build: |_, build| select(build, |tokens| tokens - 1),
    ..LayerDef::BASE
};
