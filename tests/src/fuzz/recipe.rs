//! Specs of losses, optimizers, schedules and augmentations: a spec that is read must survive a
//! round trip and work.

use tapeline_data::{Augmentation, augmentations};
use tapeline_layers::{Element, NamedLoss, losses};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_spec::SpecError;
use tapeline_tensor::{Grads, Params, Role, Tensor, tensor, value_and_grad};

use super::message::expect_diagnostics;

pub fn run(input: &[u8]) {
    let text = &*String::from_utf8_lossy(input);
    optimizer(text);
    schedule(text);
    judge(text);
    augmentation(text);
}

/// Checks that reading the `short` and `full` specs with `read` returns the full spec.
fn expect_same(short: &str, full: &str, read: impl Fn(&str) -> Result<String, SpecError>) {
    for text in [short, full] {
        assert_eq!(read(text).as_deref(), Ok(full), "{text:?}");
    }
}

fn optimizer(text: &str) {
    let registry = optimizers();
    let optimizer = match Optimizer::read(text, &registry) {
        Ok(optimizer) => optimizer,
        Err(error) => return expect_diagnostics(text, &error),
    };
    expect_same(&optimizer.short(), &optimizer.full(), |text| {
        Optimizer::read(text, &registry).map(|again| again.full())
    });
    let mut params = Params::<f32>::new();
    params.push(
        "0.weight",
        Role::Weight,
        matrix([1.0, -2.0, 0.5, 0.0, 3.0, 1.0]),
    );
    params.push("0.bias", Role::Bias, tensor([0.5, -0.5]));
    params.push("1.running_mean", Role::Buffer, tensor([1.0]));
    let mut stepper = optimizer.init(&params);
    for factor in [1.0, 0.5, 0.0] {
        let grads = Grads {
            params: vec![
                Some(matrix([0.1, -0.2, 0.3, 0.0, 1e3, -1e-9])),
                Some(tensor([0.0, 1.0])),
                None,
            ],
            inputs: vec![],
        };
        // The update may overflow if the learning rate is large.
        let _ = stepper.step(&mut params, grads, factor);
    }
    let state = stepper.state();
    let mut later = optimizer.init(&params);
    later.restore(&state).expect("its own state");
    assert_eq!(later.state().steps, state.steps);
}

/// Creates a 2x3 matrix.
fn matrix(values: [f32; 6]) -> Tensor {
    tensor(values)
        .into_shape_with_order(vec![2, 3])
        .expect("as many values")
}

fn schedule(text: &str) {
    let registry = schedules();
    let schedule = match Schedule::read(text, &registry) {
        Ok(schedule) => schedule,
        Err(error) => return expect_diagnostics(text, &error),
    };
    expect_same(schedule.short(), schedule.full(), |text| {
        Schedule::read(text, &registry).map(|again| again.full().to_string())
    });
    for steps in [0, 1, 10] {
        let mut plan = schedule.scheduler(steps);
        for (step, told) in [0, 1, 2, 9, 10, 11, 1 << 40, u64::MAX].into_iter().zip(1..) {
            let factor = plan.factor(step);
            assert!(
                factor.is_finite() && factor >= 0.0,
                "{factor} at {step} of {steps}"
            );
            plan.tell(told, 0.5);
        }
    }
}

fn judge(text: &str) {
    let registry = losses();
    let named = match NamedLoss::read(text, &registry) {
        Ok(named) => named,
        Err(error) => return expect_diagnostics(text, &error),
    };
    expect_same(&named.text, &named.text, |text| {
        NamedLoss::read(text, &registry).map(|again| again.text)
    });
    let output = matrix([0.1, 0.7, 0.2, 0.9, 0.05, 0.05]);
    match named.expect_classes(3) {
        Ok(()) => {
            let (_, grads, ()) = value_and_grad(&Params::new(), &[output], |_, _, inputs| {
                (f32::loss(&*named.loss).value(inputs[0], &[1, 2]), ())
            });
            let grad = grads.inputs[0].as_ref().expect("an output always matters");
            assert_eq!(grad.shape(), [2, 3]);
        }
        Err(error) => expect_diagnostics(text, &error),
    }
}

fn augmentation(text: &str) {
    let registry = augmentations();
    let augmentation = match Augmentation::read(text, &registry) {
        Ok(augmentation) => augmentation,
        Err(error) => return expect_diagnostics(text, &error),
    };
    expect_same(augmentation.short(), augmentation.full(), |text| {
        Augmentation::read(text, &registry).map(|again| again.full().to_string())
    });
    for shape in [[1, 7, 5], [2, 1, 1]] {
        let size = shape.iter().product();
        let image: Vec<u8> = (0..size).map(|i| (i * 37 % 256) as u8).collect();
        let mut out = vec![-1.0; size];
        augmentation.draws(3, 1).apply(9, &image, shape, &mut out);
        assert!(
            out.iter().all(|pixel| (0.0..=255.0).contains(pixel)),
            "{out:?} are not pixel values"
        );
    }
}

/// Returns the examples of all registries.
pub fn seeds() -> Vec<Vec<u8>> {
    let (optimizers, schedules) = (optimizers(), schedules());
    let (losses, augmentations) = (losses(), augmentations());
    let examples = (optimizers.iter().map(|def| def.examples))
        .chain(schedules.iter().map(|def| def.examples))
        .chain(losses.iter().map(|def| def.examples))
        .chain(augmentations.iter().map(|def| def.examples));
    examples
        .flatten()
        .map(|text| text.as_bytes().to_vec())
        .collect()
}
