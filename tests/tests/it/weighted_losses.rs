//! Figures of a loss depend on the data alone: not on how they are cut into batches, and not on their order.

use std::ops::ControlFlow;

use tapeline_data::{Dataset, Images, Normalisation};
use tapeline_layers::{NamedLoss, losses};
use tapeline_models::{Data, Epoch, FitEvent, Model, Recipe, Trainer, evaluate, fit, presets};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::Params;

/// More than two batches of an evaluation.
const COUNT: usize = 450;

/// Images in three classes, of which the first is the most frequent, in an order of the labels.
fn data(order: impl Fn(usize) -> usize) -> Dataset {
    let all = |i: usize| {
        let label = [0, 0, 0, 1, 1, 2][i * 7 % 6] as u8;
        let pixels: Vec<u8> = (0..4).map(|place| (i * 31 + place * 57) as u8).collect();
        (label, pixels)
    };
    let mut rows: Vec<_> = (0..COUNT).collect();
    rows.sort_by_key(|&i| order(i));
    let (labels, pixels): (Vec<_>, Vec<_>) = rows.into_iter().map(all).unzip();
    let images = Images::new(pixels.concat(), [COUNT, 1, 2, 2]);
    Dataset::new(images, labels, ["a", "b", "c"].map(String::from)).unwrap()
}

fn sorted() -> Dataset {
    data(|i| [0, 0, 0, 1, 1, 2][i * 7 % 6])
}

fn shuffled() -> Dataset {
    data(|i| i * 197 % COUNT)
}

/// Losses with weights among them.
fn texts() -> Vec<&'static str> {
    let registry = losses();
    let examples = registry.iter().flat_map(|def| def.examples).copied();
    let more = [
        "cross_entropy(weight=(1, 9, 100))",
        "cross_entropy(0.2, (1, 9, 100))",
        "cross_entropy(weight=9)",
        "nll(weight=9)",
    ];
    examples.chain(more).collect()
}

fn model(text: &str) -> (Model, Params) {
    let spec = match text.starts_with("nll") {
        true => "flatten linear(3) log_softmax",
        false => "flatten linear(3)",
    };
    let layers = tapeline_layers::layers();
    let model = Model::build(spec, &[1, 2, 2], &layers, &presets()).unwrap();
    let params = model.init(3);
    (model, params)
}

/// Reads a loss for the classes of the data.
fn read(text: &str) -> NamedLoss {
    let loss = NamedLoss::read(text, &losses()).unwrap();
    loss.for_counts(&[225, 150, 75])
}

fn mean(text: &str, data: &Dataset) -> f64 {
    let (model, params) = model(text);
    let loss = read(text).loss;
    let found = evaluate(&model, &params, &*loss, data, Normalisation::default());
    found.unwrap().loss
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-5 * b.abs().max(0.1)
}

/// A loss of one sample is what it contributes, whatever its weight: the weighted mean of those is the oracle.
#[test]
fn a_data_set_has_the_weighted_mean_of_its_samples() {
    let data = sorted();
    let singles: Vec<_> = (0..COUNT).map(|i| data.take(i..i + 1)).collect();
    let labels = data.labels_of(&(0..COUNT).collect::<Vec<_>>());
    for (text, weights) in [
        ("cross_entropy(weight=(1, 9, 100))", [1.0, 9.0, 100.0]),
        ("cross_entropy(0.2, (1, 9, 100))", [1.0, 9.0, 100.0]),
        ("nll(weight=(0.5, 2, 1))", [0.5, 2.0, 1.0]),
        ("cross_entropy(weight=9)", [1.0; 3]),
        ("focal(alpha=(0.5, 2, 1))", [1.0; 3]),
        ("mse", [1.0; 3]),
    ] {
        let (mut sum, mut total) = (0.0, 0.0);
        for (single, &label) in singles.iter().zip(&labels) {
            sum += weights[label] * mean(text, single);
            total += weights[label];
        }
        let found = mean(text, &data);
        assert!(near(found, sum / total), "{text}: {found}, {}", sum / total);
    }
}

#[test]
fn the_order_is_no_matter() {
    for text in texts() {
        let (sorted, shuffled) = (mean(text, &sorted()), mean(text, &shuffled()));
        assert!(near(sorted, shuffled), "{text}: {sorted}, {shuffled}");
    }
}

/// With steps too short to move a weight, the figures of training are those of an evaluation, whatever the batch size, and however short
/// the last batch.
#[test]
fn the_figures_of_training_are_those_of_an_evaluation() {
    let data = sorted();
    for text in texts() {
        for batch_size in [1, 7, 64, 449, 450] {
            let epoch = still(text, &data, batch_size);
            let (train, test) = (epoch.train_loss, epoch.test_loss);
            assert!(near(train, test), "{text} in {batch_size}: {train}, {test}");
            let val = epoch.val.unwrap().0;
            assert!(near(train, val), "{text} in {batch_size}: {train}, {val}");
        }
    }
}

/// An epoch in which nothing moves.
fn still(text: &str, data: &Dataset, batch_size: usize) -> Epoch {
    let (model, params) = model(text);
    let loss = read(text).loss;
    let registry = optimizers();
    let optimizer = Optimizer::read("sgd(lr=1e-30, momentum=0, weight_decay=0)", &registry);
    let recipe = Recipe {
        patience: None,
        epochs: 1,
        batch_size,
        seed: 0,
        normalisation: Normalisation::default(),
        augment: None,
        schedule: &Schedule::read("constant", &schedules())
            .unwrap()
            .scheduler(1),
    };
    let stepper = optimizer.unwrap().init(&params);
    let mut trainer = Trainer::new(&model, &*loss, params, stepper, 0);
    let shuffled = shuffled();
    let data = Data {
        train: data,
        test: data,
        val: Some(&shuffled),
    };
    let mut last = 0.0;
    fit(&mut trainer, &recipe, &data, &mut |event| {
        if let FitEvent::Step(progress, _) = event {
            last = progress.loss;
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let epoch = trainer.history[0].clone();
    assert_eq!(epoch.train_loss, last);
    epoch
}
