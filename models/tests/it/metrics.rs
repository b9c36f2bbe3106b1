//! Metrics are those of scikit-learn and torchmetrics, whose figures `fixtures/metrics.py` writes.

use std::{fs, path::Path};

use ndarray::Array2;
use proptest::prelude::*;
use serde::Deserialize;
use tapeline_models::{
    Evaluation,
    metrics::{BINS, Calibration},
};

#[derive(Deserialize)]
struct Case {
    probabilities: Vec<Vec<f32>>,
    targets: Vec<usize>,
    confusion: Vec<Vec<usize>>,
    images: Vec<usize>,
    precision: Vec<Option<f64>>,
    recall: Vec<Option<f64>>,
    f1: Vec<Option<f64>>,
    accuracy: f64,
    balanced_accuracy: f64,
    calibration_error: f64,
}

fn matrix(rows: &[Vec<f32>]) -> Array2<f32> {
    let values = rows.iter().flatten().copied().collect();
    Array2::from_shape_vec([rows.len(), rows[0].len()], values).unwrap()
}

fn error(rows: &[Vec<f32>], targets: &[usize]) -> f64 {
    let mut calibration = Calibration::default();
    // In two batches, as an evaluation adds them.
    let (all, half) = (matrix(rows), rows.len() / 2);
    let (first, second) = all.view().split_at(ndarray::Axis(0), half);
    calibration.add(first, &targets[..half]);
    calibration.add(second, &targets[half..]);
    calibration.error()
}

#[test]
fn metrics_are_those_of_scikit_learn_and_torchmetrics() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metrics.json");
    let cases: Vec<Case> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let mut undefined = 0;
    for case in &cases {
        let found = Evaluation {
            loss: 0.0,
            accuracy: case.accuracy,
            samples: case.targets.len(),
            confusion: case.confusion.clone(),
            calibration_error: error(&case.probabilities, &case.targets),
        };
        for (i, class) in found.classes().iter().enumerate() {
            assert_eq!(class.images, case.images[i]);
            let metrics = [
                (class.precision, case.precision[i]),
                (class.recall, case.recall[i]),
                (class.f1, case.f1[i]),
            ];
            for (ours, theirs) in metrics {
                assert_eq!(ours.is_none(), theirs.is_none(), "class {i}");
                undefined += usize::from(ours.is_none());
                let apart = ours.unwrap_or(0.0) - theirs.unwrap_or(0.0);
                assert!(apart.abs() < 1e-12, "class {i}: {ours:?}, not {theirs:?}");
            }
        }
        assert!((found.balanced_accuracy() - case.balanced_accuracy).abs() < 1e-12);
        // torchmetrics adds in f32.
        let apart = (found.calibration_error - case.calibration_error).abs();
        assert!(apart < 1e-6, "{apart}");
    }
    assert!(undefined > 0);
}

proptest! {
    /// The definition of Guo et al., bin by bin; confidences may be at the borders of bins.
    #[test]
    fn the_calibration_error_is_the_definition(
        images in prop::collection::vec((0u8..=30, 0usize..2), 1..60),
    ) {
        // With two classes, confidences are at least 1/2.
        let rows: Vec<_> = images.iter().map(|&(step, _)| {
            let p = 0.5 + f32::from(step) / 60.0;
            vec![p, 1.0 - p]
        }).collect();
        let targets: Vec<_> = images.iter().map(|&(_, target)| target).collect();
        let mut wanted = 0.0;
        for bin in 0..BINS {
            let [low, high] = [bin, bin + 1].map(|edge| edge as f64 / BINS as f64);
            let inside = |&&(p, _): &&(f64, usize)| p > low && p <= high;
            let all: Vec<_> = rows.iter().map(|row| f64::from(row[0])).zip(targets.clone()).collect();
            let all: Vec<_> = all.iter().filter(inside).collect();
            let confidence: f64 = all.iter().map(|(p, _)| p).sum();
            let correct = all.iter().filter(|(_, target)| *target == 0).count();
            wanted += (confidence - correct as f64).abs() / images.len() as f64;
        }
        let found = error(&rows, &targets);
        prop_assert!((found - wanted).abs() < 1e-9, "{found}, not {wanted}");
    }
}
