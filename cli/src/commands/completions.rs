//! `tapeline completions SHELL`

use clap::{Args, Command};
use clap_complete::Shell;

use crate::{error::CliError, output};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline completions bash > ~/.local/share/bash-completion/completions/tapeline"
)]
pub struct Completions {
    /// Shell that will run the script
    shell: Shell,
}

impl Completions {
    /// Prints the script for a `program`.
    pub fn run(&self, mut program: Command) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "tapeline", &mut script);
        output::raw(&String::from_utf8_lossy(&script))
    }
}
