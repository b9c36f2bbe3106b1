//! Layers that save a value under a name, and layers that use it.
//!
//! They describe what isn't a tree of bodies, such as a U-shaped network: `save(a)` names its input,
//! and `add(a)` or `concat_with(a)`, further on, combine theirs with it. A name is visible in the
//! rest of its chain and in the bodies there, never outside of the body in which it is saved.

pub mod add;
pub mod concat_with;
pub mod save;

use tapeline_spec::{Arg, Args, Name};

use crate::{Build, Refusal, Saved};

const NAME: Arg<Name> = Arg::new("name", "name of the saved value");

/// Returns the value that a layer uses.
fn saved(args: &Args, build: &mut Build) -> Result<Saved, Refusal> {
    let saved = build.saved(&args.get(NAME).0);
    saved.map_err(|refusal| refusal.arg("name"))
}
