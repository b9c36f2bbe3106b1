//! Estimates of memory use, compared with the peak usage counted by an allocator.

use std::{ops::ControlFlow, thread};

use peak_alloc::PeakAlloc;
use tapeline_data::{Dataset, Normalisation, load};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{Data, Memory, Model, Recipe, Trainer, evaluate, fit, presets};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::{Pool, buffer::fresh_bytes};

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

/// Differences below this number of bytes are ignored for small models.
const SMALL: f64 = 1e6;

/// Number of images evaluated.
const EVALUATED: usize = 400;

/// Peak memory in bytes of the steps of a run, and of the run including an evaluation.
struct Truth {
    steps: f64,
    all: f64,
}

struct Case {
    spec: String,
    optimizer: &'static str,
    batch_size: usize,
}

impl Case {
    /// Runs the case on a separate thread, so that its recycled buffers are freed at the end.
    fn run(&self, images: &Dataset, steps: usize) -> (Truth, Memory) {
        thread::scope(|scope| {
            let thread =
                thread::Builder::new().spawn_scoped(scope, || self.measured(images, steps));
            thread.unwrap().join().unwrap()
        })
    }

    fn read<R>(&self, images: &Dataset, f: impl FnOnce(&Model, &Optimizer) -> R) -> R {
        let model = Model::build(&self.spec, &images.shape(), &layers(), &presets()).unwrap();
        let optimizers = optimizers();
        f(
            &model,
            &Optimizer::read(self.optimizer, &optimizers).unwrap(),
        )
    }

    fn estimate(&self, images: &Dataset) -> Memory {
        self.read(images, |model, optimizer| {
            Memory::training(&model.plan, optimizer, self.batch_size, EVALUATED)
        })
    }

    fn measured(&self, images: &Dataset, steps: usize) -> (Truth, Memory) {
        let estimate = self.estimate(images);
        let truth = self.read(images, |model, optimizer| {
            self.truth(model, optimizer, images, steps)
        });
        (truth, estimate)
    }

