//! The MODEL argument: a spec, or `@` and a path (`@net.spec`, `@model.safetensors`, `@runs/1`).
//!
//! A model file or a run stores more than the spec, so that a command need not be given these
//! settings again. An option, if given, takes precedence:
//!
//! | | spec, `@net.spec` | `@model.safetensors` | `@runs/1` | option |
//! |---|---|---|---|---|
//! | weights | – | the file's | those of its `model.safetensors` | `--weights` |
//! | input shape | the dataset's, or 1x28x28 | the file's | the file's | `--input` |
//! | class names, normalisation | the dataset's, or numbers | the file's | the file's | |
//! | dataset, transposition | mnist | mnist, if its class names match | the one it was trained on | `--data`, `--transpose` |
//! | loss to measure | `cross_entropy` | `cross_entropy` | the run's | `--loss` |
//!
//! A model file inside the folder of the run that wrote it is treated like the run. `train` and
//! `compare` only use the spec, and the dataset of a run; they build a new model for the shape of
//! the dataset.

use std::{
    ffi::OsStr,
    io::Read,
    path::{Path, PathBuf},
};

use tapeline_data::{files, identify_other};
use tapeline_models::{Labels, Model, TrainedModel, load, load_weights, shape_text};

use crate::{
    context::Context,
    error::Error,
    run::{
        config::KnownRun,
        files::{CONFIG, MODEL},
    },
    settings::source::Source,
};

/// The maximum size of a spec file in bytes.
const MAX_SPEC: u64 = 1 << 20;

/// The default input shape.
const INPUT: [usize; 3] = [1, 28, 28];

/// The MODEL argument, read.
pub enum ModelArg {
    /// A spec.
    Spec(Source),
    /// A model file, which contains a spec and weights.
    File(Box<ModelFile>),
}

/// A model file that has been loaded.
pub struct ModelFile {
    path: PathBuf,
    trained: TrainedModel,
    /// The run that wrote it.
    run: Option<KnownRun>,
}

impl ModelArg {
    /// Reads the argument; after an `@`, the file or folder at that path.
    pub fn read(arg: &OsStr, cx: &Context) -> Result<Self, Error> {
        let Some(path) = marked(arg) else {
            let text = arg.to_str().map(String::from);
            let text = text.ok_or_else(|| {
                Error::usage(format!("{}: a spec must be valid Unicode", arg.display()))
            })?;
            return Ok(ModelArg::Spec(Source { text, origin: None }));
        };
        if path.is_dir() {
            let file = path.join(MODEL);
            if !file.is_file() {
                let message = format!("{}: the folder has no {MODEL}", path.display());
                return Err(Error::model_file(message)
                    .help("a run has one once its first epoch is finished"));
            }
            let trained = load(&file, &cx.layers, &cx.presets)?;
            let is_run = path.join(CONFIG).exists();
            let run = is_run.then(|| KnownRun::read(&path)).transpose()?;
            return Ok(ModelArg::file(file, trained, run));
        }
        if path
            .extension()
            .is_some_and(|extension| extension == "safetensors")
        {
            let trained = load(&path, &cx.layers, &cx.presets)?;
            // The folder may contain an unrelated file with this name.
            let run = path.parent().and_then(|folder| KnownRun::read(folder).ok());
            let run = run.filter(|run| run.config.settings.model == trained.model.full());
            return Ok(ModelArg::file(path, trained, run));
        }
        Ok(ModelArg::Spec(Source {
            text: spec_in(&path)?,
            origin: Some(path.display().to_string()),
        }))
    }

    fn file(path: PathBuf, trained: TrainedModel, run: Option<KnownRun>) -> Self {
        ModelArg::File(Box::new(ModelFile { path, trained, run }))
    }

    /// Returns the spec and its origin.
    pub fn source(&self) -> Source {
        match self {
            ModelArg::Spec(source) => source.clone(),
            ModelArg::File(file) => Source {
                text: file.trained.model.full().into(),
                origin: Some(file.path.display().to_string()),
            },
        }
    }

    /// Returns the run that the model belongs to.
    pub fn run(&self) -> Option<&KnownRun> {
        match self {
            ModelArg::Spec(_) => None,
            ModelArg::File(file) => file.run.as_ref(),
        }
    }

