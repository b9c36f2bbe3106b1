//! The MODEL argument: a spec, or `@` and a path (`@net.spec`, `@model.safetensors`, `@runs/1`).
//! `@nets.spec#wide` is the definition, or the named spec, `wide` in a file.
//!
//! A model file or a run stores more than the spec, so that a command need not be given these
//! settings again. An option, if given, takes precedence:
//!
//! | | spec, `@net.spec` | `@model.safetensors` | `@runs/1` | option |
//! |---|---|---|---|---|
//! | weights | – | the file's | of the best epoch, else the last | `--weights` |
//! | input shape | the dataset's, or 1x28x28 | the file's | the file's | `--input` |
//! | `classes` in the spec | the dataset's, or 10 | – | – | `--classes` |
//! | class names, normalisation | the dataset's, or numbers | the file's | the file's | |
//! | dataset, transposition | mnist | mnist, if its class names match | the one it was trained on | `--data`, `--transpose` |
//! | loss to measure | `cross_entropy` | `cross_entropy` | the run's | `--loss` |
//!
//! The best epoch of a run is the one with the best result on its validation data, in
//! `best.safetensors`; without validation data, `@runs/1` is `model.safetensors`.
//!
//! A model file inside the folder of the run that wrote it is treated like the run. `train` and
//! `compare` only use the spec, and the dataset of a run; they build a new model for the shape of
//! the dataset.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
};

use serde::Serialize;
use tapeline_data::files;
use tapeline_models::{History, Labels, Model, TrainedModel, load, load_weights, shape_text};

use crate::{
    context::Context,
    error::Error,
    run::{
        config::KnownRun,
        files::{BEST, CONFIG, CSV, MODEL},
        spec_file::{definition, in_file, spec_in},
    },
    settings::{named::named, source::Source},
};

/// The default input shape.
const INPUT: [usize; 3] = [1, 28, 28];

/// The default number of classes.
const CLASSES: usize = 10;

/// The sizes for which a model is built, if they are known.
#[derive(Clone, Copy, Default)]
pub struct Sizes<'a> {
    /// The input shape. The default is that of the model file, or 1×28×28.
    pub input: Option<&'a [usize]>,
    /// The number of classes that `classes` stands for in a spec. The default is 10; the spec of a
    /// model file contains the number.
    pub classes: Option<usize>,
}

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
    /// The epoch it is from, if it was chosen among those of the run.
    best: Option<BestEpoch>,
}

/// The epoch of a run with the best result on the validation data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BestEpoch {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Number of finished epochs.
    pub epochs: u64,
}

impl BestEpoch {
    /// Returns the best epoch of a run, and the file of its model; `None` without validation data.
    fn of(folder: &Path) -> Option<(PathBuf, BestEpoch)> {
        let table = files::read_regular_to_string(folder.join(CSV)).ok()?;
        let history = History::read(&table);
        let best = BestEpoch {
            epoch: history.best()?.epoch,
            epochs: history.len() as u64,
        };
        let file = folder.join(BEST);
        file.is_file().then_some((file, best))
    }
}

impl fmt::Display for BestEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BestEpoch { epoch, epochs } = self;
        write!(
            f,
            "epoch {epoch} of {epochs}, the best on the validation data"
        )
    }
}

impl ModelArg {
    /// Reads the argument; after an `@`, the file or folder at that path.
    pub fn read(arg: &OsStr, cx: &Context) -> Result<Self, Error> {
        let Some(path) = marked(arg) else {
            let text = arg.to_str().map(String::from);
            let text = text.ok_or_else(|| {
                Error::usage(format!("{}: a spec must be valid Unicode", arg.display()))
            })?;
            return Ok(ModelArg::Spec(Source::from(&*text)));
        };
        if path.is_dir() {
            let file = path.join(MODEL);
            if !file.is_file() {
                let message = format!("{}: the folder has no {MODEL}", path.display());
                return Err(Error::model_file(message)
                    .help("a run has one once its first epoch is finished"));
            }
            let is_run = path.join(CONFIG).exists();
            let run = is_run.then(|| KnownRun::read(&path)).transpose()?;
            let best = run.as_ref().and_then(|_| BestEpoch::of(&path));
            let (file, best) = best.map_or((file, None), |(file, best)| (file, Some(best)));
            let trained = load(&file, &cx.layers, &cx.presets)?;
            return Ok(ModelArg::file(file, trained, run, best));
        }
        if path
            .extension()
            .is_some_and(|extension| extension == "safetensors")
        {
            let trained = load(&path, &cx.layers, &cx.presets)?;
            // The folder may contain an unrelated file with this name.
            let run = path.parent().and_then(|folder| KnownRun::read(folder).ok());
            let run = run.filter(|run| run.config.settings.model == trained.model.full());
            return Ok(ModelArg::file(path, trained, run, None));
        }
        if let Some((file, name)) = in_file(&path) {
            let text = definition(spec_in(&file)?, &file, &name)?;
            return Ok(ModelArg::Spec(source(text, &file, Some(name.as_ref()))));
        }
        let text = spec_in(&path)?;
        if let Some(specs) = named(&text) {
            let message = format!("{}: holds {} named specs", path.display(), specs.len());
            let (first, _) = &specs[0];
            let help = format!(
                "`@{}#{first}` is the first of them; only `compare` takes all",
                path.display()
            );
            return Err(Error::usage(message).help(help));
        }
        Ok(ModelArg::Spec(source(text, &path, path.file_stem())))
    }

