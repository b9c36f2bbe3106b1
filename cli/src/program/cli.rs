//! The command-line interface: all commands and how arguments are parsed.

use std::{
    env,
    io::{self, Write},
};

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::program::commands::{
    augmentations::Augmentations, check::Check, compare::Compare, completions::Completions,
    data::Data, eval::Eval, export::Export, fmt::Fmt, man::Man, predict::Predict, registry::Name,
    report::Report, runs::Runs, summary::Summary, train::Train,
};
use tapeline_experiments::{escape, shell};

use crate::program::{
    error::{CliError, USAGE},
    terminal::{Common, Terminal},
};

/// The name of the program in the examples below.
const NAME: &str = "tapeline";

/// Train neural networks described in one line of text
#[derive(Parser)]
#[command(
    name = NAME,
    version,
    max_term_width = 100,
    args_override_self = true,
    after_help = "If an option is given more than once, the last value is used; lists are joined.\n\nExample:\n  tapeline train \"conv2d(8, 5, padding=2) relu maxpool2d(2) flatten linear(10)\""
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
    /// Train several models and compare their results
    Compare(Compare),
    /// Reproduce the report: train its models and test its claims
    Report(Report),
    /// List runs with their figures
    Runs(Runs),
    /// Evaluate a trained model on test data
    Eval(Eval),
    /// Classify images
    Predict(Predict),
    /// Export a trained model to ONNX, PyTorch or safetensors
    Export(Export),
    /// Show the layers of a model: shapes, parameters, multiply-adds
    Summary(Summary),
    /// Check the gradients and other invariants of layers
    Check(Check),
    /// Lay out spec files in the canonical way
    Fmt(Fmt),
    /// List the layers, or describe one
    #[command(after_help = "Example:\n  tapeline layers conv2d")]
    Layers(Name),
    /// List the optimizers and gradient transforms, or describe one
    #[command(after_help = "Example:\n  tapeline optimizers sgd")]
    Optimizers(Name),
    /// List the learning-rate schedules, or describe one
    #[command(after_help = "Example:\n  tapeline schedules cosine")]
    Schedules(Name),
    /// List the image augmentations, describe one, or draw what they do
    Augmentations(Augmentations),
    /// List the losses, or describe one
    #[command(after_help = "Example:\n  tapeline losses cross_entropy")]
    Losses(Name),
    /// List the presets (predefined models), or describe one
    #[command(after_help = "Example:\n  tapeline presets cnn")]
    Presets(Name),
    /// Print the descriptions of all layers, losses, … as Markdown
    #[command(after_help = "Example:\n  tapeline catalogue > catalogue.md")]
    Catalogue,
    /// List or describe datasets; verify or show one
    Data(Data),
    /// Generate a shell completion script
    Completions(Completions),
    /// Write manual pages
    Man(Man),
}

impl Cli {
    /// Parses the arguments of the process. `version` is that of a program with names of its own.
    pub fn read(version: Option<&str>) -> Result<Cli, clap::Error> {
        let mut command = command().color(color_asked());
        if let Some(version) = version {
            let ours = env!("CARGO_PKG_VERSION");
            command = command.version(format!("{version} (tapeline {ours})"));
        }
        Cli::from_arg_matches(&command.try_get_matches()?)
    }
}

/// Returns the commands and their options, under the name of the running program.
pub fn command() -> clap::Command {
    let name = shell::program();
    renamed(Cli::command(), name).name(name)
}

/// Replaces the name of the program in the examples of a command and its subcommands.
fn renamed(command: clap::Command, name: &str) -> clap::Command {
    let examples = command.get_after_help().map(ToString::to_string);
    let command = match examples {
        Some(examples) => command.after_help(examples.replace(NAME, name)),
        None => command,
    };
    command.mut_subcommands(|command| renamed(command, name))
}

