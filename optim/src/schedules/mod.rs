//! The schedules that are there. In the formulas *s* is the step, counted from the phase's own start as 0, and *n* the phase's length.

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

/// All of them, as a registry to which [`Registry::with`] adds one's own.
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
        .expect("definitions that differ in name")
}

const STEPS: Arg<SizeOrWord> = Arg::new("steps", "its length, or the rest of the training")
    .choices(&["rest"])
    .from(1)
    .default(SizeOrWord::Word("rest"))
    .tried(1..=20);

const FACTOR: Arg<f64> = Arg::new("factor", "what each drop multiplies by")
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
