//! Shell completion: the shell calls the program itself, so that completions know the registered
//! names and the runs on disk.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use clap::{Arg, Command};
use clap_complete::{
    ArgValueCompleter, CompleteEnv, CompletionCandidate, PathCompleter, engine::ValueCompleter,
    env::Shells,
};
use tapeline_experiments::{Registries, run::files::CONFIG, shell};
use tapeline_spec::{Named, Presets, Registry};

use crate::program::{cli, error::CliError};

/// The environment variable by which a shell asks for completions.
const VAR: &str = "TAPELINE_COMPLETE";

/// Removes `@`, which begins the names of runs, from the characters at which bash splits words.
const BASH: &str = "COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}\n";

/// The names in a registry, with their descriptions.
type Names = Vec<(&'static str, &'static str)>;

/// Answers the shell and exits, if it asks for completions.
pub fn answer(registries: &Registries) {
    if env::var_os(VAR).is_some() {
        CompleteEnv::with_factory(|| command(registries))
            .var(VAR)
            .complete();
    }
}

/// Returns the script that makes a shell ask for completions.
///
/// # Errors
/// If the shell is unknown.
pub fn script(shell: &str) -> Result<String, CliError> {
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(shell) else {
        let known: Vec<_> = shells.names().collect();
        let message = format!("{shell}: unknown shell, wanted {}", known.join(", "));
        return Err(CliError::usage(message));
    };
    let mut script = Vec::new();
    let name = shell::program();
    completer.write_registration(VAR, name, name, name, &mut script)?;
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(match shell {
        "bash" => script + BASH,
        _ => script,
    })
}

/// Returns the command line with completers for values.
fn command(known: &Registries) -> Command {
    cli::command().mut_subcommands(|command| {
        let name = command.get_name().to_string();
        let command = command
            .mut_subcommands(|command| command.mut_args(|arg| completed(arg, "data", known)));
        command.mut_args(|arg| completed(arg, &name, known))
    })
}

/// Adds a completer to an argument of a command, if its values have one.
fn completed(arg: Arg, command: &str, known: &Registries) -> Arg {
    let (presets, layers) = (presets(&known.presets), names(&known.layers));
    let named = |names: Names| ArgValueCompleter::new(move |word: &OsStr| spec(word, &names));
    let completer = match (arg.get_id().as_str(), command) {
        ("name", "layers") => named(layers),
        ("name", "optimizers") | ("optimizer", _) => named(names(&known.optimizers)),
        ("name", "schedules") | ("schedule", _) => named(names(&known.schedules)),
        ("name", "augmentations") | ("augment", _) => named(names(&known.augmentations)),
        ("name", "losses") | ("loss", _) => named(names(&known.losses)),
        ("name", "presets") => named(presets),
        ("data" | "datasets", _) | ("name", "data") => {
            let names = names(&known.datasets);
            ArgValueCompleter::new(move |word: &OsStr| {
                let paths = PathCompleter::any().complete(word);
                spec(word, &names).into_iter().chain(paths).collect()
            })
        }
        ("model" | "models", _) => {
            let names = [presets, layers].concat();
            ArgValueCompleter::new(move |word: &OsStr| match word.to_str() {
                Some(text) if text.starts_with('@') => marked(&text[1..]),
                Some("") => marked("runs/")
                    .into_iter()
                    .chain(spec(word, &names))
                    .collect(),
                _ => spec(word, &names),
            })
        }
        _ => return arg,
    };
    arg.add(completer)
}

fn names<D: Named>(registry: &Registry<D>) -> Names {
    registry
        .iter()
        .map(|def| (def.name(), def.about()))
        .collect()
}

fn presets(presets: &Presets) -> Names {
    let presets = presets.iter();
    presets.map(|preset| (preset.name, preset.about)).collect()
}

/// Completes the last name of a spec.
fn spec(word: &OsStr, names: &Names) -> Vec<CompletionCandidate> {
    let Some(text) = word.to_str() else {
        return Vec::new();
    };
    let begin = text
        .rfind(|c: char| " [|{*".contains(c))
        .map_or(0, |at| at + 1);
    let (before, last) = text.split_at(begin);
    let matching = names.iter().filter(|(name, _)| name.starts_with(last));
    let candidate = |(name, about): &(&str, &'static str)| {
        CompletionCandidate::new(format!("{before}{name}")).help(Some((*about).into()))
    };
    matching.map(candidate).collect()
}

/// Completes a path after `@`: folders, runs, and files that hold models or specs.
fn marked(text: &str) -> Vec<CompletionCandidate> {
    let (folder, last) = text
        .rsplit_once('/')
        .map_or(("", text), |(folder, last)| (folder, last));
    let place = match (folder, text.starts_with('/')) {
        ("", true) => Path::new("/"),
        ("", false) => Path::new("."),
        (folder, _) => Path::new(folder),
    };
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let mut paths: Vec<(OsString, PathBuf)> = entries
        .map(|entry| (entry.file_name(), entry.path()))
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with(last) && (!name.starts_with('.') || last.starts_with('.'))
        })
        .collect();
    paths.sort();
    let before = &text[..text.len() - last.len()];
    let candidate = |(name, path): (OsString, PathBuf)| {
        let mut word = OsString::from(format!("@{before}"));
        word.push(name);
        if path.is_dir() && !path.join(CONFIG).exists() {
            word.push("/");
        }
        CompletionCandidate::new(word)
    };
    paths.into_iter().map(candidate).collect()
}
