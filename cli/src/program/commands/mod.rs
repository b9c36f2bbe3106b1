//! The commands, one file each.

pub mod augmentations;
pub mod check;
pub mod compare;
pub mod completions;
pub mod data;
pub mod eval;
pub mod export;
pub mod fmt;
pub mod man;
pub mod predict;
pub mod registry;
pub mod report;
pub mod runs;
pub mod study;
pub mod summary;
pub mod train;

use crate::program::{
    cli::{self, Command},
    context::Context,
    error::CliError,
    output,
};

/// Runs a command, or prints the help if there is none.
pub fn run(command: Option<Command>, cx: &Context) -> Result<(), CliError> {
    match command {
        None => output::text(&cli::command().render_help().to_string()),
        Some(Command::Train(args)) => args.run(cx),
        Some(Command::Compare(args)) => args.run(cx),
        Some(Command::Report(args)) => args.run(cx),
        Some(Command::Runs(args)) => args.run(cx),
        Some(Command::Eval(args)) => args.run(cx),
        Some(Command::Predict(args)) => args.run(cx),
        Some(Command::Export(args)) => args.run(cx),
        Some(Command::Summary(args)) => args.run(cx),
        Some(Command::Check(args)) => args.run(cx),
        Some(Command::Fmt(args)) => args.run(cx),
        Some(Command::Layers(name)) => name.run(&cx.layers),
        Some(Command::Optimizers(name)) => name.run(&cx.optimizers),
        Some(Command::Schedules(name)) => name.run(&cx.schedules),
        Some(Command::Augmentations(args)) => args.run(cx),
        Some(Command::Losses(name)) => name.run(&cx.losses),
        Some(Command::Presets(name)) => name.run(&registry::presets(&cx.presets)?),
        Some(Command::Catalogue) => output::text(&registry::catalogue(cx)?),
        Some(Command::Data(args)) => args.run(cx),
        Some(Command::Completions(args)) => args.run(),
        Some(Command::Man(args)) => args.run(),
    }
}
