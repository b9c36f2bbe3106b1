//! The images that a model gets wrong, and what it looks at: occlusion maps.

use ndarray::{Array2, Array4, Axis, Ix4, Slice, s};
use tapeline_data::{Dataset, Normalisation, in_order};
use tapeline_layers::{AnyLoss, Ctx, Element, Mode};
use tapeline_tensor::{Params, no_grad};

use crate::{
    Model, NotFinite,
    error::Subject,
    evaluate::{batch, batch_size, first_odd_row, largest, predict, probabilities},
};

/// The side of the covered square, as a fraction of the image's.
const PATCH: usize = 4;

/// The number of positions of the square along a side of the image, approximately.
const POSITIONS: usize = 12;

/// A misclassified image.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The index of the image in the dataset.
    pub index: usize,
    /// The true class.
    pub class: usize,
    /// The predicted class.
    pub predicted: usize,
    /// The loss of the image.
    pub loss: f64,
    /// The probability of each class.
    pub probabilities: Vec<f32>,
}

/// Returns all misclassified images, the highest loss first.
///
/// # Errors
/// Returns an error if the model's output for an image isn't finite.
///
/// # Panics
/// Panics if the shape of the images differs from the model's input, or a label is not an output of
/// the model.
pub fn mistakes(
    model: &Model,
    params: &Params,
    loss: &dyn AnyLoss,
    data: &Dataset,
    normalisation: Normalisation,
) -> Result<Vec<Mistake>, NotFinite> {
    let mut all = Vec::new();
    let loss = f32::loss(loss);
    for indices in &in_order(data.len(), batch_size(&model.plan)) {
        let targets = data.labels_of(indices);
        let images = batch(data, indices, normalisation, None);
        let found = no_grad(params, |tape, on_tape| {
            let cx = Ctx::new(tape, on_tape, Mode::Evaluation).folding();
            let output = model.forward(&cx, tape.constant(images.clone()));
            let found = probabilities(model, output).value();
            let output = output.value();
            if let Some(row) = first_odd_row(&output) {
                let sample = indices[row];
                return Err(Subject::Output { sample });
            }
            for (i, row) in found.rows().into_iter().enumerate() {
                let (predicted, _) = largest(row);
                if predicted != targets[i] {
                    let alone = output
                        .slice_axis(Axis(0), Slice::from(i..i + 1))
                        .to_shared();
                    let value = loss.value(tape.constant(alone), &targets[i..=i]).value();
                    all.push(Mistake {
                        index: indices[i],
                        class: targets[i],
                        predicted,
                        loss: value.sum().into(),
                        probabilities: row.to_vec(),
                    });
                }
            }
            Ok(())
        });
        found.map_err(|subject| {
            NotFinite::locate(model, params, &images, Mode::Evaluation, subject)
        })?;
    }
    all.sort_by(|a, b| b.loss.total_cmp(&a.loss));
    Ok(all)
}

/// Returns by how much the probability of `class` falls where the image at `index` is covered:
/// `[rows, columns]`, values from −1 to 1.
///
/// A square of a quarter of the image's side, in the median colour of the image, is moved over the
/// image (Zeiler and Fergus, 2014). The value of a pixel is the mean over the squares that cover it.
///
/// # Errors
/// Returns an error if the model's output isn't finite.
///
/// # Panics
/// Panics if the shape of the images differs from the model's input, or the index or class doesn't
/// exist.
pub fn occlusion(
    model: &Model,
    params: &Params,
    data: &Dataset,
    index: usize,
    class: usize,
    normalisation: Normalisation,
) -> Result<Array2<f32>, NotFinite> {
    let image = batch(data, &[index], normalisation, None);
    let whole = predict(model, params, image.clone())?[[0, class]];
    let image = image.into_dimensionality::<Ix4>();
    let image = image.unwrap_or_else(|e| unreachable!("a batch has four dimensions: {e}"));
    let [_, rows, cols] = data.shape();
    let planes = image.index_axis(Axis(0), 0);
    let planes = planes.outer_iter();
    let medians: Vec<f32> = planes.map(|plane| median(plane.iter().copied())).collect();
    let places: Vec<_> = starts(rows)
        .flat_map(|top| starts(cols).map(move |left| (top, left)))
        .collect();
    let [height, width] = [rows, cols].map(patch);
    let [mut sums, mut counts] = [0, 1].map(|_| Array2::<f32>::zeros([rows, cols]));
    for places in places.chunks(batch_size(&model.plan)) {
        let shape = (places.len(), medians.len(), rows, cols);
        let mut covered =
            Array4::from_shape_fn(shape, |(_, channel, y, x)| image[[0, channel, y, x]]);
        for (i, &(top, left)) in places.iter().enumerate() {
            for (channel, &median) in medians.iter().enumerate() {
                covered
                    .slice_mut(s![i, channel, top..top + height, left..left + width])
                    .fill(median);
            }
        }
        let found = predict(model, params, covered.into_dyn().into_shared())?;
        for (i, &(top, left)) in places.iter().enumerate() {
            let square = s![top..top + height, left..left + width];
            sums.slice_mut(square)
                .map_inplace(|sum| *sum += whole - found[[i, class]]);
            counts.slice_mut(square).map_inplace(|count| *count += 1.0);
        }
    }
    Ok(sums / counts)
}

/// Returns the side of the covered square along a side of the image.
fn patch(side: usize) -> usize {
    side.div_ceil(PATCH)
}

/// Returns where squares begin along a side of the image, so that they cover all of it.
fn starts(side: usize) -> impl Iterator<Item = usize> + Clone {
    let last = side - patch(side);
    let stride = last.div_ceil(POSITIONS).max(1);
    (0..last).step_by(stride).chain([last])
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<_> = values.collect();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}
