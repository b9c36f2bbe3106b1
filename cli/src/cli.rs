//! The list of commands.

use std::env;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    check::Check, compare::Compare, completions::Completions, data::Data, eval::Eval,
    export::Export, predict::Predict, registry::Name, report::Report, summary::Summary,
    train::Train,
};
use crate::terminal::Common;

/// One line of text becomes a trained classifier
#[derive(Parser)]
#[command(
    name = "tapeline",
    version,
    max_term_width = 100,
    args_override_self = true,
    after_help = "Example:\n  tapeline train \"conv2d(8, 5, padding=2) relu maxpool2d(2) flatten linear(10)\""
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Train a model
    Train(Train),
    /// Train models side by side, and judge their differences
    Compare(Compare),
    /// Rebuild the report: its models and comparisons, with verdicts
    Report(Report),
    /// Measure a trained model on test data
    Eval(Eval),
    /// Classify images
    Predict(Predict),
    /// Write a trained model for other programs
    Export(Export),
    /// Show the layers of a model: shapes, parameters, multiply-adds
    Summary(Summary),
    /// Check gradients, and what else layers are held to
    Check(Check),
    /// List the layers, or describe one
    #[command(after_help = "Example:\n  tapeline layers conv2d")]
    Layers(Name),
    /// List the optimizers and gradient transforms, or describe one
    #[command(after_help = "Example:\n  tapeline optimizers sgd")]
    Optimizers(Name),
    /// List the learning-rate schedules, or describe one
    #[command(after_help = "Example:\n  tapeline schedules cosine")]
    Schedules(Name),
    /// List the ways of changing training images, or describe one
    #[command(after_help = "Example:\n  tapeline augmentations elastic")]
    Augmentations(Name),
    /// List the losses, or describe one
    #[command(after_help = "Example:\n  tapeline losses cross_entropy")]
    Losses(Name),
    /// List the models that have a name, or describe one
    #[command(after_help = "Example:\n  tapeline presets cnn")]
    Presets(Name),
    /// Print everything that has a name, as a page of Markdown
    #[command(after_help = "Example:\n  tapeline catalogue > catalogue.md")]
    Catalogue,
    /// List data sets, or check their files
    Data(Data),
    /// Print a script that completes commands and options in a shell
    Completions(Completions),
}

impl Cli {
    /// Reads the arguments of the process.
    pub fn read() -> Result<Cli, clap::Error> {
        let command = Cli::command().color(color_asked());
        Cli::from_arg_matches(&command.try_get_matches()?)
    }
}

/// The value of `--color`, for errors in the arguments themselves.
fn color_asked() -> ColorChoice {
    let mut args = env::args_os().skip_while(|arg| arg != "--color").skip(1);
    let asked = args.next().or_else(|| {
        let joined = |arg: std::ffi::OsString| Some(arg.to_str()?.strip_prefix("--color=")?.into());
        env::args_os().find_map(joined)
    });
    match asked.as_ref().and_then(|asked| asked.to_str()) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}
