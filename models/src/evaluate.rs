//! How good a model is.

use tapeline_data::{Dataset, Draws, Normalisation, in_order};
use tapeline_layers::{AnyLoss, Ctx, Element, Meaning, Mode};
use tapeline_tensor::{Params, Tensor, buffer::Buffer, is_finite, no_grad, pool, vectorized};

use crate::{Model, NotFinite, error::Subject};

/// Images that are evaluated at once.
pub(crate) const BATCH: usize = 200;

/// Images that a thread gathers at once.
const IMAGES: usize = 25;

/// How a model does on a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss over the images, weighted where the loss [weights](tapeline_layers::Loss::weight) them.
    pub loss: f64,
    /// Share of images whose class has the largest output.
    pub accuracy: f64,
    /// Number of images.
    pub samples: usize,
    /// Number of images of each class, row, for which each class was found, column.
    pub confusion: Vec<Vec<usize>>,
}

/// Evaluates a model on data whose classes it has.
///
/// # Errors
/// When the model's output for an image, or the loss, isn't finite.
///
/// # Panics
/// When the images have another shape than the model's input, or a label is no output of the model.
pub fn evaluate(
    model: &Model,
    params: &Params,
    loss: &dyn AnyLoss,
    data: &Dataset,
    normalisation: Normalisation,
) -> Result<Evaluation, NotFinite> {
    let classes = model.plan.output.iter().product();
    let mut confusion = vec![vec![0; classes]; classes];
    let (mut sum, mut weights) = (0.0, 0.0);
    for indices in &in_order(data.len(), BATCH) {
        let targets = data.labels_of(indices);
        let images = batch(data, indices, normalisation, None);
        let loss = f32::loss(loss);
        let (value, found) = no_grad(params, |tape, on_tape| {
            let cx = Ctx::new(tape, on_tape, Mode::Evaluation);
            let output = model.forward(&cx, tape.constant(images));
            let value = loss.value(output, &targets).value().sum();
            let output = output.value();
            let subject = match first_odd_row(&output) {
                Some(row) => Subject::Output {
                    sample: indices[row],
                },
                None if !value.is_finite() => Subject::Loss,
                None => return Ok((value, classified(&output))),
            };
            Err(NotFinite::on(tape, params, subject))
        })?;
        let weight = loss.weight(&targets);
        sum += f64::from(value) * weight;
        weights += weight;
        for (target, found) in targets.into_iter().zip(found) {
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
    })
}

/// Probabilities of the classes for a batch of inputs: `[n, classes]`.
///
/// They are the output itself where it means probabilities ([`Model::meaning`]), otherwise its softmax.
///
/// # Errors
/// When the model's output for an input isn't finite.
///
/// # Panics
/// When the inputs have another shape than the model's input.
pub fn predict(model: &Model, params: &Params, images: Tensor) -> Result<Tensor, NotFinite> {
    no_grad(params, |tape, on_tape| {
        let cx = Ctx::new(tape, on_tape, Mode::Evaluation);
        let output = model.forward(&cx, tape.constant(images));
        if let Some(sample) = first_odd_row(&output.value()) {
            return Err(NotFinite::on(tape, params, Subject::Output { sample }));
        }
        let probabilities = if model.meaning() == Meaning::Probabilities {
            output
        } else {
            output.softmax(1)
        };
        Ok(probabilities.value())
    })
}

/// The first row of an output, `[n, classes]`, that holds NaN or an infinity.
pub(crate) fn first_odd_row(output: &Tensor) -> Option<usize> {
    if is_finite(output) {
        return None;
    }
    let mut rows = output.rows().into_iter();
    rows.position(|row| row.iter().any(|x| !x.is_finite()))
}

/// The images at `indices` as a tensor `[n, channels, h, w]`, changed by the draws if there are any.
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

/// Writes the images at `indices` into `pixels`, over the threads of the pool.
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
        None => vectorized(|| data.gather(indices, normalisation, pixels)),
        Some(draws) => data.gather_augmented(indices, normalisation, draws, pixels),
    });
}

/// The class of the largest output in each row; the first of equals.
pub(crate) fn classified(output: &Tensor) -> Vec<usize> {
    let largest = |row: ndarray::ArrayView1<f32>| {
        let best = row
            .iter()
            .enumerate()
            .fold((0, f32::NEG_INFINITY), |best, (i, &value)| {
                if value > best.1 { (i, value) } else { best }
            });
        best.0
    };
    output.rows().into_iter().map(largest).collect()
}
