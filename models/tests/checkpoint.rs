//! Trainings that were stopped, kept and resumed, beside the same ones undisturbed.

use std::{collections::BTreeMap, fs, io, ops::ControlFlow, path::Path, process::Command};

use proptest::prelude::*;
use tapeline_data::{Augmentation, Dataset, Images, Normalisation, augmentations};
use tapeline_layers::{layers, loss, losses};
use tapeline_models::{
    Data, Ended, Event, Model, Recipe, Trainer,
    atomic::{self, Call},
    checkpoint, fit, presets,
};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::Pool;

const EPOCHS: u64 = 3;
const SAMPLES: usize = 23;

/// A training in which everything that is random or remembers takes part.
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

/// Where a training that goes on from `bytes`, if there are any, has come after `steps` steps or its end: a checkpoint of it.
fn train(setting: Setting, from: Option<&[u8]>, steps: u64) -> Result<Vec<u8>, String> {
    let data = data();
    let text = "conv2d(3, 3) batchnorm2d prelu dropout(0.3) flatten linear(2)";
    let model = Model::build(text, &data.shape(), &layers(), &presets()).unwrap();
    let text = "cross_entropy(weight=(1, 9))";
    let loss = loss::read(text, &losses()).unwrap().loss;
    let registry = optimizers();
    let optimizer = Optimizer::read(setting.optimizer, &registry).unwrap();
    let augment = Augmentation::read("shift(1) erase(0.5)", &augmentations()).unwrap();
    let in_all = EPOCHS * SAMPLES.div_ceil(setting.batch_size) as u64;
    let recipe = Recipe {
        epochs: EPOCHS,
        batch_size: setting.batch_size,
        seed: 7,
        normalisation: Normalisation::default(),
        augment: Some(&augment),
        schedule: &Schedule::read(setting.schedule, &schedules())
            .unwrap()
            .plan(in_all),
    };
    let params = model.init(recipe.seed);
    let stepper = optimizer.init(&params);
    let mut trainer = Trainer::new(&model, &*loss, params, stepper, recipe.seed);
    if let Some(bytes) = from {
        checkpoint::decode(
            bytes,
            Path::new("a/checkpoint"),
            &mut trainer,
            &recipe,
            SAMPLES,
        )
        .map_err(|error| error.to_string())?;
    }
    let data = Data {
        train: &data,
        test: &data,
        val: Some(&data),
    };
    let mut observer = |event: Event<'_>| match event {
        Event::Step(_, trainer) if trainer.step == steps => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let pool = Pool::new(setting.threads).unwrap();
    let ended = pool.install(|| fit(&mut trainer, &recipe, &data, &mut observer));
    assert!(matches!(ended, Ok(()) | Err(Ended::Stopped)));
    // Times are no part of what has to be the same.
    trainer.running.time = Default::default();
    for epoch in &mut trainer.history {
        (epoch.train_seconds, epoch.test_seconds) = (0.0, 0.0);
    }
    Ok(checkpoint::encode(&trainer))
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
            kept = Some(train(setting, kept.as_deref(), stop).unwrap());
        }
        prop_assert!(kept.unwrap() == undisturbed);
    }

    #[test]
    fn no_damage_goes_unseen(place: prop::sample::Index, bit in 0..8, cut: bool) {
        let mut bytes = train(SETTING, None, 3).unwrap();
        let place = place.index(bytes.len());
        match cut {
            true => bytes.truncate(place),
            false => bytes[place] ^= 1_u8 << bit,
        }
        let error = train(SETTING, Some(&bytes), 3).unwrap_err();
        prop_assert!(error.starts_with("a/checkpoint: "), "{error}");
    }
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
        "step 3 is not where epochs over 23 samples in batches of 4 lead",
    );

    let weights = tapeline_models::weights::encode(&Default::default(), &BTreeMap::new());
    let error = train(SETTING, Some(&weights), 3).unwrap_err();
    assert!(
        error.contains("is no checkpoint: it has no `format`"),
        "{error}"
    );
}

/// The sum of the losses of format 1 means something else where samples are weighted.
#[test]
fn a_checkpoint_of_an_older_format_is_refused() {
    let mut kept = train(SETTING, None, 3).unwrap();
    let format = b"tapeline-checkpoint-2";
    let place = kept
        .windows(format.len())
        .position(|w| w == format)
        .unwrap();
    kept[place + format.len() - 1] = b'1';
    let error = train(SETTING, Some(&kept), 3).unwrap_err();
    let wanted = "a/checkpoint: has format `tapeline-checkpoint-1`, but this program resumes from `tapeline-checkpoint-2`";
    assert_eq!(error, wanted);
}

/// The old file is there until the new one is, whichever call fails.
#[test]
fn a_failing_call_leaves_one_of_both_files() {
    for failing in Call::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        atomic::write(&path, b"old").unwrap();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let mut before = |call| if call == failing { Err(full()) } else { Ok(()) };
        let error = atomic::write_watched(&path, b"newer", &mut before).unwrap_err();
        assert_eq!(error.to_string(), "no storage space: 5 bytes are needed");
        let renamed = failing == Call::SyncFolder;
        assert_eq!(
            fs::read(&path).unwrap(),
            if renamed { &b"newer"[..] } else { b"old" }
        );
        assert_eq!(names(folder.path()), ["checkpoint"], "{failing:?}");
    }
}

/// As a kill does, at each call: this test runs itself in a process that dies there.
#[test]
fn a_killed_write_leaves_one_of_both_files() {
    for at in Call::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        atomic::write(&path, b"old").unwrap();
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "dies_in_a_write", "--ignored"])
            .env("DIES_AT", format!("{at:?}"))
            .env("DIES_WRITING", &path)
            .output()
            .unwrap();
        assert!(!ended.status.success(), "{at:?}: it lives");
        let found = fs::read(&path).unwrap();
        assert_eq!(
            found,
            if at == Call::SyncFolder {
                &b"newer"[..]
            } else {
                b"old"
            }
        );
        let left = names(folder.path()).len();
        assert_eq!(
            left == 1,
            matches!(at, Call::Create | Call::SyncFolder),
            "{at:?}"
        );
        atomic::clean(folder.path()).unwrap();
        assert_eq!(names(folder.path()), ["checkpoint"], "{at:?}");
    }
}

#[test]
#[ignore = "run by `a_killed_write_leaves_one_of_both_files`"]
fn dies_in_a_write() {
    let (Ok(at), Ok(path)) = (std::env::var("DIES_AT"), std::env::var("DIES_WRITING")) else {
        return;
    };
    let _ = atomic::write_watched(path.as_ref(), b"newer", &mut |call| {
        if format!("{call:?}") == at {
            std::process::abort();
        }
        Ok(())
    });
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
