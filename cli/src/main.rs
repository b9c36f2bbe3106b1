//! The program `tapeline`, with the built-in names.

use std::process::ExitCode;

fn main() -> ExitCode {
    tapeline::main_with(tapeline::Registries::default())
}
