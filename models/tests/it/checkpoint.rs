//! Runs that are stopped, stored and resumed, compared with the same runs without interruption.

use std::{collections::BTreeMap, ops::ControlFlow, path::Path};

use proptest::prelude::*;
use tapeline_data::{Augmentation, Dataset, Images, Normalisation, augmentations};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{
    Data, Ended, Epoch, FitEvent, History, Model, Recipe, Trainer, checkpoint, fit, presets,
};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::Pool;

const EPOCHS: u64 = 3;
const SAMPLES: usize = 23;

/// A run that uses every source of randomness and every kind of state.
#[derive(Clone, Copy, Debug)]
struct Setting {
    optimizer: &'static str,
    schedule: &'static str,
    batch_size: usize,
    threads: usize,
}

const SETTING: Setting = Setting {
    optimizer: "clip_norm(1) adamw(lr=0.01) ema(0.9)",
    schedule: "warmup(4) plateau(factor=0.5, patience=0, threshold=0.5)",
    batch_size: 5,
    threads: 1,
};

fn data() -> Dataset {
    let area = 6 * 6;
    let pixel = |i: usize| (i * 7919 % 60 + 150 * (i / area % 2)) as u8;
    let pixels = (0..SAMPLES * area).map(pixel).collect();
    let labels = (0..SAMPLES).map(|i| (i % 2) as u8).collect::<Vec<_>>();
    let images = Images::new(pixels, [SAMPLES, 1, 6, 6]);
    Dataset::new(images, labels, ["dark", "bright"].map(String::from)).unwrap()
}

/// The stored state of a run: a checkpoint and the table of its epochs.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    bytes: Vec<u8>,
    table: String,
}

/// Trains until `steps` steps or the end, resuming from `from` if it is given. Returns the state
/// reached.
fn train(setting: Setting, from: Option<&Kept>, steps: u64) -> Result<Kept, String> {
    let data = data();
    let text = "conv2d(3, 3) batchnorm2d prelu dropout(0.3) flatten linear(2)";
    let model = Model::build(text, &data.shape(), &layers(), &presets()).unwrap();
    let text = "cross_entropy(weight=(1, 9))";
    let loss = NamedLoss::read(text, &losses()).unwrap().loss;
    let registry = optimizers();
    let optimizer = Optimizer::read(setting.optimizer, &registry).unwrap();
    let augment =
        Augmentation::read("shift(1) erase(0.5) cutmix mixup(0.4)", &augmentations()).unwrap();
    let in_all = EPOCHS * SAMPLES.div_ceil(setting.batch_size) as u64;
    let recipe = Recipe {
        patience: None,
        epochs: EPOCHS,
        batch_size: setting.batch_size,
        seed: 7,
        normalisation: Normalisation::default(),
        augment: Some(&augment),
        schedule: &Schedule::read(setting.schedule, &schedules())
            .unwrap()
            .scheduler(in_all),
    };
    let params = model.init(recipe.seed);
    let stepper = optimizer.init(&params);
    let mut trainer = Trainer::new(&model, &*loss, params, stepper, recipe.seed);
    if let Some(kept) = from {
        checkpoint::decode(
            &kept.bytes,
            Path::new("a/checkpoint"),
            &mut trainer,
            &recipe,
            SAMPLES,
            &History::read(&kept.table),
        )
        .map_err(|error| error.to_string())?;
    }
    let data = Data {
        train: &data,
        test: &data,
        val: Some(&data),
    };
    let mut observer = |event: FitEvent<'_>| match event {
        FitEvent::Step(_, trainer) if trainer.step == steps => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let pool = Pool::new(setting.threads).unwrap();
    let ended = pool.install(|| fit(&mut trainer, &recipe, &data, &mut observer));
    assert!(matches!(ended, Ok(()) | Err(Ended::Stopped)));
    // Times may differ.
    trainer.running.time = Default::default();
    let untimed = |epoch: &Epoch| Epoch {
        train_seconds: 0.0,
        test_seconds: 0.0,
        ..epoch.clone()
    };
    trainer.history = trainer.history.iter().map(untimed).collect();
    Ok(Kept {
        bytes: checkpoint::encode(&trainer),
        table: trainer.history.table(),
    })
}

const TO_THE_END: u64 = u64::MAX;

