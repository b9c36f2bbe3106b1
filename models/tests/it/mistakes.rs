//! Misclassified images are those that predictions say, and occlusion maps show what a model looks
//! at.

use ndarray::Axis;
use tapeline_data::{Dataset, Images, Normalisation};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{
    Model, evaluate,
    mistakes::{mistakes, occlusion},
    predict, presets,
};
use tapeline_tensor::Tensor;

const SCALE: f32 = 1.0 / 255.0;

fn build(spec: &str, shape: &[usize]) -> Model {
    Model::build(spec, shape, &layers(), &presets()).unwrap()
}

/// The loss of a mistake is the negative logarithm of the probability of the true class, by the
/// definition of cross-entropy.
#[test]
fn mistakes_are_the_wrong_predictions_by_decreasing_loss() {
    const COUNT: usize = 250;
    let pixels = (0..COUNT * 36).map(|i| (i * 7919 % 251) as u8).collect();
    let labels: Vec<_> = (0..COUNT).map(|i| (i % 3) as u8).collect();
    let images = Images::new(pixels, [COUNT, 1, 6, 6]);
    let data = Dataset::new(images, labels, ["a", "b", "c"].map(String::from)).unwrap();
    let loss = NamedLoss::read("cross_entropy", &losses()).unwrap().loss;
    for spec in ["flatten linear(3)", "conv2d(4, 3) relu flatten linear(3)"] {
        let model = build(spec, &data.shape());
        let params = model.init(1);
        let scale = Normalisation::default();
        let found = mistakes(&model, &params, &*loss, &data, scale).unwrap();
        let losses: Vec<_> = found.iter().map(|mistake| mistake.loss).collect();
        assert!(losses.is_sorted_by(|a, b| a >= b), "{losses:?}");

        let inputs: Vec<f32> = data
            .images
            .bytes()
            .iter()
            .map(|&p| f32::from(p) * SCALE)
            .collect();
        let inputs = Tensor::from_shape_vec(vec![COUNT, 1, 6, 6], inputs).unwrap();
        let probabilities = predict(&model, &params, inputs).unwrap();
        for mistake in &found {
            let row = probabilities.index_axis(Axis(0), mistake.index);
            assert!(row.iter().all(|p| *p <= row[mistake.predicted]));
            let all_classes: Vec<_> = row.iter().copied().collect();
            assert_eq!(all_classes, mistake.probabilities);
            let wanted = -f64::from(row[mistake.class]).ln();
            assert!(
                (mistake.loss - wanted).abs() < 1e-5,
                "{}, not {wanted}",
                mistake.loss
            );
            assert_ne!(mistake.class, mistake.predicted);
            assert_eq!(mistake.class, mistake.index % 3);
        }
        let mut indices: Vec<_> = found.iter().map(|mistake| mistake.index).collect();
        indices.sort_unstable();
        indices.dedup();
        let all = evaluate(&model, &params, &*loss, &data, scale).unwrap();
        let right: usize = (0..3).map(|class| all.confusion[class][class]).sum();
        assert_eq!(indices.len(), COUNT - right);
        assert!(right > 0 && right < COUNT);
    }
}

/// A model that looks at one pixel of one channel: covering it, and nothing else, makes a
/// difference.
#[test]
fn an_occlusion_map_shows_the_pixel_that_a_model_looks_at() {
    for (shape, place) in [
        ([1, 12, 9], [3, 8]),
        ([3, 30, 41], [29, 0]),
        ([1, 1, 2], [0, 1]),
    ] {
        let [channels, rows, cols] = shape;
        let (channel, at) = (channels - 1, place[0] * cols + place[1]);
        let mut pixels = vec![0; channels * rows * cols];
        pixels[channel * rows * cols + at] = 255;
        let images = Images::new(pixels, [1, channels, rows, cols]);
        let data = Dataset::new(images, [0], ["off", "on"].map(String::from)).unwrap();
        let model = build("flatten linear(2)", &data.shape());
        let mut params = model.init(0);
        params.values_mut().for_each(|mut value| value.fill(0.0));
        let weight = params.find("1.weight").unwrap();
        params.value_mut(weight)[[1, channel * rows * cols + at]] = 2.0;

        let map = occlusion(&model, &params, &data, 0, 1, Normalisation::default()).unwrap();
        assert_eq!(map.dim(), (rows, cols));
        let change = 1.0 / (1.0 + f32::exp(-2.0)) - 0.5;
        // For two pixels, the median is the larger one, so covering them changes the other.
        let wanted = if cols == 2 { 0.0 } else { change };
        assert!(
            (map[place] - wanted).abs() < 1e-6,
            "{shape:?}: {}",
            map[place]
        );
        let sides = [rows.div_ceil(4), cols.div_ceil(4)];
        for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
            let is_near = row.abs_diff(place[0]) < sides[0] && col.abs_diff(place[1]) < sides[1];
            let value = map[[row, col]];
            assert!(value >= 0.0 && value <= change + 1e-6);
            assert!(
                is_near || value == 0.0,
                "{shape:?} at {row}, {col}: {value}"
            );
        }
    }
}
