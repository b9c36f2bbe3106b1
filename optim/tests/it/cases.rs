//! Faults that optimizers and schedules have had, each as a small input with the right answer. The numbers are PyTorch's.

use crate::common::{elements, grads, near, start, weights};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};

const START: [f64; 3] = [1.0, -2.0, 0.5];
const GRADS: [[f64; 3]; 5] = [
    [0.5, -0.25, 0.0],
    [-1.0, 0.125, 0.0],
    [0.25, 2.0, 0.0],
    [0.5, -0.5, 0.0],
    [1.5, 0.25, 0.0],
];

/// Runs an optimizer with a factor for each step; gives the weights after each.
fn run<const N: usize>(text: &str, start_at: [f64; N], steps: &[([f64; N], f64)]) -> Vec<Vec<f64>> {
    let mut params = weights::<f64>(&[&start_at]);
    let mut stepper = start(text, &params);
    let step = |(gradient, factor): &([f64; N], f64)| {
        stepper
            .step(&mut params, grads(&[gradient]), *factor)
            .unwrap();
        elements(&params)
    };
    steps.iter().map(step).collect()
}

fn assert_near(found: &[f64], wanted: &[f64]) {
    assert!(near(found, wanted, 1e-12), "{found:?}, wanted {wanted:?}");
}

/// Where the two are confused, the third element, which has no gradient, tells them apart.
#[test]
fn decay_of_adam_is_l2_and_of_adamw_decoupled() {
    let steps = GRADS.map(|g| (g, 1.0));
    let adam = run("adam(lr=0.1, weight_decay=0.1)", START, &steps);
    assert_near(
        &adam[0],
        &[0.9000000016666666, -1.900000002222222, 0.400000019999996],
    );
    assert_near(
        &adam[4],
        &[0.8407147285342366, -1.9028056831337794, 0.0278145494131503],
    );
    let adamw = run("adamw(lr=0.1, weight_decay=0.1)", START, &steps);
    assert_near(&adamw[0], &[0.890000002, -1.8800000039999998, 0.495]);
    assert_near(
        &adamw[4],
        &[0.8420135225200399, -1.9081257797720441, 0.47549502494999996],
    );
}

#[test]
fn a_resumed_adam_goes_on_as_if_nothing_had_happened() {
    let mut params = weights::<f64>(&[&START]);
    let mut stepper = start("adam(lr=0.1)", &params);
    for gradient in &GRADS[..3] {
        stepper.step(&mut params, grads(&[gradient]), 1.0).unwrap();
    }
    let state = stepper.state();
    let mut resumed = start("adam(lr=0.1)", &params);
    resumed.restore(&state).unwrap();
    for gradient in &GRADS[3..] {
        resumed.step(&mut params, grads(&[gradient]), 1.0).unwrap();
    }
    assert_near(
        &elements(&params),
        &[0.8883123948549653, -2.002957275572241, 0.5],
    );
}

#[test]
fn decay_of_sgd_needs_no_momentum() {
    let steps = [
        ([0.5, -0.25], 1.0),
        ([-1.0, 0.125], 1.0),
        ([0.25, 2.0], 1.0),
    ];
    let found = run("sgd(lr=0.1, weight_decay=0.5)", [1.0, -2.0], &steps);
    assert_near(
        &found.concat(),
        &[0.9, -1.875, 0.955, -1.79375, 0.88225, -1.9040625],
    );
}

#[test]
fn a_change_of_the_learning_rate_takes_effect_at_once() {
    let steps = [
        ([0.5, -0.25], 1.0),
        ([-1.0, 0.125], 1.0),
        ([0.25, 2.0], 0.1),
    ];
    let found = run("sgd(lr=0.1, momentum=0.9)", [1.0, -2.0], &steps);
    assert_near(
        &found.concat(),
        &[0.95, -1.975, 1.005, -1.965, 1.00745, -1.9841],
    );
}

#[test]
fn cosine_ends_at_its_minimum_and_stays() {
    let scheduler = Schedule::read("cosine", &schedules())
        .unwrap()
        .scheduler(10);
    let found: Vec<_> = (0..=10).map(|step| scheduler.factor(step)).collect();
    let wanted = [
        1.0,
        0.9755282581475768,
        0.9045084971874737,
        0.7938926261462366,
        0.6545084971874737,
        0.5,
        0.34549150281252633,
        0.2061073738537635,
        0.09549150281252633,
        0.024471741852423234,
        0.0,
    ];
    assert_near(&found, &wanted);
    assert_near(
        &(10..=20)
            .map(|step| scheduler.factor(step))
            .collect::<Vec<_>>(),
        &[0.0; 11],
    );
}

/// One step an epoch.
#[test]
fn a_step_falls_on_time() {
    let scheduler = Schedule::read("step(2)", &schedules())
        .unwrap()
        .scheduler(6);
    let found: Vec<_> = (0..6).map(|step| 0.1 * scheduler.factor(step)).collect();
    assert_near(&found, &[0.1, 0.1, 0.01, 0.01, 0.001, 0.001]);
}

