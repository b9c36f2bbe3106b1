//! Learning-rate schedules.

use std::{fmt, sync::Arc};

use tapeline_spec::{ArgInfo, Args, Call, Diagnostic, Registry, SpecError, named, read_chain};

/// An entry of the registry of schedules.
///
/// ```
/// use tapeline_optim::{Phase, Schedule, ScheduleDef, schedules};
///
/// const ROOT: ScheduleDef = ScheduleDef {
///     name: "root",
///     about: "falls with the root of the step",
///     examples: &["root"],
///     build: |_| Ok(Phase::new(None, |step, _| 1.0 / (1.0 + step as f64).sqrt())),
///     ..ScheduleDef::BASE
/// };
///
/// let schedules = schedules().with(ROOT)?;
/// let scheduler = Schedule::read("warmup(4) root", &schedules)?.scheduler(100);
/// assert_eq!([3, 4, 7].map(|step| scheduler.factor(step)), [1.0, 1.0, 0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ScheduleDef {
    /// The name in a spec.
    pub name: &'static str,
    /// Alternative names.
    pub aliases: &'static [&'static str],
    /// A one-line description.
    pub about: &'static str,
    /// The arguments.
    pub args: &'static [ArgInfo],
    /// Example specs that use this entry; the checks run them.
    pub examples: &'static [&'static str],
    /// Builds the phase, or rejects incompatible arguments. The caller sets the span of the error.
    pub build: fn(&Args) -> Result<Phase, Diagnostic>,
}

impl ScheduleDef {
    /// The base of a definition, used as `..ScheduleDef::BASE`: no name, no arguments, a constant
    /// factor of 1.
    pub const BASE: ScheduleDef = ScheduleDef {
        name: "",
        aliases: &[],
        about: "",
        args: &[],
        examples: &[],
        build: |_| Ok(Phase::new(None, |_, _| 1.0)),
    };
}

named!(ScheduleDef);

/// One phase of a schedule.
#[derive(Clone)]
pub struct Phase {
    length: Option<u64>,
    factor: Factor,
}

/// How the factor on the learning rate is computed.
#[derive(Clone)]
enum Factor {
    /// From the step within the phase and the length of the phase.
    OfStep(Arc<dyn Fn(u64, u64) -> f64 + Send + Sync>),
    /// From the validation losses reported since the start of the phase: the factor before the
    /// first loss, and the monitor that computes the factor after each loss.
    OfLosses(f64, Box<dyn Monitor>),
}

/// State updated with one validation loss at a time, so that the cost of an epoch doesn't grow with
/// the number of epochs.
trait Monitor: Send + Sync {
    /// Records a loss, and returns the factor from then on.
    fn next(&mut self, loss: f64) -> f64;

    fn copy(&self) -> Box<dyn Monitor>;
}

impl Clone for Box<dyn Monitor> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

/// A state with its update function.
struct Fold<S, F>(S, Arc<F>);

impl<S, F> Monitor for Fold<S, F>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(&mut S, f64) -> f64 + Send + Sync + 'static,
{
    fn next(&mut self, loss: f64) -> f64 {
        (self.1)(&mut self.0, loss)
    }

    fn copy(&self) -> Box<dyn Monitor> {
        Box::new(Fold(self.0.clone(), self.1.clone()))
    }
}

impl Phase {
    /// Creates a phase of `length` steps, at least 1; `None` means the rest of the training run.
    ///
    /// `factor` receives the step within the phase and the length of the phase in steps. It is
    /// called for steps 0 to `length` inclusive; its value at `length` applies to all later steps
    /// if no other phase follows. It must return a finite number, at least 0.
    pub fn new(
        length: Option<u64>,
        factor: impl Fn(u64, u64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Phase {
            length,
            factor: Factor::OfStep(Arc::new(factor)),
        }
    }

    /// Creates a phase that depends on the validation loss and lasts for the rest of the training
    /// run. The factor is `first` until the first epoch ends after the start of the phase; then
    /// `next` receives the loss of each epoch, in order, updates the state, and returns the factor
    /// from then on. Factors must be finite, at least 0.
    pub fn told<S: Clone + Send + Sync + 'static>(
        first: f64,
        state: S,
        next: impl Fn(&mut S, f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Phase {
            length: None,
            factor: Factor::OfLosses(first, Box::new(Fold(state, Arc::new(next)))),
        }
    }

    fn goes_by_loss(&self) -> bool {
        matches!(self.factor, Factor::OfLosses(..))
    }
}

/// A schedule read from text: a sequence of phases, each of which counts steps from its own start.
///
/// ```
/// use tapeline_optim::{Schedule, schedules};
///
/// let schedule = Schedule::read("warmup(2) cosine(min=0.1)", &schedules())?;
/// let scheduler = schedule.scheduler(6);
/// assert_eq!([0, 1, 2, 4, 6, 999].map(|step| scheduler.factor(step)), [0.5, 1.0, 1.0, 0.55, 0.1, 0.1]);
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
#[derive(Clone)]
pub struct Schedule {
    phases: Vec<Phase>,
    short: String,
    full: String,
}

impl Schedule {
    /// Reads a schedule from text.
    ///
    /// # Errors
    /// All errors of the text: errors of the language, incompatible arguments, and phases that are never reached.
    pub fn read(text: &str, registry: &Registry<ScheduleDef>) -> Result<Self, SpecError> {
        let calls = read_chain(text, registry)?;
        let (mut phases, mut errors) = (Vec::<Phase>::new(), Vec::new());
        for (i, call) in calls.iter().enumerate() {
            let phase = (call.def.build)(&call.args).unwrap_or_else(|error| {
                errors.push(Diagnostic {
                    span: call.span,
                    ..error
                });
                Phase::new(Some(1), |_, _| 1.0)
            });
            if phase.length == Some(0) {
                let message = format!("`{}` has no steps", call.text());
                errors.push(Diagnostic::error(call.span, message));
            }
            if phases.last().is_some_and(|before| before.length.is_none()) {
                errors.push(never_reached(&calls[i - 1], call));
            }
            phases.push(phase);
        }
        if !errors.is_empty() {
            return Err(SpecError::new(text, errors));
        }
        let short: Vec<_> = calls.iter().map(Call::text).collect();
        let full: Vec<_> = calls.iter().map(Call::full).collect();
        Ok(Schedule {
            short: short.join(" "),
            full: full.join(" "),
            phases,
        })
    }

