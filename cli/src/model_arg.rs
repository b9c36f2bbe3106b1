//! MODEL: a spec, or with a mark a path: `@net.spec`, `@runs/1`, `@model.safetensors`.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use tapeline_data::Normalisation;
use tapeline_models::{Labels, Model, SpecError, TrainedModel, load, load_weights};
use tapeline_spec::read;

use crate::{context::Context, error::CliError, shell, training::files::MODEL};

/// The most bytes that a file with a spec may have.
const MAX_SPEC: u64 = 1 << 20;

/// MODEL, as it was given.
#[derive(Debug)]
pub enum ModelArg {
    Spec(Source),
    /// A model file, which has a spec and weights.
    File(PathBuf),
}

/// A spec, and where it is from.
#[derive(Debug)]
pub struct Source {
    pub text: String,
    /// The file; none for the command line.
    pub origin: Option<String>,
}

impl ModelArg {
    /// Follows the mark. Model files are not opened yet.
    pub fn read(arg: &OsStr) -> Result<Self, CliError> {
        let Some(path) = marked(arg) else {
            let text = arg.to_str().map(String::from);
            let text = text.ok_or_else(|| {
                CliError::usage(format!("{}: a spec is Unicode text", arg.display()))
            })?;
            return Ok(ModelArg::Spec(Source { text, origin: None }));
        };
        if path.is_dir() {
            let file = path.join(MODEL);
            return match file.exists() {
                true => Ok(ModelArg::File(file)),
                false => Err(CliError::model_file(format!(
                    "{}: the folder has no {}",
                    path.display(),
                    MODEL
                ))
                .help("a run has one as soon as its first epoch is done")),
            };
        }
        if path
            .extension()
            .is_some_and(|extension| extension == "safetensors")
        {
            return Ok(ModelArg::File(path));
        }
        Ok(ModelArg::Spec(Source {
            text: spec_in(&path)?,
            origin: Some(path.display().to_string()),
        }))
    }

    /// Its spec. That of a model file is there only when the whole file is sound.
    pub fn source(self, cx: &Context) -> Result<Source, CliError> {
        match self {
            ModelArg::Spec(source) => Ok(source),
            ModelArg::File(file) => Ok(Source {
                text: load(&file, &cx.layers, &cx.presets)?.model.full().into(),
                origin: Some(file.display().to_string()),
            }),
        }
    }

    /// Makes sure that there are weights: its own, or those of `--weights`.
    pub fn expect_weights(&self, weights: Option<&Path>) -> Result<(), CliError> {
        match self {
            ModelArg::Spec(source) if weights.is_none() => {
                source.expect_no_path()?;
                Err(CliError::usage("MODEL is a spec, and a spec has no weights")
                    .help("give a run (`@runs/1`), a model file (`@model.safetensors`), or `--weights FILE` beside the spec"))
            }
            _ => Ok(()),
        }
    }

    /// The model with weights, once [`expect_weights`](Self::expect_weights) is content. `input` and `classes` stand in for what a
    /// spec doesn't say; classes beyond the given ones are called by their numbers.
    pub fn trained(
        &self,
        weights: Option<&Path>,
        input: &[usize],
        classes: &[String],
        cx: &Context,
    ) -> Result<TrainedModel, CliError> {
        let mut trained = match (self, weights) {
            (ModelArg::File(file), None) => return Ok(load(file, &cx.layers, &cx.presets)?),
            (ModelArg::File(file), Some(_)) => load(file, &cx.layers, &cx.presets)?,
            (ModelArg::Spec(source), _) => {
                let model = source.build(input, cx)?;
                let count = model.classes().map_err(|error| source.error(error))?;
                let name = |i: usize| classes.get(i).cloned().unwrap_or_else(|| i.to_string());
                let labels = Labels {
                    classes: (0..count).map(name).collect(),
                    normalisation: Normalisation::default(),
                };
                let params = model.init(0);
                TrainedModel {
                    model,
                    params,
                    labels,
                }
            }
        };
        if let Some(weights) = weights {
            trained.params = load_weights(weights, &trained.model)?;
        }
        Ok(trained)
    }
}

impl Source {
    /// Finds everything wrong with the text that can be seen without an input shape.
    pub fn check(&self, cx: &Context) -> Result<(), CliError> {
        let Err(diagnostics) = read(&self.text, &cx.layers, &cx.presets) else {
            return Ok(());
        };
        self.expect_no_path()?;
        Err(self.error(SpecError::new(&self.text, diagnostics)))
    }

    /// The model for inputs of a shape.
    pub fn build(&self, input: &[usize], cx: &Context) -> Result<Model, CliError> {
        self.check(cx)?;
        Model::build(&self.text, input, &cx.layers, &cx.presets).map_err(|error| self.error(error))
    }

    /// An error in this text.
    pub fn error(&self, error: SpecError) -> CliError {
        CliError::Spec {
            origin: self.origin.clone(),
            error,
        }
    }

    /// Tells who forgot the mark.
    fn expect_no_path(&self) -> Result<(), CliError> {
        let looks_like_path = self.text.contains(['/', '.']) && !self.text.contains([' ', '(']);
        if self.origin.is_none() && looks_like_path && Path::new(&self.text).exists() {
            return Err(CliError::usage(format!(
                "`{}` is a path, but MODEL is read as a spec",
                self.text
            ))
            .help(format!(
                "with a mark it is a path: `{}`",
                shell::quoted(OsStr::new(&format!("@{}", self.text)))
            )));
        }
        Ok(())
    }
}

/// The path after an `@`. Paths need not be Unicode.
fn marked(arg: &OsStr) -> Option<PathBuf> {
    if let Some(text) = arg.to_str() {
        return text.strip_prefix('@').map(PathBuf::from);
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let path = arg.as_bytes().strip_prefix(b"@")?;
        Some(OsStr::from_bytes(path).into())
    }
    #[cfg(not(unix))]
    None
}

fn spec_in(path: &Path) -> Result<String, CliError> {
    let fail = |problem: String| CliError::usage(format!("{}: {problem}", path.display()));
    let file = File::open(path).map_err(|reason| fail(format!("cannot open: {reason}")))?;
    let mut bytes = Vec::new();
    file.take(MAX_SPEC + 1)
        .read_to_end(&mut bytes)
        .map_err(|reason| fail(format!("cannot read: {reason}")))?;
    if bytes.len() as u64 > MAX_SPEC {
        return Err(fail(format!(
            "has more than {MAX_SPEC} bytes, too many for a spec"
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        fail("is no text in UTF-8, as a spec is".into())
            .help("the name of a model file ends in `.safetensors`")
    })
}
