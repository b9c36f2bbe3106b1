//! Export of models as Python source for PyTorch.
//!
//! The module is an `nn.Sequential` with the tensor names of our files, which its function `load`
//! reads. It needs `torch`, and `safetensors` for `load`. Layers that PyTorch doesn't have are
//! written out as classes.

mod classes;
mod modules;

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use serde_json::json;
use tapeline_data::{PerChannel, atomic};
use tapeline_layers::{LayerDef, Meaning};
use tapeline_spec::{Presets, Registry, SpecError, read};

use self::classes::CLASSES;
use crate::{FileError, Labels, Model};

/// An error exporting a model as Python source.
#[derive(Debug, thiserror::Error)]
pub enum TorchError {
    /// A layer has no counterpart here.
    #[error(transparent)]
    Spec(SpecError),
    /// The file can't be written.
    #[error(transparent)]
    File(FileError),
}

/// Writes the Python source of a model atomically. `weights` is the file that its function `load`
/// reads by default; the source finds it from any directory, and beside itself or below also after
/// both are moved.
///
/// # Errors
/// Returns an error if the model has a layer without a counterpart, or the file can't be written.
/// An older file is then unchanged.
pub fn save(
    path: &Path,
    model: &Model,
    labels: &Labels,
    weights: &Path,
    (layers, presets): (&Registry<LayerDef>, &Presets),
) -> Result<(), TorchError> {
    let weights = from_folder_of(path, weights);
    let source = source(model, labels, &weights, (layers, presets)).map_err(TorchError::Spec)?;
    atomic::write(path, source.as_bytes())
        .map_err(|reason| TorchError::File(FileError::unwritten(path, &reason)))
}

/// Returns the path of a file as seen from the folder of another: relative if it is below, otherwise
/// absolute.
fn from_folder_of(path: &Path, file: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let (Ok(folder), Ok(file)) = (folder, file.canonicalize()) else {
        return file.into();
    };
    let below = file.strip_prefix(&folder).map(Path::to_path_buf);
    below.unwrap_or(file)
}

/// Returns the Python source of a model. `weights` is the file that its function `load` reads by
/// default, relative to the folder of the source.
///
/// # Errors
/// Returns an error if the model has a layer without a counterpart.
///
/// ```
/// use std::path::Path;
/// use tapeline_layers::layers;
/// use tapeline_models::{Labels, Model, presets, torch};
///
/// let (layers, presets) = (layers(), presets());
/// let model = Model::build("flatten linear(3)", &[1, 6, 6], &layers, &presets)?;
/// let labels = Labels {
///     classes: ["a", "b", "c"].map(String::from).into(),
///     ..Labels::default()
/// };
/// let source = torch::source(&model, &labels, Path::new("abc.safetensors"), (&layers, &presets))?;
/// assert!(source.contains("            nn.Flatten(),\n            nn.Linear(36, 3),\n"));
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub fn source(
    model: &Model,
    labels: &Labels,
    weights: &Path,
    (layers, presets): (&Registry<LayerDef>, &Presets),
) -> Result<String, SpecError> {
    let calls = read(model.full(), layers, presets)?.calls();
    let modules = modules::chain(&calls, &model.plan).map_err(|path| {
        let help = "export to ONNX or safetensors instead";
        model.blame(&path, "has no counterpart in the export to PyTorch", help)
    })?;
    let modules: String = modules
        .iter()
        .map(|m| modules::indented(m, 12) + ",\n")
        .collect();
    let list = |numbers: &PerChannel| json!(numbers.numbers()).to_string();
    let numbers = &labels.normalisation;
    let mut out = format!(
        "# Written by Tapeline {}. Needs torch, and safetensors for `load`.\n\
        # {}\n\n\
        from pathlib import Path\n\n\
        import torch\nfrom torch import nn\n\n\
        CLASSES = {}\nSCALE, MEAN, STD = {}, {}, {}\n",
        env!("CARGO_PKG_VERSION"),
        model.short(),
        json!(labels.classes),
        numbers.scale,
        list(&numbers.mean),
        list(&numbers.std)
    );
    for (name, class) in CLASSES {
        if modules.contains(&format!("{name}(")) {
            let _ = write!(out, "\n\n{class}");
        }
    }
    let output = match model.meaning() {
        Meaning::Probabilities => "probabilities",
        Meaning::LogProbabilities => "log-probabilities",
        Meaning::Logits | Meaning::UnitInterval => "logits",
    };
    // The modules share the saved values, which are not kept after a pass.
    let (begin, end) = match modules.contains("Save(saved") {
        true => (
            "        saved = {}\n",
            "        self.saved = saved\n\n    def forward(self, x):\n        y = super().forward(x)\n        self.saved.clear()\n        return y\n",
        ),
        false => ("", ""),
    };
    let batch = |shape: &[usize]| {
        let sizes = shape.iter().map(usize::to_string);
        ["n".into()]
            .into_iter()
            .chain(sizes)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let _ = write!(
        out,
        r#"

class Model(nn.Sequential):
    """Takes normalised images [{}], returns {output} [{}]."""

    def __init__(self):
{begin}        super().__init__(
{modules}        )
{end}

def normalise(pixels):
    """Converts pixels from 0 to 255, [n, channels, height, width], to inputs of the model."""
    mean, std = (torch.tensor(numbers).reshape(-1, 1, 1) for numbers in (MEAN, STD))
    return (pixels * SCALE - mean) / std


def load(file=None):
    """Returns the model with the weights of a file, by default those it was exported with, in evaluation mode."""
    from safetensors.torch import load_file

    model = Model()
    model.load_state_dict(load_file(file or Path(__file__).parent / {}))
    return model.eval()
"#,
        batch(&model.plan.input),
        batch(&model.plan.output),
        json!(weights.display().to_string())
    );
    Ok(out)
}
