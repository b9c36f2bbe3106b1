//! What holds for any schedule.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use tapeline_optim::{Phase, Schedule, ScheduleDef, Scheduler, schedules};
use tapeline_spec::{Diagnostic, Value};

fn scheduler(text: &str, steps: u64) -> Scheduler {
    let schedule = Schedule::read(text, &schedules());
    schedule
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
        .scheduler(steps)
}

/// A registered schedule with arguments to try, and the number of steps it takes, if it says so.
fn phase() -> impl Strategy<Value = (String, Option<u64>)> {
    let registry = schedules();
    let names: Vec<_> = registry.iter().map(|def| def.name).collect();
    (proptest::sample::select(names), any::<u64>()).prop_map(move |(name, n)| {
        let (mut args, mut length) = (Vec::new(), None);
        for (i, info) in registry.get(name).unwrap().args.iter().enumerate() {
            let Some(value) = info.draw(n.wrapping_add(i as u64)) else {
                continue;
            };
            if let ("steps", Value::Int(steps)) = (info.name, &value) {
                length = Some(*steps as u64);
            }
            args.push(format!("{}={value}", info.name));
        }
        (format!("{name}({})", args.join(", ")), length)
    })
}

/// Validation losses, one a step.
fn losses() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(0.0..2.0, 0..60)
}

fn tell(scheduler: &mut Scheduler, after: u64, losses: &[f64]) {
    for (step, loss) in (after + 1..).zip(losses) {
        scheduler.tell(step, *loss);
    }
}

proptest! {
    #[test]
    fn a_factor_lies_between_0_and_1(
        (text, _) in phase(),
        steps in 0_u64..100,
        losses in losses(),
        step: u64,
    ) {
        let mut scheduler = scheduler(&text, steps);
        tell(&mut scheduler, 0, &losses);
        for step in [step, step % 100, steps] {
            let factor = scheduler.factor(step);
            prop_assert!((0.0..=1.0).contains(&factor), "{text}: {factor} in step {step}");
        }
    }

    #[test]
    fn the_last_value_stays((text, length) in phase(), steps in 1_u64..100, later in 0_u64..1000) {
        let end = length.unwrap_or(steps);
        let scheduler = scheduler(&text, steps);
        prop_assert_eq!(scheduler.factor(end), scheduler.factor(end + later));
    }

    /// What was told before that start is forgotten.
    #[test]
    fn each_phase_counts_from_its_own_start(
        first in 1_u64..50,
        (text, _) in phase(),
        steps in 50_u64..200,
        step in 0_u64..300,
        (early, losses) in (losses(), losses()),
    ) {
        let mut both = scheduler(&format!("warmup({first}) {text}"), steps);
        tell(&mut both, 0, &early[..early.len().min(first as usize)]);
        tell(&mut both, first, &losses);
        let factor = match step.checked_sub(first) {
            None => scheduler(&format!("warmup({first})"), steps).factor(step),
            Some(step) => {
                let mut alone = scheduler(&text, steps - first);
                tell(&mut alone, 0, &losses);
                alone.factor(step)
            }
        };
        prop_assert_eq!(both.factor(step), factor);
    }

    /// So a training that is resumed has the factors that it would have had.
    #[test]
    fn what_is_told_changes_nothing_before(
        (text, _) in phase(),
        steps in 1_u64..100,
        losses in losses(),
        cut in 0_usize..60,
    ) {
        let (mut whole, mut part) = (scheduler(&text, steps), scheduler(&text, steps));
        let cut = cut.min(losses.len());
        tell(&mut whole, 0, &losses);
        tell(&mut part, 0, &losses[..cut]);
        for step in 0..=cut as u64 {
            prop_assert_eq!(whole.factor(step), part.factor(step));
        }
    }
}

#[test]
fn only_a_plateau_goes_by_the_loss() {
    for def in schedules().iter() {
        for text in def.examples {
            let schedule = Schedule::read(text, &schedules()).unwrap();
            let wanted = text.contains("plateau");
            let found = (
                schedule.goes_by_loss(),
                schedule.scheduler(9).goes_by_loss(),
            );
            assert_eq!(found, (wanted, wanted), "{text}");
        }
    }
}

#[test]
#[should_panic(expected = "Scheduler::tell: step 5 must come after step 5")]
fn what_is_told_comes_in_order() {
    let mut scheduler = scheduler("plateau", 10);
    scheduler.tell(5, 1.0);
    scheduler.tell(5, 1.0);
}

/// So that neither a step nor an epoch takes longer the more epochs there were.
#[test]
fn each_loss_is_taken_in_once() {
    static TAKEN_IN: AtomicU64 = AtomicU64::new(0);
    const MEAN: ScheduleDef = ScheduleDef {
        name: "mean",
        build: |_| {
            Ok(Phase::told(1.0, (0.0, 0.0), |(sum, count), loss| {
                TAKEN_IN.fetch_add(1, Ordering::Relaxed);
                (*sum, *count) = (*sum + loss, *count + 1.0);
                *sum / *count
            }))
        },
        ..ScheduleDef::BASE
    };
    let registry = schedules().with(MEAN).unwrap();
    let schedule = Schedule::read("warmup(5) mean", &registry).unwrap();
    let mut scheduler = schedule.scheduler(1000);
    for step in 1..=1000 {
        scheduler.tell(step, step as f64);
        // The losses from step 6 on belong to the second phase.
        assert_eq!(scheduler.factor(5), 1.0);
        if step > 5 {
            assert_eq!(scheduler.factor(step), (6 + step) as f64 / 2.0);
        }
    }
    assert_eq!(TAKEN_IN.load(Ordering::Relaxed), 995);
    assert_eq!(
        schedule.scheduler(1000).factor(999),
        1.0,
        "the schedule itself has no state"
    );
}

#[test]
fn lengths_beyond_the_training_are_fine() {
    let scheduler = scheduler("warmup(500) cosine", 300);
    assert_eq!(scheduler.factor(299), 0.6);
    assert!(scheduler.factor(600).is_finite());
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
    let error = Schedule::read("warmup(5) shy empty", &registry).unwrap_err();
    let said: Vec<_> = error
        .diagnostics
        .iter()
        .map(|e| (e.span.start, e.message.as_str()))
        .collect();
    assert_eq!(said, [(10, "not now"), (14, "`empty` has no steps")]);
}
