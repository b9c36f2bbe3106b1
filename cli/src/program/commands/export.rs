//! `tapeline export`

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use tapeline_experiments::{Error, Messages, run::model::ModelArg};
use tapeline_models::{
    onnx::{self, OnnxError, Options},
    page::{self, PageError},
    save,
    torch::{self, TorchError},
};

use crate::program::{context::Context, error::CliError, options::SizeArgs};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline export @runs/1 model.onnx --uint8 --softmax\n  tapeline export @runs/1 model.py\n  tapeline export @runs/1 digit.html"
)]
pub struct Export {
    /// `@` and the path of a run or model file; or a spec with --weights
    model: OsString,
    /// Output file: .onnx, .safetensors with PyTorch's names, .py for PyTorch, or .html for a page on
    /// which one draws
    file: PathBuf,
    /// Weights of the model: a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    sizes: SizeArgs,
    /// ONNX: take raw pixels, 0 to 255, and normalise them in the model
    #[arg(long)]
    normalise: bool,
    /// ONNX: take raw pixels as bytes (uint8); implies --normalise
    #[arg(long)]
    uint8: bool,
    /// ONNX: output probabilities
    #[arg(long)]
    softmax: bool,
    /// HTML: do not round large arrays of weights to f16; the page is about twice as large
    #[arg(long)]
    f32: bool,
}

/// The formats, by the extension of the file.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Onnx,
    Safetensors,
    Python,
    Html,
}

impl Export {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let options = Options {
            normalise: self.normalise,
            uint8: self.uint8,
            softmax: self.softmax,
        };
        let format = self.format()?;
        if format != Format::Onnx && options != Options::default() {
            return Err(CliError::usage(
                "`--normalise`, `--uint8` and `--softmax` are for ONNX only; other files store the normalisation beside the model",
            ));
        }
        if self.f32 && format != Format::Html {
            return Err(CliError::usage(
                "`--f32` is for HTML only; other files store all weights as f32",
            ));
        }
        let model = ModelArg::read(&self.model, cx)?;
        model.expect_weights(self.weights.as_deref())?;
        if let Some(note) = model.note().filter(|_| self.weights.is_none()) {
            cx.terminal.note(&note);
        }
        let origin = model.source().origin;
        let weights = self
            .weights
            .clone()
            .or_else(|| model.path().map(PathBuf::from));
        let trained = model.trained(self.weights.as_deref(), self.sizes.sizes(), cx)?;
        let (params, labels) = (&trained.params, &trained.labels);
        let (file, model) = (&self.file, &trained.model);
        let spec = |error| Error::Spec { origin, error }.into();
        match format {
            Format::Safetensors => Ok(save(file, model, params, labels)?),
            Format::Onnx => {
                let saved = onnx::save(file, model, params, labels, options);
                saved.map_err(|error| match error {
                    OnnxError::Spec(error) => spec(error),
                    OnnxError::TooLarge(_) => CliError::usage(error),
                    OnnxError::File(error) => error.into(),
                })
            }
            Format::Python => {
                let names = (&cx.layers, &cx.presets);
                let saved = torch::save(file, model, labels, &weights.unwrap_or_default(), names);
                saved.map_err(|error| match error {
                    TorchError::Spec(error) => spec(error),
                    TorchError::File(error) => error.into(),
                })
            }
            Format::Html => {
                let options = page::Options { f32: self.f32 };
                let saved = page::save(file, model, params, labels, options);
                saved.map_err(|error| match error {
                    PageError::Spec(error) => spec(error),
                    PageError::Input(_) => CliError::usage(error),
                    PageError::File(error) => error.into(),
                })
            }
        }
    }

    fn format(&self) -> Result<Format, CliError> {
        match self
            .file
            .extension()
            .and_then(|extension| extension.to_str())
        {
            Some("onnx") => Ok(Format::Onnx),
            Some("safetensors") => Ok(Format::Safetensors),
            Some("py") => Ok(Format::Python),
            Some("html") => Ok(Format::Html),
            _ => {
                let file = self.file.display();
                Err(CliError::usage(format!("{file}: unknown output format"))
                    .help("the name must end in `.onnx`, `.safetensors`, `.py` or `.html`"))
            }
        }
    }
}
