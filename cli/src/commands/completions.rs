//! `tapeline completions SHELL`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{cli::Cli, error::CliError, output};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline completions bash > ~/.local/share/bash-completion/completions/tapeline"
)]
pub struct Completions {
    /// Shell that will run the script
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "tapeline", &mut script);
        output::raw(&String::from_utf8_lossy(&script))
    }
}