    /// Returns the class names, if known.
    pub fn classes(&self) -> Option<&[String]> {
        match self {
            ModelArg::Spec(_) => None,
            ModelArg::File(file) => Some(&file.trained.labels.classes),
        }
    }

    /// Returns the input shape, if known.
    pub fn input(&self) -> Option<&[usize]> {
        match self {
            ModelArg::Spec(_) => None,
            ModelArg::File(file) => Some(&file.trained.model.plan.input),
        }
    }

    /// Builds the model without weights, for the input shape of an option or else its own.
    pub fn build(&self, input: Option<&[usize]>, cx: &Context) -> Result<Model, Error> {
        let input = input.or(self.input());
        self.source().build(input.unwrap_or(&INPUT), cx)
    }

    /// Checks that there are weights, from the model file or from `--weights`.
    pub fn expect_weights(&self, weights: Option<&Path>) -> Result<(), Error> {
        match self {
            ModelArg::Spec(source) if weights.is_none() => {
                source.expect_no_path()?;
                Err(Error::usage("MODEL is a spec, and a spec has no weights")
                    .help("give a run (`@runs/1`), a model file (`@model.safetensors`), or add `--weights FILE` to the spec"))
            }
            _ => Ok(()),
        }
    }

    /// Returns the model with weights, for the input shape of an option or else its own. Call
    /// [`expect_weights`](Self::expect_weights) first. The classes of a spec are named by their
    /// numbers.
    pub fn trained(
        self,
        weights: Option<&Path>,
        input: Option<&[usize]>,
        cx: &Context,
    ) -> Result<TrainedModel, Error> {
        let source = self.source();
        let mut trained = match self {
            ModelArg::File(file) => file.on(input, &source, cx)?,
            ModelArg::Spec(_) => {
                let input = input.unwrap_or(&INPUT);
                let model = source.build(input, cx)?;
                let count = model.classes().map_err(|error| source.error(error))?;
                let labels = Labels {
                    classes: (0..count).map(|class| class.to_string()).collect(),
                    ..Labels::default()
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

impl ModelFile {
    /// Returns the model for another input shape, provided that weights and output keep their
    /// shapes.
    fn on(
        self,
        input: Option<&[usize]>,
        source: &Source,
        cx: &Context,
    ) -> Result<TrainedModel, Error> {
        let own = &self.trained.model.plan;
        let Some(input) = input.filter(|&shape| shape != own.input) else {
            return Ok(self.trained);
        };
        let model = source.build(input, cx)?;
        if model.plan.declared != own.declared || model.plan.output != own.output {
            let (given, path) = (shape_text(input), self.path.display());
            let message =
                format!("--input {given}: the weights of {path} are for a different input shape");
            return Err(
                Error::usage(message).help(format!("the model takes {}", shape_text(&own.input)))
            );
        }
        Ok(TrainedModel {
            model,
            ..self.trained
        })
    }
}

/// Returns the path after an `@`. Paths need not be valid Unicode.
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

fn spec_in(path: &Path) -> Result<String, Error> {
    let fail = |problem: String| Error::usage(format!("{}: {problem}", path.display()));
    let file = files::open(path).map_err(|reason| fail(format!("cannot open: {reason}")))?;
    let mut bytes = Vec::new();
    file.take(MAX_SPEC + 1)
        .read_to_end(&mut bytes)
        .map_err(|reason| fail(format!("cannot read: {reason}")))?;
    match identify_other(&bytes, "a spec") {
        Some(kind) if kind.help.is_none() => {
            return Err(fail(kind.instead_of("a spec"))
                .help("the name of a model file must end in `.safetensors`"));
        }
        Some(kind) if !bytes.is_empty() => {
            return Err(fail(kind.instead_of("a spec or a safetensors file")));
        }
        _ => {}
    }
    if bytes.len() as u64 > MAX_SPEC {
        return Err(fail(format!(
            "is larger than {MAX_SPEC} bytes, the maximum for a spec"
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        fail("is not UTF-8 text, which a spec must be".into())
            .help("the name of a model file must end in `.safetensors`")
    })
}
