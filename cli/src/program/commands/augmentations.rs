//! `tapeline augmentations`, `tapeline augmentations NAME`, `tapeline augmentations show SPEC`

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Subcommand};
use tapeline_data::Augmentation;
use tapeline_experiments::{Error, run::dataset::DataChoice, sheet};

use crate::program::{commands::registry::Name, context::Context, error::CliError, output};

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  tapeline augmentations elastic\n  tapeline augmentations show \"hflip crop(padding=4)\" --data photos --out sheet.png"
)]
pub struct Augmentations {
    #[command(flatten)]
    name: Name,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Draw images before and after augmentation as a contact sheet
    ///
    /// Each row has the first training image of a class, and what the augmentation makes of it in
    /// epochs 1 to 11 of a run with the same seed.
    #[command(
        after_help = "Example:\n  tapeline augmentations show \"shift(2) rotate(10)\" --out sheet.png"
    )]
    Show(Show),
}

#[derive(Args)]
struct Show {
    /// Augmentation in the spec language
    #[arg(value_name = "SPEC")]
    augment: String,
    /// Name, call or path of the dataset [default: mnist]
    #[arg(long, value_name = "DATA")]
    data: Option<OsString>,
    /// Write the contact sheet to this PNG file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Seed of the run
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl Augmentations {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        match &self.action {
            None => self.name.run(&cx.augmentations),
            Some(Action::Show(show)) => show.run(cx),
        }
    }
}

impl Show {
    fn run(&self, cx: &Context) -> Result<(), CliError> {
        let read = Augmentation::read(&self.augment, &cx.augmentations);
        let augmentation = read.map_err(|error| Error::Spec {
            origin: None,
            error,
        })?;
        let choice = DataChoice {
            data: self.data.clone(),
            transpose: None,
        };
        let loaded = choice.choose([])?.load(cx)?;
        sheet::write_augmented(&loaded.train, &augmentation, self.seed, &self.out)?;
        let (name, file) = (&loaded.name, self.out.display());
        output::text(&format!(
            "{name}: {}: written to {file}\n",
            augmentation.short()
        ))
    }
}
