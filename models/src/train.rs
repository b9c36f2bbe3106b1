//! Single training steps.

use std::borrow::Cow;

use ndarray::Array2;
use tapeline_data::Mixture;
use tapeline_layers::{AnyLoss, Ctx, Element, Mode, Updates};
use tapeline_optim::Stepper;
use tapeline_tensor::{
    Params, Profile, Tape, Tensor, Var, is_finite, value_and_grad, value_and_grad_profiled,
};

use crate::{
    Diverged, History, Model, NotFinite, Running,
    error::{During, Subject},
    evaluate::{classified, first_odd_row},
};

/// The state of a training run: a model's parameters, its optimizer, and the progress so far.
pub struct Trainer<'m> {
    pub(crate) model: &'m Model,
    pub(crate) loss: &'m dyn AnyLoss,
    /// The current parameters.
    pub params: Params,
    /// The optimizer with its state.
    pub stepper: Stepper,
    /// Number of steps taken so far, over all epochs.
    pub step: u64,
    /// The finished epochs.
    pub history: History,
    /// Running totals of the current epoch.
    pub running: Running,
    /// If set, collects the time spent in each operation.
    pub profile: Option<Profile>,
    pub(crate) seed: u64,
}

/// Metrics of one step, measured before the update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Mean loss over the batch.
    pub loss: f32,
    /// [Weight](tapeline_layers::Loss::weight) of the batch in a mean over several batches: its
    /// number of samples if the loss doesn't weight them.
    pub weight: f64,
    /// Number of correctly classified samples; of mixed samples, those that were given the class
    /// with the [larger share](Mixture::dominant).
    pub correct: usize,
}

impl<'m> Trainer<'m> {
    /// Creates a trainer at step 0.
    pub fn new(
        model: &'m Model,
        loss: &'m dyn AnyLoss,
        params: Params,
        stepper: Stepper,
        seed: u64,
    ) -> Self {
        Trainer {
            model,
            loss,
            params,
            stepper,
            step: 0,
            history: History::default(),
            running: Running::default(),
            profile: None,
            seed,
        }
    }

    /// Performs one step on a batch: forward, backward, update.
    ///
    /// `factor` is the schedule's factor on the learning rate.
    ///
    /// # Errors
    /// Returns an error if the model's output, the loss, a gradient or a new value of a buffer
    /// isn't finite. The trainer is then unchanged; if the forward pass is at fault, it has been
    /// run once more to find where the value arose. Also returns an error if the update overflows;
    /// in this case, the step was applied.
    ///
    /// # Panics
    /// Panics if the shape of the images differs from the model's input, or a target is not an
    /// output of the model.
    pub fn step(
        &mut self,
        images: &Tensor,
        targets: &[usize],
        factor: f64,
    ) -> Result<Step, Diverged> {
        self.step_on(images, Targets::Classes(targets), factor)
    }

    /// Same as [`step`](Trainer::step), for targets that are mixtures of classes.
    ///
    /// # Errors
    /// Same as [`step`](Trainer::step).
    ///
    /// # Panics
    /// Same as [`step`](Trainer::step), and if the loss isn't defined for
    /// [mixed targets](tapeline_layers::SoftLoss).
    pub fn step_mixed(
        &mut self,
        images: &Tensor,
        targets: &[Mixture],
        factor: f64,
    ) -> Result<Step, Diverged> {
        self.step_on(images, Targets::Mixed(targets), factor)
    }

    fn step_on(
        &mut self,
        images: &Tensor,
        targets: Targets<'_>,
        factor: f64,
    ) -> Result<Step, Diverged> {
        let mode = Mode::Training {
            seed: self.seed,
            step: self.step,
        };
        let (model, loss_of) = (self.model, self.loss);
        let pass = Pass {
            model,
            loss: loss_of,
            images,
            targets,
            mode,
        };
        let (loss, grads, seen) = match &mut self.profile {
            None => value_and_grad(&self.params, &[], |tape, params, _| pass.run(tape, params)),
            Some(profile) => {
                value_and_grad_profiled(&self.params, &[], profile, |tape, params, _| {
                    pass.run(tape, params)
                })
            }
        };
        let subject = match seen.odd_output {
            Some(sample) => Some(Subject::Output { sample }),
            None if !loss.is_finite() => Some(Subject::Loss),
            None => {
                let mut updates = seen.updates.iter();
                let odd = updates.find(|(_, value)| !is_finite(value));
                odd.map(|&(buffer, _)| Subject::Buffer(self.params.get(buffer).name.clone()))
            }
        };
        if let Some(subject) = subject {
            grads.give_back();
            return Err(self.diverged(During::Step, self.locate(images, mode, subject)));
        }
        let stepper = &mut self.stepper;
        let updated = time(&mut self.profile, "update", || {
            stepper.step(&mut self.params, grads, factor)
        });
        if let Err(found) = updated {
            return Err(self.diverged(During::Step, found.into()));
        }
        for (buffer, value) in seen.updates {
            self.params.value_mut(buffer).assign(&value);
        }
        self.step += 1;
        Ok(Step {
            loss,
            weight: targets.weight(loss_of),
            correct: seen.correct,
        })
    }