    /// Same as [`read`](Self::read), for a comparison: a file may hold several specs, each with a
    /// name.
    pub fn read_all(arg: &OsStr, cx: &Context) -> Result<Vec<Self>, Error> {
        if let Some(path) = marked(arg).filter(|path| path.is_file())
            && let Some(specs) = spec_in(&path).ok().and_then(|text| named(&text))
        {
            let spec = |(name, text): (String, String)| {
                ModelArg::Spec(source(text, &path, Some(name.as_ref())))
            };
            return Ok(specs.into_iter().map(spec).collect());
        }
        Ok(vec![ModelArg::read(arg, cx)?])
    }

    fn file(
        path: PathBuf,
        trained: TrainedModel,
        run: Option<KnownRun>,
        best: Option<BestEpoch>,
    ) -> Self {
        ModelArg::File(Box::new(ModelFile {
            path,
            trained,
            run,
            best,
        }))
    }

    /// Returns the spec and its origin.
    pub fn source(&self) -> Source {
        match self {
            ModelArg::Spec(source) => source.clone(),
            ModelArg::File(file) => {
                let name = match &file.run {
                    Some(run) => Some(run.folder.as_os_str()),
                    None => file.path.file_stem(),
                };
                source(file.trained.model.full().into(), &file.path, name)
            }
        }
    }

    /// Returns the run that the model belongs to.
    pub fn run(&self) -> Option<&KnownRun> {
        match self {
            ModelArg::Spec(_) => None,
            ModelArg::File(file) => file.run.as_ref(),
        }
    }

    /// Returns the path of the model file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            ModelArg::Spec(_) => None,
            ModelArg::File(file) => Some(&file.path),
        }
    }

    /// Returns the epoch of the model, if it was chosen among those of its run.
    pub fn best(&self) -> Option<BestEpoch> {
        match self {
            ModelArg::Spec(_) => None,
            ModelArg::File(file) => file.best,
        }
    }

    /// Returns a note about the epoch of the model, if it was chosen among those of its run.
    pub fn note(&self) -> Option<String> {
        let (run, best) = self.run().zip(self.best())?;
        Some(format!("{}: {best}", run.folder.display()))
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

    /// Builds the model without weights.
    pub fn build(&self, sizes: Sizes<'_>, cx: &Context) -> Result<Model, Error> {
        let input = sizes.input.or(self.input());
        let classes = sizes.classes.unwrap_or(CLASSES);
        self.source().build(input.unwrap_or(&INPUT), classes, cx)
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

    /// Returns the model with weights. Call [`expect_weights`](Self::expect_weights) first. The
    /// classes of a spec are named by their numbers.
    pub fn trained(
        self,
        weights: Option<&Path>,
        sizes: Sizes<'_>,
        cx: &Context,
    ) -> Result<TrainedModel, Error> {
        let source = self.source();
        // The class count of a spec is a guess.
        let guessed = sizes.classes.is_none() && matches!(self, ModelArg::Spec(_));
        let mut trained = match self {
            ModelArg::File(file) => file.on(sizes.input, &source, cx)?,
            ModelArg::Spec(_) => {
                let model = self.build(sizes, cx)?;
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
            let loaded = load_weights(weights, &trained.model).map_err(Error::from);
            trained.params = loaded.map_err(|error| match guessed {
                true => error.help(format!(
                    "`classes` in a spec is {CLASSES}; `--classes N` sets another number"
                )),
                false => error,
            })?;
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
        let model = source.build(input, own.output[0], cx)?;
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

/// Returns the model file that a path to weights means: `@` and the folder of a run stand for its
/// model file.
pub fn weights_file(given: &OsStr) -> OsString {
    match marked(given) {
        Some(path) if path.is_dir() => path.join(MODEL).into(),
        _ => given.into(),
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

/// Returns a spec from a file, which has a name in comparisons.
fn source(text: String, path: &Path, name: Option<&OsStr>) -> Source {
    Source {
        text,
        origin: Some(path.display().to_string()),
        name: name.map(|name| name.display().to_string()),
    }
}