/// Prints what clap returned instead of arguments: help or the version on stdout, an error in the
/// arguments on stderr.
///
/// # Errors
/// When stdout can't be written, or, with the exit code for usage errors, when the arguments are
/// wrong.
pub fn tell(error: &clap::Error, terminal: &Terminal) -> Result<(), CliError> {
    if !error.use_stderr() {
        let written = error.print().and_then(|()| io::stdout().flush());
        return Ok(written?);
    }
    let is_clean = |arg: &str| escape::terminal(arg) == arg;
    if env::args_os().all(|arg| arg.to_str().is_some_and(is_clean)) {
        // In colour. A closed stderr must not change the exit code.
        let _ = error.print();
    } else {
        let plain = error.render().to_string();
        plain.lines().for_each(|line| terminal.line(line));
    }
    Err(CliError::Reported(USAGE))
}

/// Returns the value of `--color`, which is needed to show errors in the arguments themselves.
pub fn color_asked() -> ColorChoice {
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

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use clap::ArgAction;

    use super::*;

    /// Values such that every option accepts one of them.
    const VALUES: [&str; 11] = [
        "2", "1x28x28", "2GB", "never", "30s", "2/5", "*: 2", "x", "true", "false", "scale",
    ];

    /// Arguments that some options require in addition.
    const BESIDE: [&[&str]; 6] = [
        &[],
        &["x"],
        &["x", "x"],
        &["x", "x", "--weights=x"],
        &["show", "x"],
        &["bash"],
    ];

    /// If an option is given twice, the last value is used, for every option of every command; those
    /// of lists are joined.
    #[test]
    fn of_an_option_that_is_given_twice_the_last_value_counts() {
        let mut cli = Cli::command();
        cli.build();
        let mut options = 0;
        for command in cli
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
        {
            let name = command.get_name();
            for arg in command
                .get_arguments()
                .filter(|arg| arg.get_long().is_some())
            {
                let long = format!("--{}", arg.get_long().unwrap());
                let read = |words: &[&str]| {
                    let read = |beside: &&[&str]| {
                        let words = [&["tapeline", name], *beside, words].concat();
                        Cli::command().try_get_matches_from(words).ok()
                    };
                    BESIDE.iter().find_map(read)
                };
                match arg.get_action() {
                    ArgAction::SetTrue => {
                        assert!(read(&[&long, &long]).is_some(), "{name} {long}");
                    }
                    action @ (ArgAction::Set | ArgAction::Append) => {
                        let given = |value: &str| match arg.is_require_equals_set() {
                            true => vec![format!("{long}={value}")],
                            false => vec![long.clone(), value.into()],
                        };
                        let read = |values: &[&str]| {
                            let words: Vec<_> = values.iter().flat_map(|v| given(v)).collect();
                            read(&words.iter().map(String::as_str).collect::<Vec<_>>())
                        };
                        let reads = |value: &&&str| read(&[value]).is_some();
                        let value = VALUES.iter().find(reads);
                        let value = *value.unwrap_or_else(|| panic!("no value for {name} {long}"));
                        let other = VALUES.iter().rfind(reads).unwrap();
                        let matches = read(&[other, value]);
                        let matches = matches.unwrap_or_else(|| panic!("{name} {long} twice"));
                        let mut matches = &matches;
                        while let Some((_, inner)) = matches.subcommand() {
                            matches = inner;
                        }
                        let found: Vec<_> =
                            matches.get_raw(arg.get_id().as_str()).unwrap().collect();
                        let wanted = match action {
                            ArgAction::Append => vec![OsStr::new(other), OsStr::new(value)],
                            _ => vec![OsStr::new(value)],
                        };
                        assert_eq!(found, wanted, "{name} {long}");
                    }
                    ArgAction::Help | ArgAction::Version => continue,
                    other => panic!("{name} {long}: {other:?}"),
                }
                options += 1;
            }
        }
        assert!(options > 50, "{options}");
    }
}