    /// Returns an error for a value found in the next step, or in the evaluation after the last
    /// one.
    pub(crate) fn diverged(&self, during: During, found: NotFinite) -> Diverged {
        Diverged {
            step: match during {
                During::Step => self.step,
                During::Test | During::Validation => self.step.saturating_sub(1),
            },
            during,
            found,
            largest_gradient: self.largest_gradient(),
        }
    }

    /// Returns the number of the current epoch, from 1.
    pub fn epoch(&self) -> u64 {
        self.history.len() as u64 + 1
    }

    /// Returns the parameters to evaluate and store: the moving averages of the weights if the
    /// optimizer maintains them (`ema`), otherwise [`params`](Trainer::params) itself.
    pub fn averaged(&self) -> Cow<'_, Params> {
        self.stepper.averaged(&self.params)
    }

    /// Returns the weight with the largest gradient in the last step, and the norm of that
    /// gradient.
    pub fn largest_gradient(&self) -> Option<(String, f64)> {
        let norms = self
            .stepper
            .gradient_norms()
            .filter(|&(_, norm)| norm > 0.0);
        let largest = norms.max_by(|a, b| a.1.total_cmp(&b.1));
        largest.map(|(name, norm)| (name.into(), norm))
    }

    fn locate(&self, images: &Tensor, mode: Mode, subject: Subject) -> NotFinite {
        NotFinite::locate(self.model, &self.params, images, mode, subject)
    }
}

/// Runs `f` and adds its time to the profile, if there is one.
pub(crate) fn time<R>(
    profile: &mut Option<Profile>,
    name: &'static str,
    f: impl FnOnce() -> R,
) -> R {
    match profile {
        Some(profile) => profile.time(name, f),
        None => f(),
    }
}

/// The targets of a batch.
#[derive(Clone, Copy)]
enum Targets<'a> {
    Classes(&'a [usize]),
    Mixed(&'a [Mixture]),
}

impl Targets<'_> {
    fn loss<'t>(self, loss: &dyn AnyLoss, output: Var<'t>) -> Var<'t> {
        let loss = f32::loss(loss);
        let mixtures = match self {
            Targets::Classes(classes) => return loss.value(output, classes),
            Targets::Mixed(mixtures) => mixtures,
        };
        let mut shares = Array2::zeros([mixtures.len(), output.shape()[1]]);
        for (mut row, Mixture { classes, share }) in shares.rows_mut().into_iter().zip(mixtures) {
            row[classes[0]] += *share as f32;
            row[classes[1]] += (1.0 - share) as f32;
        }
        let shares = output.tape().constant(Tensor::from(shares.into_dyn()));
        let soft = loss
            .soft()
            .expect("a loss that is defined for mixed targets");
        soft.value(output, shares)
    }

    /// Returns the weight of the batch in a mean over several batches.
    fn weight(self, loss: &dyn AnyLoss) -> f64 {
        match self {
            Targets::Classes(classes) => f32::loss(loss).weight(classes),
            Targets::Mixed(mixtures) => mixtures.len() as f64,
        }
    }

    /// Returns how many samples have the expected class.
    fn correct(self, found: &[usize]) -> usize {
        let right = |wanted: Vec<usize>| found.iter().zip(wanted).filter(|(a, b)| *a == b).count();
        match self {
            Targets::Classes(classes) => right(classes.to_vec()),
            Targets::Mixed(mixtures) => right(mixtures.iter().map(Mixture::dominant).collect()),
        }
    }
}

/// The forward pass from a batch to its loss.
struct Pass<'a> {
    model: &'a Model,
    loss: &'a dyn AnyLoss,
    images: &'a Tensor,
    targets: Targets<'a>,
    mode: Mode,
}

/// Results of a forward pass besides the loss.
struct Seen {
    /// Number of correctly classified samples.
    correct: usize,
    /// The first sample whose output isn't finite.
    odd_output: Option<usize>,
    /// New values of buffers.
    updates: Updates<f32>,
}

impl Pass<'_> {
    fn run<'t>(&self, tape: &'t Tape, params: &[Var<'t>]) -> (Var<'t>, Seen) {
        let cx = Ctx::new(tape, params, self.mode);
        let output = self.model.forward(&cx, tape.constant(self.images.clone()));
        let value = output.value();
        let correct = self.targets.correct(&classified(&value));
        let loss = self.targets.loss(self.loss, output);
        let seen = Seen {
            correct,
            odd_output: first_odd_row(&value),
            updates: cx.take_updates(),
        };
        (loss, seen)
    }
}