    /// Applies the schedule to a training run of `steps` steps. Phases are cut off at the end of
    /// the run; a phase for which no step is left counts as one step long.
    pub fn scheduler(&self, steps: u64) -> Scheduler {
        let mut start = 0_u64;
        let place = |phase: &Phase| {
            let rest = steps.saturating_sub(start).max(1);
            let placed = Placed {
                start,
                length: phase.length.unwrap_or(rest),
                phase: phase.clone(),
            };
            start = start.saturating_add(placed.length);
            placed
        };
        Scheduler {
            phases: self.phases.iter().map(place).collect(),
            told: 0,
            factors: Vec::new(),
        }
    }

    /// Returns `true` if a phase depends on the validation loss, which must then be
    /// [reported](Scheduler::tell) to the scheduler.
    pub fn goes_by_loss(&self) -> bool {
        self.phases.iter().any(Phase::goes_by_loss)
    }

    /// Returns the short form, for people, without default arguments. It reads back as the same
    /// schedule.
    pub fn short(&self) -> &str {
        &self.short
    }

    /// Returns the full form, for files, with every argument. It reads back as the same schedule.
    pub fn full(&self) -> &str {
        &self.full
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({})", self.full)
    }
}

fn never_reached(endless: &Call<ScheduleDef>, call: &Call<ScheduleDef>) -> Diagnostic {
    let message = format!("`{}` is never reached", call.text());
    let help = format!(
        "`{}` lasts for the rest of the training run",
        endless.text()
    );
    Diagnostic::error(call.span, message).help(help)
}

/// A [`Schedule`] for a training run of known length.
///
/// ```
/// use tapeline_optim::{Schedule, schedules};
///
/// let schedule = Schedule::read("warmup(2) plateau(factor=0.5, patience=0)", &schedules())?;
/// let mut scheduler = schedule.scheduler(10);
/// scheduler.tell(4, 0.3);
/// scheduler.tell(6, 0.4);
/// assert_eq!([0, 1, 5, 6, 999].map(|step| scheduler.factor(step)), [0.5, 1.0, 1.0, 0.5, 0.5]);
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
#[derive(Clone)]
pub struct Scheduler {
    phases: Vec<Placed>,
    /// The step count of the last reported validation loss.
    told: u64,
    /// If the last phase depends on the loss: factors, each with the step count from which it
    /// applies.
    factors: Vec<(u64, f64)>,
}

#[derive(Clone)]
struct Placed {
    start: u64,
    length: u64,
    phase: Phase,
}

impl Scheduler {
    /// Returns the factor on the learning rate in step `step`, counted from 0. It depends only on
    /// the step and on the losses reported up to it, so nothing else has to be saved for resuming.
    /// After the end of the schedule, the last value applies.
    pub fn factor(&self, step: u64) -> f64 {
        let next = self.phases.partition_point(|p| p.start <= step);
        let Placed {
            start,
            length,
            phase,
        } = &self.phases[next - 1];
        match &phase.factor {
            Factor::OfStep(factor) => factor((step - start).min(*length), *length),
            Factor::OfLosses(first, _) => {
                let begun = self.factors.partition_point(|(after, _)| *after <= step);
                begun
                    .checked_sub(1)
                    .map_or(*first, |last| self.factors[last].1)
            }
        }
    }

    /// Reports the validation loss after `steps` steps; call it after each epoch, in order. It
    /// doesn't change the factors of earlier steps. To resume a training run, report its previous
    /// losses again.
    ///
    /// # Panics
    /// If `steps` is not greater than in the previous call.
    #[track_caller]
    pub fn tell(&mut self, steps: u64, loss: f64) {
        assert!(
            steps > self.told,
            "Scheduler::tell: step {steps} must come after step {}",
            self.told
        );
        self.told = steps;
        // Only the last phase can depend on the loss, since such a phase lasts for the rest of the
        // run.
        if let Some(Placed { start, phase, .. }) = self.phases.last_mut()
            && let Factor::OfLosses(_, monitor) = &mut phase.factor
            && steps > *start
        {
            self.factors.push((steps, monitor.next(loss)));
        }
    }

    /// Returns `true` if a phase depends on the validation loss.
    pub fn goes_by_loss(&self) -> bool {
        self.phases.iter().any(|placed| placed.phase.goes_by_loss())
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phases = self.phases.iter().map(|p| (p.start, p.length));
        f.debug_list().entries(phases).finish()
    }
}
