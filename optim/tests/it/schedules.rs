//! What holds for any schedule.

use proptest::prelude::*;
use tapeline_optim::{Phase, Plan, Schedule, ScheduleDef, schedules};
use tapeline_spec::Diagnostic;

fn plan(text: &str, steps: u64) -> Plan {
    let schedule = Schedule::read(text, &schedules());
    schedule
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
        .plan(steps)
}

/// A schedule of each kind, with the number of steps it takes, if any.
fn phase() -> impl Strategy<Value = (String, Option<u64>)> {
    let steps = 1_u64..50;
    prop_oneof![
        steps
            .clone()
            .prop_map(|n| (format!("constant({n})"), Some(n))),
        (steps.clone(), 0.0..1.0).prop_map(|(n, min)| (format!("cosine({n}, min={min})"), Some(n))),
        steps
            .clone()
            .prop_map(|n| (format!("warmup({n})"), Some(n))),
        (steps, 0.01..1.0).prop_map(|(n, factor)| (format!("step({n}, factor={factor})"), None)),
        Just(("constant".into(), None)),
        Just(("cosine".into(), None)),
    ]
}

proptest! {
    #[test]
    fn a_factor_lies_between_0_and_1((text, _) in phase(), steps in 0_u64..100, step: u64) {
        for step in [step, step % 100, steps] {
            let factor = plan(&text, steps).factor(step);
            prop_assert!((0.0..=1.0).contains(&factor), "{text}: {factor} in step {step}");
        }
    }

    #[test]
    fn the_last_value_stays((text, length) in phase(), steps in 1_u64..100, later in 0_u64..1000) {
        let end = length.unwrap_or(steps);
        let plan = plan(&text, steps);
        prop_assert_eq!(plan.factor(end), plan.factor(end + later));
    }

    #[test]
    fn each_phase_counts_from_its_own_start(
        first in 1_u64..50,
        (text, _) in phase(),
        steps in 50_u64..200,
        step in 0_u64..300,
    ) {
        let both = plan(&format!("warmup({first}) {text}"), steps);
        let factor = match step.checked_sub(first) {
            None => plan(&format!("warmup({first})"), steps).factor(step),
            Some(step) => plan(&text, steps - first).factor(step),
        };
        prop_assert_eq!(both.factor(step), factor);
    }
}

#[test]
fn lengths_beyond_the_training_are_fine() {
    let plan = plan("warmup(500) cosine", 300);
    assert_eq!(plan.factor(299), 0.6);
    assert!(plan.factor(600).is_finite());
}

#[test]
fn an_outsiders_schedule_may_refuse_and_must_have_steps() {
    const SHY: ScheduleDef = ScheduleDef {
        name: "shy",
        build: |_| Err(Diagnostic::error(Default::default(), "not now")),
        ..ScheduleDef::BASE
    };
    const EMPTY: ScheduleDef = ScheduleDef {
        name: "empty",
        build: |_| Ok(Phase::new(Some(0), |_, _| 1.0)),
        ..ScheduleDef::BASE
    };
    let registry = schedules().with(SHY).unwrap().with(EMPTY).unwrap();
    let errors = Schedule::read("warmup(5) shy empty", &registry).unwrap_err();
    let said: Vec<_> = errors
        .iter()
        .map(|e| (e.span.start, e.message.as_str()))
        .collect();
    assert_eq!(said, [(10, "not now"), (14, "`empty` has no step")]);
}
