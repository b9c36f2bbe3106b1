//! The built-in schedules. In the formulas, *s* is the step within the phase, counted from 0, and
//! *n* the length of the phase.

mod constant;
mod cosine;
mod exponential;
mod linear;
mod multistep;
mod one_cycle;
mod plateau;
mod step;
mod warmup;

use tapeline_spec::{Arg, Registry, SizeOrWord};

use crate::ScheduleDef;

/// Returns the registry of the built-in schedules; extend it with [`Registry::with`].
///
/// ```
/// let names: Vec<_> = tapeline_optim::schedules().iter().map(|def| def.name).collect();
/// assert_eq!(names[..5], ["constant", "cosine", "exponential", "linear", "multistep"]);
/// assert_eq!(names[5..], ["one_cycle", "plateau", "step", "warmup"]);
/// ```
pub fn schedules() -> Registry<ScheduleDef> {
    let all = [
        constant::CONSTANT,
        cosine::COSINE,
        exponential::EXPONENTIAL,
        linear::LINEAR,
        multistep::MULTISTEP,
        one_cycle::ONE_CYCLE,
        plateau::PLATEAU,
        step::STEP,
        warmup::WARMUP,
    ];
    all.into_iter()
        .try_fold(Registry::new("schedule"), Registry::with)
        .expect("built-in names are unique")
}

const STEPS: Arg<SizeOrWord> = Arg::new("steps", "number of steps, or the rest of the run")
    .choices(&["rest"])
    .from(1)
    .default(SizeOrWord::Word("rest"))
    .tried(1..=20);

const FACTOR: Arg<f64> = Arg::new("factor", "multiplier of each drop")
    .default(0.1)
    .above(0.0)
    .up_to(1.0)
    .tried(0.1..=1.0);

fn length(steps: SizeOrWord) -> Option<u64> {
    match steps {
        SizeOrWord::Size(steps) => Some(steps as u64),
        SizeOrWord::Word(_) => None,
    }
}
