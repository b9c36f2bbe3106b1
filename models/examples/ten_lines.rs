//! Builds a model from one line of text, trains it for two epochs on 5000 images of MNIST and
//! evaluates it on the 10 000 test images.
//!
//! Try `cargo run --release -p tapeline-models --example ten_lines -- "conv2d(8, 5) relu maxpool2d(2) flatten linear(10)"`.
#![allow(clippy::print_stdout)]

use std::ops::ControlFlow;

use tapeline_data::{Normalisation, load};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{Data, FitEvent, Model, Recipe, Trainer, fit, presets};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::Pool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = std::env::args()
        .nth(1)
        .unwrap_or("flatten linear(64) relu linear(10)".into());
    let data = load("mnist")?;
    let (train, test) = (data.train.limit(5000), data.test);

    let model = Model::build(&text, &train.shape(), &layers(), &presets())?;
    model.expect_classes(train.classes.len())?;
    let loss = NamedLoss::read("cross_entropy", &losses())?;
    let optimizer = Optimizer::read("adam(lr=0.002)", &optimizers())?;
    let recipe = Recipe {
        patience: None,
        epochs: 2,
        batch_size: 50,
        seed: 0,
        normalisation: Normalisation::default(),
        augment: None,
        schedule: &Schedule::read("cosine", &schedules())?.scheduler(200),
    };

    let params = model.init(recipe.seed);
    let stepper = optimizer.init(&params);
    let mut trainer = Trainer::new(&model, &*loss.loss, params, stepper, recipe.seed);
    Pool::new(Pool::cores())?
        .install(|| {
            let data = Data {
                train: &train,
                test: &test,
                val: None,
            };
            fit(&mut trainer, &recipe, &data, &mut |event| {
                if let FitEvent::Epoch(epoch, _) = event {
                    println!(
                        "epoch {}: test accuracy {:.2} %",
                        epoch.epoch,
                        epoch.test_accuracy * 100.0
                    );
                }
                ControlFlow::Continue(())
            })
        })
        .map_err(|ended| format!("{ended:?}"))?;
    Ok(())
}