#[test]
fn every_optimizer_goes_on_with_the_same_bits() {
    for def in optimizers().iter() {
        for optimizer in def.examples {
            let setting = Setting {
                optimizer,
                ..SETTING
            };
            let stopped = train(setting, None, 7).unwrap();
            let resumed = train(setting, Some(&stopped), TO_THE_END).unwrap();
            assert!(
                resumed == train(setting, None, TO_THE_END).unwrap(),
                "{optimizer}"
            );
        }
    }
}

#[test]
fn every_schedule_goes_on_with_the_same_bits() {
    for def in schedules().iter() {
        for schedule in def.examples {
            let setting = Setting {
                schedule,
                ..SETTING
            };
            let stopped = train(setting, None, 9).unwrap();
            let resumed = train(setting, Some(&stopped), TO_THE_END).unwrap();
            assert!(
                resumed == train(setting, None, TO_THE_END).unwrap(),
                "{schedule}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_training_may_be_stopped_after_any_steps(
        batch_size in 1_usize..30,
        stops in prop::collection::btree_set(1_u64..60, 0..4),
        threads in prop::collection::vec(1_usize..4, 5),
    ) {
        let mut setting = Setting { batch_size, ..SETTING };
        let undisturbed = train(setting, None, TO_THE_END).unwrap();
        let mut kept = None;
        for (stop, &threads) in stops.into_iter().chain([TO_THE_END]).zip(&threads) {
            setting.threads = threads;
            kept = Some(train(setting, kept.as_ref(), stop).unwrap());
        }
        prop_assert!(kept.unwrap() == undisturbed);
    }

    #[test]
    fn no_damage_goes_unseen(place: prop::sample::Index, bit in 0..8, cut: bool) {
        let mut kept = train(SETTING, None, 3).unwrap();
        let place = place.index(kept.bytes.len());
        match cut {
            true => kept.bytes.truncate(place),
            false => kept.bytes[place] ^= 1_u8 << bit,
        }
        let error = train(SETTING, Some(&kept), 3).unwrap_err();
        prop_assert!(error.starts_with("a/checkpoint: "), "{error}");
    }
}

proptest! {
    /// However a kill or an editor changes the table of epochs, either the epochs before the
    /// checkpoint are unchanged, or the table is rejected.
    #[test]
    fn a_history_is_whole_or_refused(place: prop::sample::Index, byte: u8, cut: bool) {
        let mut kept = train(SETTING, None, 12).unwrap();
        let table = kept.table.clone();
        // Two epochs are stored. A third one was finished when the run was killed before its next
        // checkpoint.
        prop_assert_eq!(table.lines().count(), 1 + 2);
        let mut bytes = (table.clone() + "3,0.5,0.5,0.5,0.5,0.5,0.5,0,0\n").into_bytes();
        let place = place.index(bytes.len());
        match cut {
            true => bytes.truncate(place),
            false => bytes[place] = byte,
        }
        let whole = bytes.starts_with(table.as_bytes());
        kept.table = String::from_utf8_lossy(&bytes).into_owned();
        match train(SETTING, Some(&kept), 12) {
            Ok(resumed) => prop_assert!(whole && resumed.table.starts_with(&table)),
            Err(error) => {
                prop_assert!(!whole, "{error}");
                prop_assert!(error.starts_with("a/checkpoint: was written after 2 epochs, "), "{error}");
            }
        }
    }

    #[test]
    fn figures_are_read_back_to_the_bit(figures: [f64; 9], with_val: bool, many in 1_u64..4) {
        let [a, b, c, d, e, f, g, h, lr] = figures;
        let epoch = |epoch| Epoch {
            epoch,
            train_loss: a,
            train_accuracy: b,
            test_loss: c,
            test_accuracy: d,
            val: with_val.then_some((e, f)),
            lr,
            train_seconds: g,
            test_seconds: h,
        };
        let history: History = (1..=many).map(epoch).collect();
        let read = History::read(&history.table());
        prop_assert_eq!(read.table(), history.table());
        prop_assert_eq!(read.checksum(), history.checksum());
        for (read, epoch) in read.iter().zip(history.iter()) {
            let bits = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
            prop_assert_eq!(bits(read.train_loss), bits(epoch.train_loss));
            prop_assert_eq!(bits(read.lr), bits(epoch.lr));
            prop_assert_eq!(bits(read.test_seconds), bits(epoch.test_seconds));
        }
    }

    /// The incremental result equals that of a search through all epochs.
    #[test]
    fn the_best_epoch_is_the_first_that_no_other_beats(scores in prop::collection::vec((0..3_u8, 0..3_u8), 1..12)) {
        let epoch = |(number, (loss, accuracy)): (u64, &(u8, u8))| Epoch {
            epoch: number,
            train_loss: 0.0,
            train_accuracy: 0.0,
            test_loss: 0.0,
            test_accuracy: 0.0,
            val: Some((f64::from(*loss), f64::from(*accuracy))),
            lr: 0.001,
            train_seconds: 0.0,
            test_seconds: 0.0,
        };
        let history: History = (1..).zip(&scores).map(epoch).collect();
        let rank = |&&(loss, accuracy): &&(u8, u8)| (accuracy, 2 - loss);
        let best = scores.iter().map(|score| rank(&score)).max().unwrap();
        let first = scores.iter().position(|score| rank(&score) == best).unwrap();
        prop_assert_eq!(history.best().unwrap().epoch, first as u64 + 1);

        let lowest = scores.iter().map(|(loss, _)| loss).min().unwrap();
        let first = scores.iter().position(|(loss, _)| loss == lowest).unwrap();
        prop_assert_eq!(history.stalled_for(), (scores.len() - 1 - first) as u64);
    }
}

/// A checkpoint of the thousandth epoch is no larger than one of the first, except for the digits
/// of its counters.
#[test]
fn a_checkpoint_does_not_grow_with_the_epochs() {
    let model = Model::build("flatten linear(2)", &[1, 2, 2], &layers(), &presets()).unwrap();
    let loss = NamedLoss::read("cross_entropy", &losses()).unwrap().loss;
    let registry = optimizers();
    let sgd = Optimizer::read("sgd", &registry).unwrap();
    let params = model.init(0);
    let stepper = sgd.init(&params);
    let mut trainer = Trainer::new(&model, &*loss, params, stepper, 0);
    let first = checkpoint::encode(&trainer).len();
    for epoch in 1..=1000 {
        trainer.history.push(Epoch {
            epoch,
            train_loss: 0.1,
            train_accuracy: 0.2,
            test_loss: 0.3,
            test_accuracy: 0.4,
            val: None,
            lr: 0.001,
            train_seconds: 0.5,
            test_seconds: 0.6,
        });
    }
    let last = checkpoint::encode(&trainer).len();
    assert!(last <= first + 8, "{first} bytes at first, {last} at last");
}

#[test]
fn what_is_of_another_training_is_refused() {
    let kept = train(SETTING, None, 3).unwrap();
    let refused = |setting, wanted: &str| {
        let error = train(setting, Some(&kept), 3).unwrap_err();
        assert!(
            error.starts_with("a/checkpoint: ") && error.contains(wanted),
            "{error}"
        );
    };
    let optimizer = "sgd(momentum=0.9)";
    refused(
        Setting {
            optimizer,
            ..SETTING
        },
        "the optimizer's state has no `momentum.0.weight`",
    );
    refused(
        Setting {
            batch_size: 4,
            ..SETTING
        },
        "epochs of 23 samples in batches of 4 don't lead to step 3",
    );

    let bytes = tapeline_models::weights::encode(&Default::default(), &BTreeMap::new());
    let weights = Kept { bytes, ..kept };
    let error = train(SETTING, Some(&weights), 3).unwrap_err();
    assert!(
        error.contains("is not a checkpoint: it has no `format`"),
        "{error}"
    );
}

/// In format 1, the sum of the losses has another meaning if samples are weighted.
#[test]
fn a_checkpoint_of_an_older_format_is_refused() {
    let mut kept = train(SETTING, None, 3).unwrap();
    let format = b"tapeline-checkpoint-3";
    let place = kept
        .bytes
        .windows(format.len())
        .position(|w| w == format)
        .unwrap();
    kept.bytes[place + format.len() - 1] = b'1';
    let error = train(SETTING, Some(&kept), 3).unwrap_err();
    assert!(
        error.contains("has format `tapeline-checkpoint-1`"),
        "{error}"
    );
}
