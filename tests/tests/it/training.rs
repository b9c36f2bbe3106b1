//! Training as a whole: it learns, repeats itself bit by bit, stops when told, and says where it diverged.

use std::ops::ControlFlow;

use tapeline_data::{Augmentation, Dataset, Normalisation, augmentations};
use tapeline_layers::{NamedLoss, Takes, layers, losses};
use tapeline_models::{Data, Ended, FitEvent, Model, Recipe, Trainer, evaluate, fit, presets};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::{Params, Pool};
use tapeline_tests::bright_or_dark;

struct Setting<'a> {
    model: &'a str,
    optimizer: String,
    loss: &'static str,
    augment: Option<&'static str>,
    schedule: &'static str,
    epochs: u64,
    batch_size: usize,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Setting {
            model: "conv2d(4, 3, padding=1) relu maxpool2d(2) flatten dropout(0.1) linear(2)",
            optimizer: "sgd(lr=0.05, momentum=0.9, weight_decay=0.001)".into(),
            loss: "cross_entropy",
            augment: None,
            schedule: "constant",
            epochs: 3,
            batch_size: 10,
        }
    }
}

fn train(
    setting: &Setting<'_>,
    data: &Dataset,
    observer: &mut dyn FnMut(FitEvent<'_>) -> ControlFlow<()>,
) -> (Result<f64, Ended>, Params) {
    let model = Model::build(setting.model, &data.shape(), &layers(), &presets()).unwrap();
    let loss = NamedLoss::read(setting.loss, &losses()).unwrap();
    let registry = optimizers();
    let optimizer = Optimizer::read(&setting.optimizer, &registry).unwrap();
    let schedule = Schedule::read(setting.schedule, &schedules())
        .unwrap()
        .scheduler(1000);
    let augment = setting
        .augment
        .map(|text| Augmentation::read(text, &augmentations()).unwrap());
    let recipe = Recipe {
        patience: None,
        epochs: setting.epochs,
        batch_size: setting.batch_size,
        seed: 7,
        normalisation: Normalisation::default(),
        augment: augment.as_ref(),
        schedule: &schedule,
    };
    let params = model.init(recipe.seed);
    let stepper = optimizer.init(&params);
    let mut trainer = Trainer::new(&model, &*loss.loss, params, stepper, recipe.seed);
    let ended = fit(
        &mut trainer,
        &recipe,
        &Data {
            train: data,
            test: data,
            val: Some(data),
        },
        observer,
    );
    let accuracy = ended.map(|_| {
        evaluate(
            &model,
            &trainer.params,
            &*loss.loss,
            data,
            recipe.normalisation,
        )
        .unwrap()
        .accuracy
    });
    (accuracy, trainer.params)
}

fn go_on(_: FitEvent<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn every_optimizer_learns_what_can_be_learned() {
    let data = bright_or_dark(60, [1, 6, 6]);
    let registry = optimizers();
    for example in registry.iter().flat_map(|def| def.examples) {
        let optimizer = Optimizer::read(example, &registry).unwrap();
        let setting = Setting {
            optimizer: optimizer.with_lr(0.02).unwrap().full(),
            epochs: 30,
            ..Setting::default()
        };
        let (accuracy, _) = train(&setting, &data, &mut go_on);
        assert_eq!(accuracy, Ok(1.0), "{}", setting.optimizer);
    }
}

#[test]
fn every_loss_teaches() {
    let data = bright_or_dark(60, [1, 6, 6]);
    for def in losses().iter() {
        let model = Setting::default().model;
        let for_nll = format!("{model} log_softmax");
        let setting = Setting {
            model: match def.takes {
                Takes::LogProbabilities => &for_nll,
                Takes::Logits | Takes::Anything => model,
            },
            loss: def.name,
            epochs: 8,
            ..Setting::default()
        };
        assert_eq!(
            train(&setting, &data, &mut go_on).0,
            Ok(1.0),
            "{}",
            def.name
        );
    }
}

#[test]
fn the_bits_are_the_same_on_any_number_of_threads() {
    // Large enough for every kernel to be cut into tiles.
    let data = bright_or_dark(130, [2, 20, 21]);
    let setting = Setting {
        model: "conv2d(9, 5, padding=2) relu maxpool2d(2) conv2d(7, 3) tanh flatten linear(300) relu dropout(0.3) linear(2)",
        augment: Some(
            "shift(2) rotate(10) elastic(34, 4) erase(0.5) blur contrast(0.5) mixup cutmix",
        ),
        epochs: 2,
        batch_size: 50,
        ..Setting::default()
    };
    let on = |threads: usize| {
        Pool::new(threads)
            .unwrap()
            .install(|| train(&setting, &data, &mut go_on))
    };
    let alone = train(&setting, &data, &mut go_on);
    for threads in [1, 2, 3, 8, 2] {
        assert!(on(threads) == alone, "{threads} threads");
    }
}

#[test]
fn the_observer_sees_every_step_and_may_end_it() {
    let data = bright_or_dark(25, [1, 4, 4]);
    let mut seen = Vec::new();
    let (ended, _) = train(&Setting::default(), &data, &mut |event| {
        match event {
            FitEvent::Step(progress, _) => seen.push(progress.samples),
            FitEvent::Epoch(epoch, trainer) => {
                assert_eq!((epoch.epoch, trainer.step), (1, 3));
                assert!(epoch.train_accuracy <= 1.0 && epoch.train_loss.is_finite());
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    assert_eq!(ended, Err(Ended::Stopped));
    // The last batch is smaller, and not dropped.
    assert_eq!(seen, [10, 20, 25]);
}

#[test]
fn images_are_augmented_in_training_only() {
    let data = bright_or_dark(25, [1, 6, 6]);
    let figures = |augment| {
        let setting = Setting {
            model: "flatten linear(2)",
            optimizer: "sgd(lr=1e-30)".into(),
            augment,
            ..Setting::default()
        };
        let mut figures = Vec::new();
        let (ended, _) = train(&setting, &data, &mut |event| {
            if let FitEvent::Epoch(epoch, _) = event {
                figures.push((epoch.train_loss, epoch.test_loss));
            }
            ControlFlow::Continue(())
        });
        assert!(ended.is_ok());
        figures
    };
    let (plain, augmented) = (figures(None), figures(Some("shift(2)")));
    assert!(plain.iter().zip(&augmented).all(|(a, b)| a.0 != b.0));
    assert!(plain.iter().zip(&augmented).all(|(a, b)| a.1 == b.1));
    // Each epoch draws anew, from weights that stay as they are.
    assert!((augmented[0].0 - augmented[1].0).abs() > 1e-4);
}

#[test]
fn averages_are_what_is_judged() {
    let data = bright_or_dark(60, [1, 6, 6]);
    let setting = Setting {
        optimizer: "ema(0.9) sgd(lr=0.05, momentum=0.9)".into(),
        ..Setting::default()
    };
    let model = Model::build(setting.model, &data.shape(), &layers(), &presets()).unwrap();
    let loss = NamedLoss::read(setting.loss, &losses()).unwrap();
    let judge = |params: &Params| {
        let found = evaluate(&model, params, &*loss.loss, &data, Normalisation::default());
        found.unwrap().loss
    };
    let mut seen = 0;
    train(&setting, &data, &mut |event| {
        if let FitEvent::Epoch(epoch, trainer) = event {
            let averaged = judge(&trainer.averaged());
            assert_eq!(epoch.test_loss, averaged);
            assert_eq!(epoch.val.map(|(loss, _)| loss), Some(averaged));
            assert_ne!(averaged, judge(&trainer.params));
            seen += 1;
        }
        ControlFlow::Continue(())
    })
    .0
    .unwrap();
    assert_eq!(seen, setting.epochs);
}

/// No epoch gets a loss to a tenth, so from the second on nothing moves.
#[test]
fn a_plateau_is_told_of_each_epoch() {
    let data = bright_or_dark(60, [1, 6, 6]);
    let setting = Setting {
        model: "flatten linear(2)",
        optimizer: "sgd(lr=0.001)".into(),
        schedule: "warmup(3) plateau(factor=1e-300, patience=0, threshold=0.9)",
        epochs: 4,
        ..Setting::default()
    };
    let mut after = Vec::new();
    let (ended, _) = train(&setting, &data, &mut |event| {
        if let FitEvent::Epoch(_, trainer) = event {
            after.push(trainer.params.clone());
        }
        ControlFlow::Continue(())
    });
    ended.unwrap();
    assert_ne!(after[0], after[1]);
    assert_eq!((&after[1], &after[1]), (&after[2], &after[3]));
}

#[test]
fn divergence_names_step_and_layer_and_leaves_the_weights() {
    let data = bright_or_dark(40, [1, 4, 4]);
    let setting = Setting {
        model: "flatten linear(8) relu linear(2)",
        optimizer: "sgd(lr=1e30)".into(),
        ..Setting::default()
    };
    let mut last = None;
    let (ended, params) = train(&setting, &data, &mut |event| {
        if let FitEvent::Step(progress, _) = event {
            last = Some(progress.samples);
        }
        ControlFlow::Continue(())
    });
    let Err(Ended::Diverged(diverged)) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(
        last.map(|samples| samples as u64),
        (diverged.step > 0).then_some(10 * diverged.step)
    );
    let layer = diverged.found.layer();
    assert!(
        layer.is_some_and(|layer| layer.ends_with("linear")),
        "{diverged}"
    );
    assert!(
        diverged.to_string().starts_with(&format!(
            "step {}: the model's output isn't finite",
            diverged.step
        )),
        "{diverged}"
    );
    assert!(
        params.iter().all(|p| p.value.iter().all(|v| v.is_finite())),
        "the step that diverged was applied"
    );
}
