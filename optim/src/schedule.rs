//! The learning rate over a training.

use std::{fmt, sync::Arc};

use tapeline_spec::{ArgInfo, Args, Call, Diagnostic, Registry, named, read_chain};

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
/// let plan = Schedule::read("warmup(4) root", &schedules).unwrap().plan(100);
/// assert_eq!([3, 4, 7].map(|step| plan.factor(step)), [1.0, 1.0, 0.5]);
/// # Ok::<(), tapeline_spec::RegistryError>(())
/// ```
#[derive(Clone, Copy)]
pub struct ScheduleDef {
    /// Its name in a spec.
    pub name: &'static str,
    /// Other names that are accepted.
    pub aliases: &'static [&'static str],
    /// What it does, in a line.
    pub about: &'static str,
    /// Its arguments.
    pub args: &'static [ArgInfo],
    /// Schedules that have it in them, as texts; checks try them.
    pub examples: &'static [&'static str],
    /// Makes it, or refuses arguments that don't go together; the place of the refusal is filled in.
    pub build: fn(&Args) -> Result<Phase, Diagnostic>,
}

impl ScheduleDef {
    /// A definition to start from with `..ScheduleDef::BASE`: nameless, without arguments, a factor of 1 for ever.
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

/// One part of a schedule.
#[derive(Clone)]
pub struct Phase {
    length: Option<u64>,
    factor: Factor,
}

/// What the factor on the learning rate depends on.
#[derive(Clone)]
enum Factor {
    /// The step, counted from the phase's own start, and the phase's length.
    OfStep(Arc<dyn Fn(u64, u64) -> f64 + Send + Sync>),
    /// The validation losses reported since the phase's start: the factor before the first of them, and what follows each.
    OfLosses(f64, Box<dyn Monitor>),
}

/// State that follows the validation loss, one loss at a time, so that the cost of an epoch does not grow with their number.
trait Monitor: Send + Sync {
    /// Takes in a loss and returns the factor from then on.
    fn next(&mut self, loss: f64) -> f64;

