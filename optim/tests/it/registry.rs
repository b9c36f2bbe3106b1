//! What holds for each registered optimizer and schedule.

use crate::common::{elements, examples, flat, grads, read, start, weights};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::{Grads, Params, Pool, Role, Tape, Tensor, Var, tensor, value_and_grad};

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
        let scheduler = schedule.scheduler(1000);
        for printed in [schedule.short(), schedule.full()] {
            let again =
                Schedule::read(printed, &registry).map_err(|e| format!("{printed}: {e:?}"))?;
            let scheduler_again = again.scheduler(1000);
            let differs =
                (0..1100).find(|&step| scheduler.factor(step) != scheduler_again.factor(step));
            if again.full() != schedule.full() || differs.is_some() {
                return Err(format!("{printed} reads as {again:?}"));
            }
        }
        Ok(())
    });
}

fn matrix(rows: usize, columns: usize, element: impl Fn(usize) -> f64) -> Tensor {
    let elements: Vec<_> = (0..rows * columns).map(element).collect();
    flat(&elements)
        .into_shape_with_order(vec![rows, columns])
        .unwrap()
}

/// Large enough for every kernel to be cut into tiles.
#[test]
fn the_bits_are_the_same_on_any_number_of_threads() {
    let wave = |i: usize| (1.7 * i as f64).sin();
    let run = |text: &str| {
        let mut params = Params::new();
        params.push("weight", Role::Weight, matrix(130, 170, wave));
        params.push(
            "bias",
            Role::Weight,
            matrix(1, 130, wave).flatten().into_dyn().into_shared(),
        );
        let mut stepper = start(text, &params);
        for step in 1..=2 {
            let grad = |i| wave(step + 3 * i);
            let bias = matrix(1, 130, grad).flatten().into_dyn().into_shared();
            let params_of = vec![Some(matrix(130, 170, grad)), Some(bias)];
            stepper
                .step(
                    &mut params,
                    Grads {
                        params: params_of,
                        inputs: vec![],
                    },
                    1.0,
                )
                .unwrap();
        }
        (
            stepper.averaged(&params).into_owned(),
            stepper.state(),
            params,
        )
    };
    let pools = [1, 2, 8].map(|threads| Pool::new(threads).unwrap());
    all(examples(), |text| {
        let alone = run(text);
        let same = pools.iter().all(|pool| pool.install(|| run(text)) == alone);
        same.then_some(()).ok_or_else(|| "differs".into())
    });
}

/// Without a gradient, what moves a weight is its decay.
#[test]
fn weight_decay_may_leave_biases_out() {
    let registry = optimizers();
    let decaying = registry
        .iter()
        .filter(|def| def.args.iter().any(|arg| arg.name == "weight_decay"));
    let beside =
        |def: &tapeline_optim::OptimizerDef| match def.args.iter().any(|arg| arg.name == "lr") {
            true => "",
            false => " sgd",
        };
    let calls: Vec<_> = decaying.map(|def| (def.name, beside(def))).collect();
    assert!(calls.len() > 7, "{calls:?}");
    for (name, beside) in calls {
        for biases in [true, false] {
            let text = format!("{name}(weight_decay=0.5, decay_biases={biases}){beside}");
            let mut params = Params::new();
            params.push("weight", Role::Weight, matrix(2, 1, |_| 1.0));
            params.push("bias", Role::Bias, tensor([1.0]));
            let none = vec![Some(matrix(2, 1, |_| 0.0)), Some(tensor([0.0]))];
            start(&text, &params)
                .step(
                    &mut params,
                    Grads {
                        params: none,
                        inputs: vec![],
                    },
                    1.0,
                )
                .unwrap();
            let found = elements(&params);
            assert!(found[0] < 1.0 && found[0] == found[1], "{text}: {found:?}");
            assert_eq!(found[2] < 1.0, biases, "{text}: {found:?}");
        }
    }
}

/// Processors are many times slower where numbers are too small for full precision.
#[test]
fn no_moment_lingers_among_the_smallest_numbers() {
    all(examples(), |text| {
        let mut params = weights::<f32>(&[&[1.0, 1.0, 1.0]]);
        let mut stepper = start(text, &params);
        for step in 0..2000 {
            let gradient = if step == 0 {
                [1.0, 1e-19, 1e-37]
            } else {
                [0.0; 3]
            };
            stepper.step(&mut params, grads(&[&gradient]), 1.0).unwrap();
            let state = stepper.state();
            let mut kept = state
                .moments
                .iter()
                .flat_map(|(name, x)| x.iter().map(move |x| (name, x)));
            if let Some(small) = kept.find(|(_, x)| x.is_subnormal()) {
                return Err(format!("step {step}: {small:?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn decay_goes_by_the_learning_rate_wherever_it_stands() {
    let registry = optimizers();
    let run = |optimizer: Optimizer| {
        let mut params = weights::<f64>(&[&[1.0, -2.0]]);
        let mut stepper = optimizer.init(&params);
        for factor in [1.0, 0.5, 0.25] {
            stepper
                .step(&mut params, grads(&[&[0.5, -0.25]]), factor)
                .unwrap();
        }
        elements(&params)
    };
    for text in [
        "sgd(lr=0.1, momentum=0.9)",
        "clip_norm(0.1) lion(lr=0.1)",
        "muon(lr=0.1)",
    ] {
        let plain = run(read(text, &registry));
        let front = run(read(&format!("decay(0.5) {text}"), &registry));
        let behind = read(&format!("{text} decay(0.5)"), &registry);
        let other = read(&format!("{text} decay(0.5)"), &registry)
            .with_lr(0.3)
            .unwrap();
        let back = run(other.with_lr(0.1).unwrap());
        assert_ne!(plain, front, "{text}");
        assert_eq!((run(behind), back), (front.clone(), front), "{text}");
    }
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
                stepper.step(&mut params, grads, 1.0).unwrap();
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

/// A factor on the learning rate of one parameter has the same effect as a factor on all, on that
/// parameter alone.
#[test]
fn each_parameter_has_its_own_learning_rate() {
    let values: [&[f64]; 2] = [&[1.0, -2.0], &[0.5]];
    all(examples(), |text| {
        let step = |scales: Option<[f64; 2]>, factor| {
            let mut params = weights(&values);
            let mut stepper = start::<f32>(text, &params);
            if let Some(scales) = scales {
                stepper = stepper.with_lr_scales(scales.into());
            }
            let grads = grads(&[&[0.25, 3.0], &[-1.0]]);
            stepper.step(&mut params, grads, factor).unwrap();
            elements(&params)
        };
        let (scaled, slow, fast) = (
            step(Some([0.25, 1.0]), 0.5),
            step(None, 0.125),
            step(None, 0.5),
        );
        match scaled == [slow[0], slow[1], fast[2]] && slow != fast {
            true => Ok(()),
            false => Err(format!("{scaled:?}, {slow:?}, {fast:?}")),
        }
    });
}
