//! `tapeline predict`

use std::{
    ffi::OsString,
    io::{self, BufRead},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use tapeline_data::files;
use tapeline_experiments::{Messages, run::model::ModelArg};
use tapeline_models::shape_text;

use crate::program::{
    classifier::{Classifier, Form},
    context::Context,
    error::{CliError, DATA},
    folder::Folder,
    options::SizeArgs,
    pictures::{FitWhen, Pictures, Treatment},
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline predict @runs/1 photo.jpg\n  tapeline predict @runs/2 seven.png --invert --resize\n  find photos -name '*.png' | tapeline predict @runs/1 - --csv"
)]
pub struct Predict {
    /// `@` and the path of a run or model file; or a spec with --weights
    model: OsString,
    /// Pictures or IDX files, or folders of them; `-` reads paths from standard input, one per line
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Weights of the model: a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    sizes: SizeArgs,
    /// Invert the brightness, for dark ink on light paper
    #[arg(long)]
    invert: bool,
    /// Resize to the model's input, padding with the border's brightness
    #[arg(long)]
    resize: bool,
    /// Prepare a digit in a photo as MNIST's: auto, always or never [default: auto, which is for
    /// models of mnist and pictures of another size; without a value: always]
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, hide_possible_values = true, default_missing_value = "always")]
    fit: Option<FitWhen>,
    /// Swap rows and columns [default: false; for IDX files, as in the run]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, hide_possible_values = true, default_missing_value = "true")]
    transpose: Option<bool>,
    /// Enter the subfolders of folders
    #[arg(long)]
    recursive: bool,
    /// Print JSON, one line per image
    #[arg(long)]
    json: bool,
    /// Print CSV: file, index in an IDX file, class, its name, and the probability of each class
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Predict {
    /// Classifies the images of each file. A bad file is reported, and the others are still
    /// classified.
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        if self.fit == Some(FitWhen::Always) && (self.invert || self.resize) {
            let other = if self.invert { "invert" } else { "resize" };
            return Err(
                CliError::usage(format!("--fit can't be combined with --{other}"))
                    .help("`--fit` inverts and resizes as needed"),
            );
        }
        let model = ModelArg::read(&self.model, cx)?;
        model.expect_weights(self.weights.as_deref())?;
        if let Some(note) = model.note().filter(|_| self.weights.is_none()) {
            cx.terminal.note(&note);
        }
        let transpose_idx = model
            .run()
            .is_some_and(|run| run.config.record.data.transpose);
        let trained = model.trained(self.weights.as_deref(), self.sizes.sizes(), cx)?;
        let input = &trained.model.plan.input;
        let shape = input.as_slice().try_into().map_err(|_| {
            CliError::usage(format!(
                "the model takes {}, which is not the shape of an image",
                shape_text(input)
            ))
        })?;
        let treatment = Treatment {
            transpose: self.transpose,
            transpose_idx,
            invert: self.invert,
            resize: self.resize,
            fit: self.fit.unwrap_or_default(),
            preparation: trained.labels.preparation,
        };
        treatment.expect_fit(shape)?;
        let begun = Instant::now();
        let form = match (self.json, self.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => Form::Text,
        };
        let mut work = Work {
            shape,
            treatment,
            recursive: self.recursive,
            classifier: Classifier::new(&trained, form, self.invert),
            bad: false,
            cx,
        };
        for path in &self.images {
            match path.as_os_str() == "-" {
                true => work.listed()?,
                false => work.path(path)?,
            }
        }
        work.classifier.flush()?;
        let images = work.classifier.done;
        work.classifier.unusual.warn(images, cx);
        if images > 1 && form == Form::Text {
            let seconds = begun.elapsed().as_secs_f64();
            let each = images as f64 / seconds;
            cx.terminal.note(&format!(
                "{images} images in {seconds:.2} s, {each:.0} images/s"
            ));
        }
        match work.bad {
            true => Err(CliError::Reported(DATA)),
            false => Ok(()),
        }
    }
}

/// What is done with each path.
struct Work<'w> {
    shape: [usize; 3],
    treatment: Treatment,
    recursive: bool,
    classifier: Classifier<'w>,
    /// Whether an error was reported.
    bad: bool,
    cx: &'w Context,
}

impl Work<'_> {
    /// Classifies the images at the paths that standard input lists.
    fn listed(&mut self) -> Result<(), CliError> {
        let mut any = false;
        for line in io::stdin().lock().split(b'\n') {
            let line = line.map_err(|reason| {
                CliError::data(format!("standard input: cannot read: {reason}"))
            })?;
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if !line.is_empty() {
                any = true;
                self.path(&path_of(line))?;
            }
        }
        match any {
            true => Ok(()),
            false => Err(CliError::data("standard input: has no paths of pictures")),
        }
    }

    /// Classifies the images in a file or folder.
    fn path(&mut self, path: &Path) -> Result<(), CliError> {
        let is_folder = path.is_dir();
        let files = match is_folder {
            true => self.folder(path),
            false => Ok(vec![path.to_path_buf()]),
        };
        for file in self.reported(files)?.unwrap_or_default() {
            let opened = match is_folder {
                true => files::open_regular(&file),
                false => files::open(&file),
            };
            let pictures = Pictures::read(&file, opened, self.shape, &self.treatment);
            if let Some(pictures) = self.reported(pictures)? {
                self.classifier.add(&file, &pictures)?;
            }
        }
        Ok(())
    }

    /// Returns the pictures in a folder.
    fn folder(&self, path: &Path) -> Result<Vec<PathBuf>, CliError> {
        let Folder { pictures, others } = Folder::read(path, self.recursive)?;
        let skipped = match others {
            0 => return Ok(pictures),
            1 => "1 file that is not a picture".into(),
            n => format!("{n} files that are not pictures"),
        };
        self.cx
            .terminal
            .warn(&format!("{}: skipped {skipped}", path.display()));
        Ok(pictures)
    }

    /// Reports an error in a file and returns `None`, so that the remaining files are still
    /// processed. Other errors are returned.
    fn reported<T>(&mut self, result: Result<T, CliError>) -> Result<Option<T>, CliError> {
        match result {
            Err(error @ CliError::Failed(_)) => {
                self.cx.terminal.error(&error);
                self.bad = true;
                Ok(None)
            }
            result => result.map(Some),
        }
    }
}

/// Returns the path on a line, which need not be valid Unicode.
fn path_of(line: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        std::ffi::OsStr::from_bytes(line).into()
    }
    #[cfg(not(unix))]
    String::from_utf8_lossy(line).into_owned().into()
}