    fn copy(&self) -> Box<dyn Monitor>;
}

impl Clone for Box<dyn Monitor> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

/// A state, and what a loss does to it.
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
    /// A phase of `length` steps, at least 1; `None` takes the rest of the training.
    ///
    /// `factor` is given the step, counted from the phase's own start, and the phase's length, in which `None` has been made a number.
    /// It is asked for steps 0 to the length; that of the length itself is the value that stays when nothing follows.
    /// It returns a finite number, at least 0.
    pub fn new(
        length: Option<u64>,
        factor: impl Fn(u64, u64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Phase {
            length,
            factor: Factor::OfStep(Arc::new(factor)),
        }
    }

    /// A phase that depends on the validation loss and takes the rest of the training. Its factor is `first` until an epoch ends after the
    /// phase's own start; then `next` takes in each epoch's loss, in order, updates the state and returns the factor from then on.
    /// Factors are finite numbers, at least 0.
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

/// A schedule read from text: one phase after another, each counting from its own start.
///
/// ```
/// use tapeline_optim::{Schedule, schedules};
///
/// let schedule = Schedule::read("warmup(2) cosine(min=0.1)", &schedules()).unwrap();
/// let plan = schedule.plan(6);
/// assert_eq!([0, 1, 2, 4, 6, 999].map(|step| plan.factor(step)), [0.5, 1.0, 1.0, 0.55, 0.1, 0.1]);
/// ```
#[derive(Clone)]
pub struct Schedule {
    phases: Vec<Phase>,
    short: String,
    full: String,
}

impl Schedule {
    /// Reads a text.
    ///
    /// # Errors
    /// All errors of the text, with their places: those of the language, arguments that don't go together, a phase that is never reached.
    pub fn read(text: &str, registry: &Registry<ScheduleDef>) -> Result<Self, Vec<Diagnostic>> {
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
                let message = format!("`{}` has no step", call.text());
                errors.push(Diagnostic::error(call.span, message));
            }
            if phases.last().is_some_and(|before| before.length.is_none()) {
                errors.push(never_reached(&calls[i - 1], call));
            }
            phases.push(phase);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let short: Vec<_> = calls.iter().map(Call::text).collect();
        let full: Vec<_> = calls.iter().map(Call::full).collect();
        Ok(Schedule {
            short: short.join(" "),
            full: full.join(" "),
            phases,
        })
    }

    /// Lays it over a training of `steps` steps. Phases longer than the training are cut off by its end; a phase for which no step is
    /// left counts as one step long.
    pub fn plan(&self, steps: u64) -> Plan {
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
        Plan {
            phases: self.phases.iter().map(place).collect(),
            told: 0,
            factors: Vec::new(),
        }
    }

    /// Whether a phase goes by the validation loss, so that its plan is to be [told](Plan::tell).
    pub fn goes_by_loss(&self) -> bool {
        self.phases.iter().any(Phase::goes_by_loss)
    }

    /// A text for people, which reads back as the same schedule: what is a default is left out.
    pub fn short(&self) -> &str {
        &self.short
    }

    /// A text for files, which reads back as the same schedule: every argument is written out.
    pub fn full(&self) -> &str {
        &self.full
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({})", self.full)
    }
}

fn never_reached(endless: &Call<'_, ScheduleDef>, call: &Call<'_, ScheduleDef>) -> Diagnostic {
    let message = format!("`{}` is never reached", call.text());
    let help = format!("`{}` takes the rest of the training", endless.text());
    Diagnostic::error(call.span, message).help(help)
}

/// A [`Schedule`] over a training of known length.
///
/// ```
/// use tapeline_optim::{Schedule, schedules};
///
/// let schedule = Schedule::read("warmup(2) plateau(factor=0.5, patience=0)", &schedules()).unwrap();
/// let mut plan = schedule.plan(10);
/// plan.tell(4, 0.3);
/// plan.tell(6, 0.4);
/// assert_eq!([0, 1, 5, 6, 999].map(|step| plan.factor(step)), [0.5, 1.0, 1.0, 0.5, 0.5]);
/// ```
#[derive(Clone)]
pub struct Plan {
    phases: Vec<Placed>,
    /// The number of steps after which a validation loss was reported last.
    told: u64,
    /// After how many steps which factor begins, where the last phase depends on the loss.
    factors: Vec<(u64, f64)>,
}

#[derive(Clone)]
struct Placed {
    start: u64,
    length: u64,
    phase: Phase,
}

impl Plan {
    /// The factor on the learning rate in step `step`, the first of which is 0: a function of the step, and of what was told up to it, so
    /// that nothing else has to be kept for resuming. After the end of the schedule its last value stays.
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

    /// Tells it the validation loss after `steps` steps: after each epoch, in order. It changes no factor of a step before. Who resumes a
    /// training tells anew what was told then.
    ///
    /// # Panics
    /// When `steps` is not more than when it was told last.
    #[track_caller]
    pub fn tell(&mut self, steps: u64, loss: f64) {
        assert!(
            steps > self.told,
            "Plan::tell: of step {steps}, after step {}",
            self.told
        );
        self.told = steps;
        // A phase that depends on the loss takes the rest of the training, so it is the last.
        if let Some(Placed { start, phase, .. }) = self.phases.last_mut()
            && let Factor::OfLosses(_, monitor) = &mut phase.factor
            && steps > *start
        {
            self.factors.push((steps, monitor.next(loss)));
        }
    }

    /// Whether a phase goes by the validation loss.
    pub fn goes_by_loss(&self) -> bool {
        self.phases.iter().any(|placed| placed.phase.goes_by_loss())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phases = self.phases.iter().map(|p| (p.start, p.length));
        f.debug_list().entries(phases).finish()
    }
}
