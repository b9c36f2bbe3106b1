//! The command line of Tapeline: trains neural networks described in one line of text.
//!
//! It reads arguments and files, calls the libraries, and prints the results. Results go to stdout,
//! everything else to stderr.
//!
//! | module | contents |
//! |---|---|
//! | [`cli`] | the list of commands |
//! | [`commands`] | the commands, one file each |
//! | [`completion`] | shell completion |
//! | [`context`] | state passed to every command: the registries, the terminal |
//! | [`error`] | errors that end the program, and their exit codes |
//! | [`options`], [`numbers`] | options of several commands; parsers of numeric options |
//! | [`terminal`], [`output`] | stderr and stdout |
//! | [`progress`], [`lines`] | the progress of a run |
//! | [`board`] | the progress of a study |
//! | [`signals`] | Ctrl-C, SIGTERM and SIGHUP |
//! | [`folder`], [`pictures`] | the pictures in a folder, and in a file |
//! | [`classifier`], [`unusual`] | classification of pictures; warnings about them |

mod board;
mod classifier;
mod cli;
mod commands;
mod completion;
mod context;
mod error;
mod folder;
mod lines;
mod numbers;
mod options;
mod output;
mod pictures;
mod progress;
mod signals;
mod terminal;
mod unusual;

use std::{
    env,
    ffi::OsStr,
    panic::{self, AssertUnwindSafe},
    path::Path,
    process::ExitCode,
};

use tapeline_experiments::{Registries, escape, shell};

use crate::program::{
    cli::Cli,
    context::Context,
    error::CliError,
    terminal::{Common, Terminal},
};

/// Runs the command line of `tapeline` with the names in `registries`, for the arguments of this
/// process. Help, messages and completions use the name of the running executable.
///
/// ```no_run
/// use std::process::ExitCode;
/// use tapeline::{
///     Registries,
///     layers::{Build, Ctx, Element, Layer, LayerDef, layers},
///     tensor::Var,
/// };
///
/// const DOUBLE: LayerDef = LayerDef {
///     name: "double",
///     about: "doubles each value",
///     examples: &[("double", &[5])],
///     build: |_, build: &mut Build| Ok(build.same_shape(Double)),
///     ..LayerDef::BASE
/// };
///
/// struct Double;
///
/// impl<T: Element> Layer<T> for Double {
///     fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
///         x + x
///     }
/// }
///
/// fn main() -> ExitCode {
///     let layers = layers().with(DOUBLE).expect("`double` is not a built-in layer");
///     tapeline::main_with(Registries { layers, ..Registries::default() })
/// }
/// ```
///
/// The exit code is that of `tapeline`: 0 for success, 1 for a bug or a failed check, 2 for wrong
/// arguments, 3 for data that can't be used, 4 for a model file that can't, 5 for a value that is
/// not finite, 6 for a file that can't be written.
pub fn main_with(registries: Registries) -> ExitCode {
    let program = Program {
        registries,
        ..Program::default()
    };
    program.main()
}

/// The command line of `tapeline` with names and a version of your own. [`main_with`] is the short
/// form.
///
/// ```no_run
/// use std::process::ExitCode;
/// use tapeline::{Program, Registries};
///
/// fn main() -> ExitCode {
///     Program {
///         registries: Registries::default(),
///         version: Some(env!("CARGO_PKG_VERSION")),
///     }
///     .main()
/// }
/// ```
#[derive(Clone, Default)]
pub struct Program {
    /// The names that specs may use.
    pub registries: Registries,
    /// The version that `--version` prints, followed by that of Tapeline. Without it, Tapeline's is
    /// printed alone.
    pub version: Option<&'static str>,
}

impl Program {
    /// Runs the command that the arguments of this process name, and returns the exit code.
    pub fn main(self) -> ExitCode {
        // A panic is a bug. Its message has already been printed; only the exit code remains.
        let ran = panic::catch_unwind(AssertUnwindSafe(|| self.run()));
        ran.unwrap_or(ExitCode::from(error::PANIC))
    }

    fn run(self) -> ExitCode {
        if let Some(name) = name() {
            shell::set_program(name);
        }
        completion::answer(&self.registries);
        let cli = match Cli::read(self.version) {
            Ok(cli) => cli,
            Err(error) => {
                let terminal = Terminal::new(&Common::new(cli::color_asked()));
                return ended(cli::tell(&error, &terminal), &terminal);
            }
        };
        let cx = Context::new(&cli.common, self.registries);
        ended(commands::run(cli.command, &cx), &cx.terminal)
    }
}

/// Returns the name of the running executable, if it can be shown.
fn name() -> Option<String> {
    let path = env::args_os().next()?;
    let name = Path::new(&path).file_name().and_then(OsStr::to_str)?;
    let name = name.strip_suffix(env::consts::EXE_SUFFIX).unwrap_or(name);
    (escape::terminal(name) == name).then(|| name.into())
}

fn ended(result: Result<(), CliError>, terminal: &Terminal) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.error(&error);
            error.exit_code()
        }
    }
}