    fn truth(&self, model: &Model, optimizer: &Optimizer, images: &Dataset, steps: usize) -> Truth {
        let loss = NamedLoss::read("cross_entropy", &losses()).unwrap().loss;
        let schedule = Schedule::read("constant", &schedules())
            .unwrap()
            .scheduler(steps as u64);
        let recipe = Recipe {
            patience: None,
            epochs: 1,
            batch_size: self.batch_size,
            seed: 0,
            normalisation: Normalisation::default(),
            augment: None,
            schedule: &schedule,
        };
        let train = images.clone().limit(steps * self.batch_size);
        let (one, many) = (images.clone().limit(1), images.clone().limit(EVALUATED));
        let data = Data {
            train: &train,
            test: &one,
            val: None,
        };
        let before = COUNTED.current_usage();
        COUNTED.reset_peak_usage();
        let peak = || COUNTED.peak_usage().saturating_sub(before) as f64;

        let params = model.init(0);
        let stepper = optimizer.init(&params);
        let mut trainer = Trainer::new(model, &*loss, params, stepper, 0);
        fit(&mut trainer, &recipe, &data, &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap();
        let steps = peak();
        evaluate(model, &trainer.params, &*loss, &many, recipe.normalisation).unwrap();
        Truth { steps, all: peak() }
    }
}

fn images() -> Dataset {
    load("mnist").unwrap().train.limit(4000)
}

/// A single test, since the allocator counts for the whole program.
#[test]
fn estimates_hold() {
    let images = images();
    presets_are_estimated_within_a_fifth(&images);
    so_are_evaluations_alone(&images);
    so_are_models_whose_kernels_depend_on_values(&images);
    an_estimate_is_repeatable_and_leaves_no_memory_behind(&images);
    the_bound_of_an_absurd_model_takes_no_memory();
    no_layer_is_far_off_or_takes_more_from_step_to_step(&images);
}

fn presets_are_estimated_within_a_fifth(images: &Dataset) {
    for preset in presets().iter() {
        for optimizer in ["sgd(momentum=0)", "sgd(momentum=0.9)", "adam"] {
            for batch_size in [10, 100] {
                let case = Case {
                    spec: preset.name.into(),
                    optimizer,
                    batch_size,
                };
                let (truth, memory) = case.run(images, 3);
                let steps = (memory.total() - memory.evaluation) as f64;
                let least = case.read(images, |model, optimizer| {
                    Memory::lower_bound(&model.plan, optimizer, batch_size)
                });
                assert!(
                    (least.total() as f64) < truth.steps,
                    "{}: {least:?}",
                    preset.name
                );
                for (what, estimate, truth) in [
                    ("steps", steps, truth.steps),
                    ("all", memory.total() as f64, truth.all),
                ] {
                    let off = (estimate - truth).abs();
                    assert!(
                        off <= 0.2 * truth.max(SMALL),
                        "{} {optimizer} {batch_size}, {what}: {truth}, estimated {estimate}: {memory:?}",
                        preset.name
                    );
                }
            }
        }
    }
}

fn so_are_evaluations_alone(images: &Dataset) {
    let images = images.clone().limit(400);
    for preset in presets().iter() {
        let run = || {
            let model = Model::build(preset.name, &images.shape(), &layers(), &presets()).unwrap();
            let loss = NamedLoss::read("cross_entropy", &losses()).unwrap().loss;
            let before = COUNTED.current_usage();
            COUNTED.reset_peak_usage();
            evaluate(
                &model,
                &model.init(0),
                &*loss,
                &images,
                Normalisation::default(),
            )
            .unwrap();
            let truth = COUNTED.peak_usage().saturating_sub(before) as f64;
            let estimate = Memory::evaluation(&model.plan, images.len()).total() as f64;
            let off = (estimate - truth).abs();
            assert!(
                off <= 0.2 * truth.max(SMALL),
                "{}: {truth}, estimated {estimate}",
                preset.name
            );
        };
        thread::scope(|scope| scope.spawn(run).join().unwrap());
    }
}

/// After a `relu` and this dropout, as many values are zero as a sparse product needs to be chosen,
/// so it is chosen in one step and not in another.
fn so_are_models_whose_kernels_depend_on_values(images: &Dataset) {
    let case = Case {
        spec: "flatten 4*[ linear(600) relu dropout(0.2) ] linear(10)".into(),
        optimizer: "sgd(momentum=0)",
        batch_size: 300,
    };
    let (truth, memory) = case.run(images, 3);
    let off = (memory.total() as f64 - truth.all).abs();
    assert!(off <= 0.2 * truth.all, "{}: {memory:?}", truth.all);
}

fn an_estimate_is_repeatable_and_leaves_no_memory_behind(images: &Dataset) {
    let case = Case {
        spec: "conv2d(8, 3) batchnorm2d relu dropout maxpool2d(2) flatten linear(10)".into(),
        optimizer: "adam",
        batch_size: 50,
    };
    let first = case.estimate(images);
    let (used, fresh) = (COUNTED.current_usage(), fresh_bytes());
    assert_eq!(case.estimate(images), first);
    assert!(COUNTED.current_usage().saturating_sub(used) < 50_000);
    assert_eq!(fresh_bytes(), fresh);
    let pool = Pool::new(2).unwrap();
    assert_eq!(pool.install(|| case.estimate(images)), first);
}

fn the_bound_of_an_absurd_model_takes_no_memory() {
    let spec = "flatten linear(100000) linear(900) linear(10)";
    let model = Model::build(spec, &[1, 16, 16], &layers(), &presets()).unwrap();
    let optimizers = optimizers();
    let adam = Optimizer::read("adam", &optimizers).unwrap();
    COUNTED.reset_peak_usage();
    let before = COUNTED.current_usage();
    let least = Memory::lower_bound(&model.plan, &adam, usize::MAX);
    assert!(COUNTED.peak_usage() - before < 1000);
    assert_eq!(least.parameters, 4 * (257 * 100_000 + 900 * 100_001 + 9010));
    assert_eq!(least.optimizer, 2 * least.gradients);
    assert_eq!(least.total(), u64::MAX);
}

/// Uses each layer twice in a small model, so that it dominates the memory use.
fn no_layer_is_far_off_or_takes_more_from_step_to_step(images: &Dataset) {
    for layer in layers().iter() {
        let (text, _) = layer.examples[0];
        let specs = [
            format!("conv2d(12, 3, padding=1) {text} {text} flatten linear(10)"),
            format!("flatten linear(2048) {text} linear(2048) {text} linear(10)"),
            format!("conv2d(12, 3, padding=1) tokens {text} {text} flatten linear(10)"),
            format!("conv2d(12, 3, padding=1) {text} flatten linear(10)"),
            format!("conv2d(12, 3, padding=1) tokens {text} linear(10)"),
            format!("reshape((28, 28)) conv1d(64, 1) {text} {text} flatten linear(10)"),
        ];
        let mut fitting = specs
            .into_iter()
            .filter(|spec| Model::build(spec, &images.shape(), &layers(), &presets()).is_ok());
        let Some(spec) = fitting.next() else { continue };
        let case = Case {
            spec,
            optimizer: "sgd(momentum=0)",
            batch_size: 20,
        };
        let (few, memory) = case.run(images, 3);
        let estimate = (memory.total() - memory.evaluation) as f64;
        let off = (estimate - few.steps).abs();
        assert!(
            off < 0.2 * few.steps,
            "{}: {}, estimated {estimate}",
            case.spec,
            few.steps
        );
        let (many, _) = case.run(images, 8);
        assert!(
            many.steps < 1.1 * few.steps + 0.1 * SMALL,
            "{}: {} in 3 steps, {} in 8",
            case.spec,
            few.steps,
            many.steps
        );
    }
}