/// Asserts that a text is refused with one error that has its place in it, and that message and help together say all of `parts`.
fn refused<T: std::fmt::Debug>(
    text: &str,
    result: Result<T, tapeline_spec::SpecError>,
    parts: &[&str],
) {
    let errors = result.expect_err(text).diagnostics;
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    let span = errors[0].span;
    assert!(
        text.get(span.start..span.end)
            .is_some_and(|t| !t.is_empty()),
        "{text}: {span:?}"
    );
    let said = errors[0].to_string();
    for part in parts {
        assert!(said.contains(part), "{text}: {part:?} is not in {said:?}");
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let registry = optimizers();
    for (text, argument) in [
        ("sgd(lr=nan)", "lr"),
        ("sgd(lr=-0.1)", "lr"),
        ("sgd(lr=0)", "lr"),
        ("sgd(lr=inf)", "lr"),
        ("sgd(lr=1e400)", "1e400"),
        ("sgd(momentum=1.5)", "momentum"),
        ("sgd(momentum=1.0)", "momentum"),
        ("sgd(momentum=-0.1)", "momentum"),
        ("sgd(momentum=0.9, dampening=1.5)", "dampening"),
        ("sgd(weight_decay=-1)", "weight_decay"),
        ("adam(betas=(0.9, 1.0))", "betas"),
        ("adam(betas=(-0.1, 0.9))", "betas"),
        ("adam(eps=0)", "eps"),
        ("adamw(weight_decay=-1)", "weight_decay"),
        ("clip_norm(0) sgd", "max"),
        ("clip_norm sgd", "max"),
        ("clip_value(0) sgd", "max"),
        ("decay(-1) sgd", "weight_decay"),
        ("decay sgd", "weight_decay"),
        ("ema(1) sgd", "decay"),
        ("rmsprop(alpha=1)", "alpha"),
        ("adagrad(lr_decay=-1)", "lr_decay"),
        ("lion(betas=(0.9, 1))", "betas"),
        ("muon(momentum=1)", "momentum"),
        ("muon(adamw_lr=0)", "adamw_lr"),
        ("muon(adjust_lr_fn=other)", "adjust_lr_fn"),
    ] {
        refused(text, Optimizer::read(text, &registry), &[argument]);
    }
    let sgd = Optimizer::read("sgd", &registry).unwrap();
    for lr in [f64::NAN, f64::INFINITY, -0.1, 0.0] {
        let error = sgd.clone().with_lr(lr).expect_err("out of range");
        assert!(error.to_string().contains("lr"), "{error}");
    }
}

#[test]
fn schedules_without_a_step_are_refused() {
    let registry = schedules();
    for (text, part) in [
        ("cosine(0)", "steps"),
        ("cosine(-5)", "steps"),
        ("warmup(0)", "steps"),
        ("step(0)", "every"),
        ("step(5, factor=0)", "factor"),
        ("cosine(min=2)", "min"),
        ("multistep", "milestones"),
        ("multistep((5, 0))", "milestones"),
        ("exponential(0)", "factor"),
        ("exponential(1.5)", "factor"),
        ("linear(to=2)", "to"),
        ("one_cycle(pct_start=1)", "pct_start"),
        ("one_cycle(div_factor=0.5)", "div_factor"),
        ("plateau(patience=-1)", "patience"),
        ("plateau(threshold=1)", "threshold"),
        ("plateau cosine", "`cosine` is never reached"),
        ("cosine warmup(5)", "`warmup(5)` is never reached"),
    ] {
        refused(text, Schedule::read(text, &registry), &[part]);
    }
}

#[test]
fn what_makes_no_optimizer_is_refused() {
    let registry = optimizers();
    for (text, parts) in [
        (
            "clip_norm(1)",
            &[
                "learning rate",
                "`adagrad`, `adam`, `adamw`, `lion`, `muon`, `rmsprop`, `sgd`",
            ][..],
        ),
        (
            "sgd clip_norm(1) adam",
            &["expected one optimizer", "`sgd` and `adam`"],
        ),
        ("sgd(nesterov=true)", &["nesterov", "momentum"]),
        (
            "sgd(momentum=0.9, nesterov=true, dampening=0.1)",
            &["nesterov", "dampening"],
        ),
        ("agam", &["agam", "adam"]),
        ("ema sgd ema(0.5)", &["already averaged"]),
    ] {
        refused(text, Optimizer::read(text, &registry), parts);
    }
    let text = "sgd(nesterov=true) adam";
    let errors = Optimizer::read(text, &registry).unwrap_err().diagnostics;
    let places = errors.iter().map(|e| &text[e.span.start..e.span.end]);
    assert_eq!(errors.len(), 2, "all errors at once: {errors:?}");
    assert!(places.into_iter().any(|place| place.starts_with("sgd")));
}
