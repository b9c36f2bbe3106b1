//! Evaluation of models and prediction.

use ndarray::{ArrayView1, Ix2};
use tapeline_data::{Dataset, Draws, Normalisation, in_order};
use tapeline_layers::{AnyLoss, Ctx, Element, Loss, Meaning, Mode, Plan};
use tapeline_tensor::{
    Params, Tensor, Var,
    buffer::{Buffer, give_back},
    is_finite, no_grad, pool, vectorized,
};

use crate::{Model, NotFinite, error::Subject, metrics::Calibration};

/// Minimum and maximum number of images evaluated at once.
const IMAGES_AT_ONCE: [usize; 2] = [10, 100];

/// Bytes of the largest input and output of a layer for the images evaluated at once: they fit the
/// second-level cache.
const CACHE: usize = 1 << 20;

/// Returns the number of images that a model evaluates at once. It depends on sizes alone, since
/// the loss of a batch is rounded.
pub(crate) fn batch_size(plan: &Plan) -> usize {
    let shapes = plan.rows.iter().map(|row| &row.output);
    let sizes = shapes
        .chain([&plan.input])
        .map(|shape| shape.iter().product());
    let largest = sizes.max().unwrap_or(1).max(1);
    let [least, most] = IMAGES_AT_ONCE;
    (CACHE / (2 * size_of::<f32>() * largest)).clamp(least, most)
}

/// Number of images that a thread gathers at once.
const IMAGES: usize = 25;

/// Metrics of a model on a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss over the images, weighted if the loss [weights](tapeline_layers::Loss::weight)
    /// them.
    pub loss: f64,
    /// Fraction of correctly classified images.
    pub accuracy: f64,
    /// Number of images.
    pub samples: usize,
    /// Confusion matrix: number of images of each class (row) that were predicted as each class
    /// (column).
    pub confusion: Vec<Vec<usize>>,
    /// Expected calibration error, from 0 to 1: see [`Calibration`].
    pub calibration_error: f64,
}

/// Evaluates a model on labelled images.
///
/// # Errors
/// Returns an error if the model's output for an image, or the loss, isn't finite.
///
/// # Panics
/// Panics if the shape of the images differs from the model's input, or a label is not an output of
/// the model.
pub fn evaluate(
    model: &Model,
    params: &Params,
    loss: &dyn AnyLoss,
    data: &Dataset,
    normalisation: Normalisation,
) -> Result<Evaluation, NotFinite> {
    let classes = model.plan.output.iter().product();
    let mut confusion = vec![vec![0; classes]; classes];
    let mut calibration = Calibration::default();
    let (mut sum, mut weights) = (0.0, 0.0);
    let loss = f32::loss(loss);
    let batches = in_order(data.len(), batch_size(&model.plan));
    let judged = pool::map(&batches, |indices| {
        let targets = data.labels_of(indices);
        let images = batch(data, indices, normalisation, None);
        let judged = judge(model, params, loss, &images, &targets);
        give_back(images);
        judged.map_err(|found| (indices, found))
    });
    for judged in judged {
        let judged = judged.map_err(|(indices, odd)| {
            let subject = match odd {
                Odd::Output { row } => Subject::Output {
                    sample: indices[row],
                },
                Odd::Loss => Subject::Loss,
            };
            let images = batch(data, indices, normalisation, None);
            NotFinite::locate(model, params, &images, Mode::Evaluation, subject)
        })?;
        sum += judged.loss * judged.weight;
        weights += judged.weight;
        if let Ok(rows) = judged.probabilities.view().into_dimensionality::<Ix2>() {
            calibration.add(rows, &judged.targets);
        }
        for (target, found) in judged.targets.into_iter().zip(judged.found) {
            confusion[target][found] += 1;
        }
    }
    let correct: usize = (0..classes).map(|class| confusion[class][class]).sum();
    let samples = data.len();
    Ok(Evaluation {
        loss: sum / weights,
        accuracy: correct as f64 / samples as f64,
        samples,
        confusion,
        calibration_error: calibration.error(),
    })
}

/// What the model computes for a batch.
struct Judged {
    /// Mean loss over the images.
    loss: f64,
    weight: f64,
    /// The true classes.
    targets: Vec<usize>,
    /// The predicted classes.
    found: Vec<usize>,
    probabilities: Tensor,
}

