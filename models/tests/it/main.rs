//! All tests of the crate in one program, which is linked once, except those that count memory.

mod checkpoint;
mod evaluate;
mod files;
mod gradients;
mod header;
mod metrics;
mod mistakes;
mod presets;
mod torch;
mod warnings;
