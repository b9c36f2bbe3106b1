//! Diagnostics of a trained model: confusion matrix, worst mistakes, first-layer weights and
//! gradient norms.

use tapeline_data::{Dataset, Images, Normalisation, files};
use tapeline_layers::{AnyLoss, NamedLoss};
use tapeline_models::{Model, NotFinite, TrainedModel, evaluate, gradient_norms, load, predict};
use tapeline_tensor::{Param, Params, Pool, Role, Tensor};

use crate::{
    context::Context,
    error::{Error, in_option, not_finite},
    run::dataset::TrainingData,
    run::files::MODEL,
    settings::{Settings, origin::Origin},
    study::results::{Compared, RowResult, RunResult},
};

/// Maximum number of misclassified images shown.
const WRONG: usize = 12;

/// Number of classes listed next to a misclassified image.
const LIKELIEST: usize = 3;

/// Maximum number of weight images shown: filters of a convolution, and units of a linear layer.
const FILTERS: usize = 64;
const UNITS: usize = 24;

/// Number of training images over which the gradients are computed.
const BATCH: usize = 100;

/// Batch size for classifying the test images.
const AT_ONCE: usize = 200;

/// Diagnostics of the model of one run.
pub struct Evidence {
    /// Seed of the run.
    pub seed: u64,
    pub classes: Vec<String>,
    /// Confusion matrix: `confusion[c][p]` is the number of test images of class `c` predicted as
    /// class `p`.
    pub confusion: Vec<Vec<usize>>,
    /// Misclassified test images, by decreasing probability of the predicted class.
    pub wrong: Vec<Wrong>,
    /// Weights of the first layer; `None` if they can't be shown as images.
    pub filters: Option<Filters>,
    pub gradients: Gradients,
}

/// A misclassified test image.
pub struct Wrong {
    /// Index in the test data.
    pub index: usize,
    /// The true class.
    pub class: usize,
    /// The image itself, as a set of one.
    pub image: Images,
    /// The most probable classes with their probabilities, in decreasing order.
    pub likeliest: Vec<(usize, f32)>,
}

/// Weights of one layer as images of equal size, averaged over the input channels.
pub struct Filters {
    /// Name of the weight tensor.
    pub name: String,
    pub rows: usize,
    pub cols: usize,
    pub images: Vec<Vec<f32>>,
    /// Total number of filters or units in the layer.
    pub of: usize,
}

/// Norm of the loss gradient with respect to each weight, over the first training images.
pub struct Gradients {
    pub names: Vec<String>,
    /// Before the first step; `None` if the run started from the weights in a file, or if a
    /// gradient is not finite.
    pub start: Option<Vec<f64>>,
    /// After the last step; `None` if a gradient is not finite.
    pub end: Option<Vec<f64>>,
}

/// Collects the diagnostics of each configuration of each comparison.
///
/// # Errors
/// If the files of a run can't be read, or its model outputs a value that is not finite.
pub fn gather(
    all: &[Compared<'_>],
    data: &TrainingData,
    cx: &Context,
) -> Result<Vec<Vec<Option<Evidence>>>, Error> {
    let pool = Pool::new(Pool::cores()).map_err(Error::internal)?;
    let of_rows = |compared: &Compared<'_>| {
        let rows = compared.rows.iter();
        let shown = rows.map(|row| pool.install(|| evidence(row, data, cx)));
        shown.collect::<Result<Vec<_>, _>>()
    };
    all.iter().map(of_rows).collect()
}

/// Diagnostics of the first finished run of a configuration. Returns `None` if no run has finished
/// without diverging, the model file is missing, or the run was trained on data other than `data`.
///
/// # Errors
/// If the model file can't be read, or the model's output for a test image is not finite.
fn evidence(
    row: &RowResult<'_>,
    data: &TrainingData,
    cx: &Context,
) -> Result<Option<Evidence>, Error> {
    let run = row.runs.iter().find(|run| run.figures().is_some());
    let Some(run) = run.filter(|run| run.folder.join(MODEL).exists()) else {
        return Ok(None);
    };
    let trained = load(&run.folder.join(MODEL), &cx.layers, &cx.presets)?;
    let settings = &Settings {
        fold: run.fold,
        ..row.row.settings.clone()
    };
    let parts = data.parts(settings, &Origin::Options { model: None })?;
    let (train, test) = (&parts.train, &parts.test);
    let fits = trained.labels.classes.len() == test.classes.len();
    if !fits || trained.model.plan.input != test.shape() || !learned_from(run, data)? {
        return Ok(None);
    }
    let loss = NamedLoss::read(&settings.loss, &cx.losses).map_err(in_option("--loss"));
    let loss = loss?.for_counts(&train.class_counts()).loss;
    let scale = trained.labels.normalisation;
    let not_finite = |found| not_finite(run.folder.display(), &found);
    let found = evaluate(&trained.model, &trained.params, &*loss, test, scale);
    let found = found.map_err(not_finite)?;
    let first = train.limit(BATCH);
    Ok(Some(Evidence {
        seed: run.seed,
        confusion: found.confusion,
        wrong: wrong(&trained, test).map_err(not_finite)?,
        filters: filters(&trained.model, &trained.params),
        gradients: Gradients::new(
            &trained,
            &*loss,
            &first,
            run.seed,
            settings.weights.is_none(),
        ),
        classes: trained.labels.classes,
    }))
}

