//! `tapeline completions SHELL`

use clap::Args;
use clap_complete::Shell;

use crate::program::{completion, error::CliError, output};

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
        output::raw(&completion::script(&self.shell.to_string())?)
    }
}