/// What isn't finite in a batch.
enum Odd {
    /// The output for an image of the batch.
    Output { row: usize },
    /// The loss.
    Loss,
}

/// Evaluates a model on one batch.
fn judge(
    model: &Model,
    params: &Params,
    loss: &dyn Loss<f32>,
    images: &Tensor,
    targets: &[usize],
) -> Result<Judged, Odd> {
    no_grad(params, |tape, on_tape| {
        let cx = Ctx::new(tape, on_tape, Mode::Evaluation).folding();
        let output = model.forward(&cx, tape.constant(images.clone()));
        let value = loss.value(output, targets).value().sum();
        let probabilities = probabilities(model, output).value();
        let output = output.value();
        match first_odd_row(&output) {
            Some(row) => Err(Odd::Output { row }),
            None if !value.is_finite() => Err(Odd::Loss),
            None => Ok(Judged {
                loss: value.into(),
                weight: loss.weight(targets),
                targets: targets.to_vec(),
                found: classified(&output),
                probabilities,
            }),
        }
    })
}

/// Returns the class probabilities for a batch of inputs: `[n, classes]`.
///
/// They are the output itself if it consists of probabilities ([`Model::meaning`]), otherwise its
/// softmax.
///
/// # Errors
/// Returns an error if the model's output for an input isn't finite.
///
/// # Panics
/// Panics if the shape of the inputs differs from the model's input.
pub fn predict(model: &Model, params: &Params, images: Tensor) -> Result<Tensor, NotFinite> {
    let result = no_grad(params, |tape, on_tape| {
        let cx = Ctx::new(tape, on_tape, Mode::Evaluation).folding();
        let output = model.forward(&cx, tape.constant(images.clone()));
        if let Some(sample) = first_odd_row(&output.value()) {
            return Err(Subject::Output { sample });
        }
        Ok(probabilities(model, output).value())
    });
    result.map_err(|subject| NotFinite::locate(model, params, &images, Mode::Evaluation, subject))
}

/// Converts the output of a model, `[n, classes]`, to class probabilities.
pub(crate) fn probabilities<'t>(model: &Model, output: Var<'t, f32>) -> Var<'t, f32> {
    match model.meaning() {
        Meaning::Probabilities => output,
        _ => output.softmax(1),
    }
}

/// Returns the first row of an output, `[n, classes]`, that contains NaN or an infinity.
pub(crate) fn first_odd_row(output: &Tensor) -> Option<usize> {
    if is_finite(output) {
        return None;
    }
    let mut rows = output.rows().into_iter();
    rows.position(|row| row.iter().any(|x| !x.is_finite()))
}

/// Returns the images at `indices` as a tensor `[n, channels, h, w]`, augmented if `draws` is
/// given.
pub(crate) fn batch(
    data: &Dataset,
    indices: &[usize],
    normalisation: Normalisation,
    draws: Option<Draws<'_>>,
) -> Tensor {
    let [channels, rows, cols] = data.shape();
    let mut pixels = Buffer::any(indices.len() * channels * rows * cols);
    gather(data, indices, normalisation, draws, &mut pixels);
    pixels.into_tensor(&[indices.len(), channels, rows, cols])
}

/// Writes the images at `indices` into `pixels`, in parallel.
fn gather(
    data: &Dataset,
    indices: &[usize],
    normalisation: Normalisation,
    draws: Option<Draws<'_>>,
    pixels: &mut [f32],
) {
    let area: usize = data.shape().iter().product();
    let tasks = indices.chunks(IMAGES).zip(pixels.chunks_mut(IMAGES * area));
    pool::each(tasks, |_, (indices, pixels)| match draws {
        None => vectorized(
            #[inline(always)]
            || data.gather(indices, normalisation, pixels),
        ),
        Some(draws) => data.gather_augmented(indices, normalisation, draws, pixels),
    });
}

/// Returns the class of the largest output in each row; the first one on ties.
pub(crate) fn classified(output: &Tensor) -> Vec<usize> {
    output
        .rows()
        .into_iter()
        .map(|row| largest(row).0)
        .collect()
}

/// Returns the index and value of the largest element; the first one on ties.
pub(crate) fn largest(row: ArrayView1<'_, f32>) -> (usize, f32) {
    let larger = |best: (usize, f32), (i, &value): (usize, &f32)| match value > best.1 {
        true => (i, value),
        false => best,
    };
    row.iter().enumerate().fold((0, f32::NEG_INFINITY), larger)
}