/// Whether the checksums in the run's configuration are those of `data`.
fn learned_from(run: &RunResult, data: &TrainingData) -> Result<bool, Error> {
    let path = run.folder.join("config.toml");
    let fail = |reason: String| Error::usage(format!("{}: {reason}", path.display()));
    let text = files::read_regular_to_string(&path);
    let text = text.map_err(|reason| fail(format!("cannot be read: {reason}")))?;
    let config: toml::Table =
        toml::from_str(&text).map_err(|reason| fail(format!("is not a valid config: {reason}")))?;
    let known = |name: &str| config.get("data")?.get(name)?.as_str();
    Ok(
        known("train_sha256") == Some(data.config.train_sha256.as_str())
            && known("test_sha256") == Some(data.config.test_sha256.as_str()),
    )
}

/// The images misclassified with the highest probability; ties keep the order of the test data.
fn wrong(trained: &TrainedModel, test: &Dataset) -> Result<Vec<Wrong>, NotFinite> {
    let mut all = Vec::new();
    let indices: Vec<_> = (0..test.len()).collect();
    for indices in indices.chunks(AT_ONCE) {
        let images = images(test, indices, trained.labels.normalisation);
        let found = predict(&trained.model, &trained.params, images)?;
        let targets = test.labels_of(indices);
        for ((&index, class), row) in indices.iter().zip(targets).zip(found.rows()) {
            let mut likeliest: Vec<_> = row.iter().copied().enumerate().collect();
            likeliest.sort_by(|a, b| b.1.total_cmp(&a.1));
            likeliest.truncate(LIKELIEST);
            if likeliest[0].0 != class {
                all.push((index, class, likeliest));
            }
        }
    }
    all.sort_by(|a, b| b.2[0].1.total_cmp(&a.2[0].1));
    all.truncate(WRONG);
    let shown = |(index, class, likeliest)| Wrong {
        index,
        class,
        image: test.images.range(index..index + 1),
        likeliest,
    };
    Ok(all.into_iter().map(shown).collect())
}

fn images(data: &Dataset, indices: &[usize], scale: Normalisation) -> Tensor {
    let [channels, rows, cols] = data.shape();
    let mut pixels = vec![0.0; indices.len() * channels * rows * cols];
    data.gather(indices, scale, &mut pixels);
    Tensor::from_shape_vec(vec![indices.len(), channels, rows, cols], pixels)
        .unwrap_or_else(|e| unreachable!("the shape matches the number of pixels: {e}"))
}

/// The first weight tensor as images: convolution filters `[out, in, h, w]`, or linear units `[out,
/// in]` that are connected to every pixel.
fn filters(model: &Model, params: &Params) -> Option<Filters> {
    let is_weight = |p: &&Param| p.role == Role::Weight;
    let weight = params.iter().find(is_weight)?;
    let (shown, channels, rows, cols) = match (weight.value.shape(), &model.plan.input[..]) {
        (&[_, channels, rows, cols], _) if rows * cols > 1 => (FILTERS, channels, rows, cols),
        (&[_, size], &[channels, rows, cols]) if size == channels * rows * cols => {
            (UNITS, channels, rows, cols)
        }
        _ => return None,
    };
    let filters = weight.value.outer_iter().take(shown);
    let images = filters.map(|filter| {
        let mut mean = vec![0.0; rows * cols];
        for (i, &value) in filter.iter().enumerate() {
            mean[i % (rows * cols)] += value / channels as f32;
        }
        mean
    });
    Some(Filters {
        name: weight.name.clone(),
        rows,
        cols,
        images: images.collect(),
        of: weight.value.shape()[0],
    })
}

impl Gradients {
    /// Selects the entries of `values` that belong to weights, leaving out biases.
    pub fn of_weights<X: Clone>(&self, values: &[X]) -> Vec<X> {
        let pairs = self.names.iter().zip(values);
        let weights = pairs.filter(|(name, _)| !name.ends_with("bias"));
        weights.map(|(_, value)| value.clone()).collect()
    }

    fn new(
        trained: &TrainedModel,
        loss: &dyn AnyLoss,
        data: &Dataset,
        seed: u64,
        drawn: bool,
    ) -> Self {
        let indices: Vec<_> = (0..data.len()).collect();
        let (model, scale) = (&trained.model, trained.labels.normalisation);
        let norms = |params: &Params| {
            let norms = gradient_norms(model, params, loss, data, &indices, scale, seed);
            Some(norms.ok()?.into_iter().map(|(_, norm)| norm).collect())
        };
        let weights = trained.params.iter().filter(|p| p.role == Role::Weight);
        Gradients {
            names: weights.map(|p| p.name.clone()).collect(),
            start: drawn.then(|| norms(&model.init(seed))).flatten(),
            end: norms(&trained.params),
        }
    }
}
