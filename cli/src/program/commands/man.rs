//! `tapeline man FOLDER`

use std::{
    fs,
    io::Result,
    path::{Path, PathBuf},
};

use clap::{Args, ValueHint};
use clap_mangen::Man as Page;
use tapeline_data::atomic;
use tapeline_experiments::Error;

use crate::program::{cli, error::CliError};

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline man ~/.local/share/man/man1")]
pub struct Man {
    /// Folder for the pages, one for each command; created if it does not exist
    #[arg(value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

impl Man {
    pub fn run(&self) -> std::result::Result<(), CliError> {
        write(&self.folder).map_err(|reason| {
            Error::unwritable(format!("{}: cannot write: {reason}", self.folder.display())).into()
        })
    }
}

/// Writes a page for the program and one for each command.
fn write(folder: &Path) -> Result<()> {
    let mut program = cli::command().disable_help_subcommand(true);
    program.build();
    fs::create_dir_all(folder)?;
    let commands = program.get_subcommands().cloned();
    for command in commands.chain([program.clone()]) {
        let page = Page::new(command);
        let mut text = Vec::new();
        page.render(&mut text)?;
        atomic::write(&folder.join(page.get_filename()), &text)?;
    }
    Ok(())
}
