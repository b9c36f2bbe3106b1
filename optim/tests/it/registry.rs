//! What holds for each registered optimizer and schedule.

use crate::common::{elements, examples, read, weights};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::{Params, Tape, Var, tensor, value_and_grad};

/// Calls `check` for each text, then reports all failures at once.
fn all<'a>(texts: impl IntoIterator<Item = &'a str>, check: impl Fn(&str) -> Result<(), String>) {
    let failures: Vec<_> = texts
        .into_iter()
        .filter_map(|text| check(text).err().map(|error| format!("{text}: {error}")))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_entry_has_examples_that_show_it() {
    let (optimizers, schedules) = (optimizers(), schedules());
    let optimizers = optimizers.iter().map(|d| (d.name, d.about, d.examples));
    let schedules = schedules.iter().map(|d| (d.name, d.about, d.examples));
    for (name, about, examples) in optimizers.chain(schedules) {
        assert!(!about.is_empty() && !examples.is_empty(), "{name}");
        for text in examples {
            let calls = text.split([' ', '(']);
            assert!(calls.into_iter().any(|word| word == name), "{name}: {text}");
        }
    }
}

#[test]
fn optimizers_read_print_and_read_the_same() {
    let registry = optimizers();
    all(examples(), |text| {
        let optimizer = read(text, &registry);
        for printed in [optimizer.short(), optimizer.full()] {
            let again =
                Optimizer::read(&printed, &registry).map_err(|e| format!("{printed}: {e:?}"))?;
            if (again.short(), again.full(), again.lr())
                != (optimizer.short(), optimizer.full(), optimizer.lr())
            {
                return Err(format!("{printed} reads as {again:?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn printed_forms_are_as_people_and_files_want_them() {
    let registry = optimizers();
    let optimizer = read(
        "clip_norm(max=0.5) sgd(weight_decay=0.005, momentum=0.9, lr=0.001)",
        &registry,
    );
    assert_eq!(
        optimizer.short(),
        "clip_norm(0.5) sgd(momentum=0.9, weight_decay=0.005)"
    );
    let full = optimizer.full();
    for argument in [
        "max=0.5",
        "lr=0.001",
        "momentum=0.9",
        "dampening=",
        "nesterov=false",
        "weight_decay=0.005",
    ] {
        assert!(full.contains(argument), "{argument} is not in {full}");
    }
    let faster = optimizer.with_lr(0.5).unwrap();
    assert_eq!(
        (faster.lr(), faster.short().as_str()),
        (
            0.5,
            "clip_norm(0.5) sgd(lr=0.5, momentum=0.9, weight_decay=0.005)"
        )
    );
    assert_eq!(read(&faster.full(), &registry).lr(), 0.5);
}

#[test]
fn schedules_read_print_and_read_the_same() {
    let registry = schedules();
    let examples: Vec<_> = registry
        .iter()
        .flat_map(|def| def.examples)
        .copied()
        .collect();
    all(examples, |text| {
        let schedule = Schedule::read(text, &registry).map_err(|e| format!("{e:?}"))?;
        let plan = schedule.plan(1000);
        for printed in [schedule.short(), schedule.full()] {
            let again =
                Schedule::read(printed, &registry).map_err(|e| format!("{printed}: {e:?}"))?;
            let plan_again = again.plan(1000);
            let differs = (0..1100).find(|&step| plan.factor(step) != plan_again.factor(step));
            if again.full() != schedule.full() || differs.is_some() {
                return Err(format!("{printed} reads as {again:?}"));
            }
        }
        Ok(())
    });
}

type Problem = for<'t> fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>;

fn parabola<'t>(_: &'t Tape<f64>, x: Var<'t, f64>) -> Var<'t, f64> {
    x.square().sum()
}

/// *(1 − x)² + 100·(y − x²)²*
fn rosenbrock<'t>(tape: &'t Tape<f64>, x: Var<'t, f64>) -> Var<'t, f64> {
    let pick = |place: [f64; 2]| (x * tape.constant(tensor(place))).sum();
    let (x, y) = (pick([1.0, 0.0]), pick([0.0, 1.0]));
    (tape.constant(tensor([1.0])) - x).square().sum() + (y - x.square()).square().sum() * 100.0
}

#[test]
fn optimizers_find_the_way_down() {
    let registry = optimizers();
    all(examples(), |text| {
        for (name, problem, from) in [
            ("the parabola", parabola as Problem, [1.0, -2.0]),
            ("Rosenbrock's function", rosenbrock, [-1.0, 1.5]),
        ] {
            let mut params: Params<f64> = weights(&[&from]);
            let mut stepper = read(text, &registry).init(&params);
            let mut losses = Vec::new();
            for _ in 0..2000 {
                let (loss, grads, ()) = value_and_grad(&params, &[], |tape, params, _| {
                    (problem(tape, params[0]), ())
                });
                losses.push(loss);
                stepper.step(&mut params, grads, 1.0);
            }
            let (first, last) = (losses[0], losses[losses.len() - 1]);
            if last.is_nan() || last >= 0.2 * first {
                return Err(format!(
                    "{name} from {first} to {last} at {:?}",
                    elements(&params)
                ));
            }
        }
        Ok(())
    });
}
