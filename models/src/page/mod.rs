//! Export of image classifiers as an HTML page on which one draws.
//!
//! The page is a single file that runs the model in the browser, without a network: the nodes of the
//! ONNX export ([`onnx`]), run by `runtime.js`. It prepares pictures as `tapeline predict` does
//! (`digit.js`), with bit-identical results.
//!
//! ```
//! use tapeline_layers::layers;
//! use tapeline_models::{Labels, Model, page, presets};
//!
//! let model = Model::build("flatten linear(3)", &[1, 6, 6], &layers(), &presets())?;
//! let labels = Labels {
//!     classes: ["a", "b", "</script>"].map(String::from).into(),
//!     ..Labels::default()
//! };
//! let html = page::html(&model, &model.init(0), &labels, page::Options::default())?;
//! assert_eq!(html.matches("</script>").count(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod program;

use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tapeline_data::{Preparation, atomic};
use tapeline_layers::Meaning;
use tapeline_spec::{SpecError, printable};
use tapeline_tensor::Params;

pub use program::Program;

use crate::{FileError, Labels, Model, onnx, shape_text, weights};

/// The page, with places for the rest.
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    include_str!("runtime.js"),
    include_str!("digit.js"),
    include_str!("page.js")
);

/// Options of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Store all weights as `f32`, so that the page has the model's own weights. By default, large
    /// arrays are rounded to `f16`, which halves the page.
    pub f32: bool,
}

/// An error exporting a model as a page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A layer can't be written as nodes, or the output isn't one-dimensional.
    #[error(transparent)]
    Spec(SpecError),
    /// The model doesn't take images of 1 or 3 channels; its input.
    #[error(
        "a page draws images of 1 or 3 channels, but the model takes {}",
        shape_text(.0)
    )]
    Input(Vec<usize>),
    /// The file can't be written.
    #[error(transparent)]
    File(FileError),
}

/// What the page's script reads.
#[derive(Serialize)]
struct Data<'a> {
    version: &'a str,
    spec: String,
    classes: Vec<String>,
    input: &'a [usize],
    /// Whether pictures of another size are prepared as the images of MNIST were.
    fit: bool,
    parameters: usize,
    /// The number of parameters rounded to `f16`.
    rounded: usize,
    program: Program,
}

/// Writes a page atomically.
///
/// # Errors
/// Same as [`html`]; or a parameter isn't finite, or the file can't be written. An older file is
/// then unchanged.
pub fn save(
    path: &Path,
    model: &Model,
    params: &Params,
    labels: &Labels,
    options: Options,
) -> Result<(), PageError> {
    weights::expect_finite(path, params).map_err(PageError::File)?;
    let html = html(model, params, labels, options)?;
    atomic::write(path, html.as_bytes())
        .map_err(|reason| PageError::File(FileError::unwritten(path, &reason)))
}

/// Returns the page of a model.
///
/// # Errors
/// Returns an error if the model doesn't take images of 1 or 3 channels, its output isn't
/// one-dimensional, or a layer can't be written as ONNX nodes.
pub fn html(
    model: &Model,
    params: &Params,
    labels: &Labels,
    options: Options,
) -> Result<String, PageError> {
    let input = &model.plan.input;
    let fit = match input[..] {
        [1, rows, cols] => labels.preparation == Preparation::Mnist && rows == cols && rows >= 8,
        [3, _, _] => false,
        _ => return Err(PageError::Input(input.clone())),
    };
    model.classes().map_err(PageError::Spec)?;
    let nodes = onnx::Options {
        normalise: true,
        uint8: false,
        softmax: model.meaning() != Meaning::Probabilities,
    };
    let program =
        Program::new(model, params, labels, nodes, options.f32).map_err(PageError::Spec)?;
    let data = Data {
        version: env!("CARGO_PKG_VERSION"),
        spec: printable(model.short()),
        classes: labels
            .classes
            .iter()
            .map(|class| printable(class))
            .collect(),
        input,
        fit,
        parameters: model.plan.parameters(),
        rounded: program.rounded(),
        program,
    };
    let data = serde_json::to_string(&data)
        .unwrap_or_else(|e| unreachable!("strings and numbers are serialized: {e}"));
    // Nothing else ends a script in HTML, or changes how it is read.
    let data = data.replace('<', "\\u003c");
    // The policy forbids all requests, and all scripts and styles but ours.
    let [script, style] = [SCRIPT, STYLE].map(|text| BASE64_STANDARD.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"
    );
    let page = PAGE.replace("{{policy}}", &policy);
    let page = page
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT);
    Ok(page.replace("{{data}}", &data))
}

#[cfg(test)]
mod tests {
    use tapeline_layers::graph::OPERATORS;

    #[test]
    fn the_runtime_has_every_operator() {
        let runtime = include_str!("runtime.js");
        // The nodes around the model are no layer's.
        let around = ["Sub", "Identity"];
        let names = OPERATORS.iter().map(|operator| operator.name);
        for name in names.chain(around) {
            let entry = format!("\n    {name}: ");
            assert!(runtime.contains(&entry), "no operator {name} in runtime.js");
        }
    }
}
