//! Checkpoints: a run either resumes from the input or is unchanged.

use std::path::Path;

use sha2::{Digest, Sha256};
use tapeline_data::Normalisation;
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{Epoch, FileError, Model, Recipe, Running, Trainer, checkpoint, presets};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::Tensor;

use super::message::expect_readable;

/// Number of training samples.
const SAMPLES: usize = 5;

const BATCH: usize = 2;

pub fn run(input: &[u8]) {
    for bytes in [input, &mended(input)] {
        with_trainers(|begin| {
            let mut trainer = begin();
            let before = checkpoint::encode(&trainer);
            if let Err(error) = decode(bytes, &mut trainer) {
                expect_readable(&error);
                assert_eq!(
                    checkpoint::encode(&trainer),
                    before,
                    "an error, but the trainer changed"
                );
                return;
            }
            assert!(trainer.running.correct <= trainer.running.samples);
            assert!(trainer.running.samples <= SAMPLES);
            let kept = checkpoint::encode(&trainer);
            let mut again = begin();
            decode(&kept, &mut again)
                .unwrap_or_else(|error| panic!("it was just written, but: {error}"));
            assert_eq!(checkpoint::encode(&again), kept);
            // The step may diverge, since the weights can have any size.
            let _ = trainer.step(&batch(), &[0, 1], 1.0);
        });
    }
}

fn decode(bytes: &[u8], trainer: &mut Trainer<'_>) -> Result<(), FileError> {
    let schedule = Schedule::read("constant", &schedules()).expect("a registered name");
    let recipe = Recipe {
        patience: None,
        epochs: 3,
        batch_size: BATCH,
        seed: 0,
        normalisation: Normalisation::default(),
        augment: None,
        schedule: &schedule.scheduler(9),
    };
    let path = Path::new("checkpoint");
    checkpoint::decode(bytes, path, trainer, &recipe, SAMPLES, &[epoch()])
}

/// Returns the only epoch that precedes any of the checkpoints.
fn epoch() -> Epoch {
    Epoch {
        epoch: 1,
        train_loss: 0.5,
        train_accuracy: 0.75,
        test_loss: 0.6,
        test_accuracy: 0.7,
        val: Some((0.6, 0.7)),
        lr: 0.001,
        train_seconds: 1.5,
        test_seconds: 0.25,
    }
}

/// Calls `f` with a function that creates identical new trainers.
fn with_trainers<R>(f: impl for<'m> FnOnce(&'m (dyn Fn() -> Trainer<'m> + 'm)) -> R) -> R {
    let model = Model::build("flatten linear(2)", &[1, 1, 3], &layers(), &presets())
        .expect("registered names");
    let loss = NamedLoss::read("cross_entropy", &losses()).expect("a registered name");
    let registry = optimizers();
    let adam = Optimizer::read("adam(lr=0.1)", &registry).expect("a registered name");
    f(&|| {
        let params = model.init(0);
        let stepper = adam.init(&params);
        Trainer::new(&model, &*loss.loss, params, stepper, 0)
    })
}

fn batch() -> Tensor {
    Tensor::from_shape_vec(vec![BATCH, 1, 1, 3], vec![0.0, 0.5, 1.0, 1.0, 0.25, 0.0])
        .expect("as many values")
}

/// Corrects the checksum of the input, so that the checks after it are reached.
fn mended(input: &[u8]) -> Vec<u8> {
    const KEY: &[u8] = b"\"sha256\":\"";
    let mut bytes = input.to_vec();
    let key = bytes.windows(KEY.len()).position(|window| window == KEY);
    let Some(place) = key.and_then(|key| bytes.get_mut(key + KEY.len()..)?.first_chunk_mut::<64>())
    else {
        return bytes;
    };
    *place = [b'0'; 64];
    let sum = format!("{:x}", Sha256::digest(&bytes));
    let start = key.map_or(0, |key| key + KEY.len());
    bytes[start..start + sum.len()].copy_from_slice(sum.as_bytes());
    bytes
}

/// Returns checkpoints before the first step, in the first epoch, and in the second.
pub fn seeds() -> Vec<Vec<u8>> {
    with_trainers(|begin| {
        let mut trainer = begin();
        let mut seeds = vec![checkpoint::encode(&trainer)];
        let mut step = |trainer: &mut Trainer<'_>| {
            let step = trainer
                .step(&batch(), &[0, 1], 1.0)
                .expect("small weights have a finite loss");
            trainer.running = Running::default();
            trainer.running.add(&step, BATCH);
            seeds.push(checkpoint::encode(trainer));
        };
        step(&mut trainer);
        trainer.history.push(epoch());
        trainer.step += 2;
        step(&mut trainer);
        seeds
    })
}
