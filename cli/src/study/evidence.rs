//! What a trained model shows of itself: what it confuses, what it looks for, how its gradients flow.

use tapeline_data::{Dataset, Images, Normalisation, files};
use tapeline_layers::{AnyLoss, loss};
use tapeline_models::{Model, NotFinite, TrainedModel, evaluate, gradient_norms, load, predict};
use tapeline_tensor::{Param, Params, Pool, Role, Tensor};

use crate::{
    context::Context,
    data_arg::TrainingData,
    error::{CliError, in_option},
    model_arg::not_finite,
    study::results::{Compared, RowResult, RunResult},
    training::files::MODEL,
};

/// Wrong images that are shown.
const WRONG: usize = 12;

/// Classes that are named beside a wrong image.
const LIKELIEST: usize = 3;

/// Images of weights that are shown: of a convolution's filters, and of a linear layer's units.
const FILTERS: usize = 64;
const UNITS: usize = 24;

/// Training images over which gradients are taken.
const BATCH: usize = 100;

/// Images that are classified at once.
const AT_ONCE: usize = 200;

/// What a run's model shows.
pub struct Evidence {
    /// The run's seed.
    pub seed: u64,
    pub classes: Vec<String>,
    /// Number of test images of each class, row, for which each class was found, column.
    pub confusion: Vec<Vec<usize>>,
    /// The test images that were misjudged with the highest probability, that one first.
    pub wrong: Vec<Wrong>,
    /// The first layer's weights; none where they are no images.
    pub filters: Option<Filters>,
    pub gradients: Gradients,
}

/// A test image that was taken for something else.
pub struct Wrong {
    /// Its place in the test data.
    pub index: usize,
    /// The class that it has.
    pub class: usize,
    /// The image alone.
    pub image: Images,
    /// Classes with their probabilities, the likeliest first.
    pub likeliest: Vec<(usize, f32)>,
}

/// Weights of one layer as images of one size; where the input has several channels, their mean.
pub struct Filters {
    /// The name of the weight.
    pub name: String,
    pub rows: usize,
    pub cols: usize,
    pub images: Vec<Vec<f32>>,
    /// Number of filters or units that the layer has.
    pub of: usize,
}

/// Norms of the loss's gradients by each weight, over the first training images.
pub struct Gradients {
    pub names: Vec<String>,
    /// Before the first step; none where the training began with weights from a file, or a gradient isn't finite.
    pub start: Option<Vec<f64>>,
    /// After the last step; none where a gradient isn't finite.
    pub end: Option<Vec<f64>>,
}

/// What each row of each comparison shows.
///
/// # Errors
/// When a run's files can't be read, or its model computes something that isn't finite.
pub fn gather(
    all: &[Compared<'_>],
    data: &TrainingData,
    cx: &Context,
) -> Result<Vec<Vec<Option<Evidence>>>, CliError> {
    let pool = Pool::new(Pool::cores()).map_err(CliError::internal)?;
    let of_rows = |compared: &Compared<'_>| {
        let rows = compared.rows.iter();
        let shown = rows.map(|row| pool.install(|| evidence(row, data, cx)));
        shown.collect::<Result<Vec<_>, _>>()
    };
    all.iter().map(of_rows).collect()
}

/// What the model of a row's first finished run shows. None where no run came to its end, its model file is gone, or it has learned
/// from other data than this.
///
/// # Errors
/// When the model file can't be read, or the model's output for a test image isn't finite.
fn evidence(
    row: &RowResult<'_>,
    data: &TrainingData,
    cx: &Context,
) -> Result<Option<Evidence>, CliError> {
    let run = row.runs.iter().find(|run| run.figures().is_some());
    let Some(run) = run.filter(|run| run.folder.join(MODEL).exists()) else {
        return Ok(None);
    };
    let trained = load(&run.folder.join(MODEL), &cx.layers, &cx.presets)?;
    let (train, test) = (&data.loaded.train, &data.loaded.test);
    let fits = trained.labels.classes.len() == test.classes.len();
    if !fits || trained.model.plan.input != test.shape() || !learned_from(run, data)? {
        return Ok(None);
    }
    let settings = &row.row.settings;
    let loss = loss::read(&settings.loss, &cx.losses).map_err(in_option("--loss", &settings.loss));
    let loss = loss?.loss;
    let scale = trained.labels.normalisation;
    let not_finite = |found| not_finite(run.folder.display(), &found);
    let found = evaluate(&trained.model, &trained.params, &*loss, test, scale);
    let found = found.map_err(not_finite)?;
    let first = train.limit(settings.limit.unwrap_or(BATCH).min(BATCH));
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

/// Whether a run's own account of its data is that of `data`.
fn learned_from(run: &RunResult, data: &TrainingData) -> Result<bool, CliError> {
    let path = run.folder.join("config.toml");
    let fail = |reason: String| CliError::usage(format!("{}: {reason}", path.display()));
    let text = files::read_regular_to_string(&path);
    let text = text.map_err(|reason| fail(format!("cannot be read: {reason}")))?;
    let config: toml::Table =
        toml::from_str(&text).map_err(|reason| fail(format!("is no config: {reason}")))?;
    let known = |name: &str| config.get("data")?.get(name)?.as_str();
    Ok(
        known("train_sha256") == Some(data.config.train_sha256.as_str())
            && known("test_sha256") == Some(data.config.test_sha256.as_str()),
    )
}

/// The images that are misjudged most confidently; of equals, the first.
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
        .unwrap_or_else(|e| unreachable!("images have this many pixels: {e}"))
}

/// The first weights as images: filters `[out, in, h, w]`, or units `[out, in]` over all pixels.
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
    /// What belongs to each weight, without biases, which belong to the same layers.
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
