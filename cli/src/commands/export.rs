//! `tapeline export`

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use tapeline_experiments::{Error, run::model::ModelArg};
use tapeline_models::{
    onnx::{self, OnnxError, Options},
    save,
};

use crate::{context::Context, error::CliError, options::SizeArgs};

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline export @runs/1 model.onnx --normalise --softmax")]
pub struct Export {
    /// `@` and the path of a run or model file; or a spec with --weights
    model: OsString,
    /// Output file: .onnx, or .safetensors with PyTorch's names
    file: PathBuf,
    /// Weights of the model: a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    sizes: SizeArgs,
    /// ONNX: take raw pixels, 0 to 255, and normalise them in the model
    #[arg(long)]
    normalise: bool,
    /// ONNX: output probabilities
    #[arg(long)]
    softmax: bool,
}

impl Export {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let options = Options {
            normalise: self.normalise,
            softmax: self.softmax,
        };
        let onnx = match self
            .file
            .extension()
            .and_then(|extension| extension.to_str())
        {
            Some("onnx") => true,
            Some("safetensors") if options == Options::default() => false,
            Some("safetensors") => {
                return Err(CliError::usage(
                    "`--normalise` and `--softmax` are for ONNX only; a model file stores the normalisation in its metadata",
                ));
            }
            _ => {
                let file = self.file.display();
                return Err(CliError::usage(format!("{file}: unknown output format"))
                    .help("the name must end in `.onnx` or `.safetensors`"));
            }
        };
        let model = ModelArg::read(&self.model, cx)?;
        model.expect_weights(self.weights.as_deref())?;
        let origin = model.source().origin;
        let trained = model.trained(self.weights.as_deref(), self.sizes.sizes(), cx)?;
        let (params, labels) = (&trained.params, &trained.labels);
        if !onnx {
            return Ok(save(&self.file, &trained.model, params, labels)?);
        }
        onnx::save(&self.file, &trained.model, params, labels, options).map_err(|error| match error
        {
            OnnxError::Spec(error) => Error::Spec { origin, error }.into(),
            OnnxError::TooLarge(_) => CliError::usage(error),
            OnnxError::File(error) => error.into(),
        })
    }
}
