//! Estimates of the memory use of a training run, before allocating any of it.

use tapeline_layers::{Plan, Row};
use tapeline_optim::Optimizer;

use crate::evaluate::BATCH;

/// An estimate of the bytes used by a model, based on its plan alone.
///
/// It excludes the data, a model file being written, the program itself, and the working memory of
/// each thread (about one image).
///
/// ```
/// use tapeline_layers::layers;
/// use tapeline_models::{Memory, Model, presets};
/// use tapeline_optim::{Optimizer, optimizers};
///
/// let model = Model::build("flatten linear(10)", &[1, 28, 28], &layers(), &presets())?;
/// let adam = Optimizer::read("adam", &optimizers())?;
/// let memory = Memory::training(&model.plan, &adam, 100, 10_000);
/// assert_eq!(memory.parameters, 4 * 7850);
/// assert_eq!(memory.optimizer, 2 * memory.parameters);
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Parameters and buffers.
    pub parameters: u64,
    /// Gradients of the parameters.
    pub gradients: u64,
    /// State of the optimizer, such as moments.
    pub optimizer: u64,
    /// Values between layers and their gradients, for one training batch.
    pub activations: u64,
    /// Values between layers in an evaluation, in addition to the buffers reused from training.
    pub evaluation: u64,
}

impl Memory {
    /// Estimates a training run with batches of up to `batch` samples and an evaluation on
    /// `evaluated` samples after each epoch.
    ///
    /// `batch` must not exceed the number of samples, even if the batch size does.
    pub fn training(plan: &Plan, optimizer: &Optimizer, batch: usize, evaluated: usize) -> Memory {
        let mut memory = Memory::parameters(plan);
        let learned = plan.declared.iter().filter(|d| d.role.is_learned());
        for param in learned {
            let bytes = bytes(param.len());
            memory.gradients += bytes;
            memory.optimizer += bytes * optimizer.moments(param.role) as u64;
        }
        let mut buffers = Buffers::default();
        buffers.step(plan, batch as u64);
        memory.activations = buffers.fresh;
        buffers.evaluate(plan, evaluated);
        memory.evaluation = buffers.fresh - memory.activations;
        memory
    }

    /// Estimates an evaluation alone, on `samples` samples.
    pub fn evaluation(plan: &Plan, samples: usize) -> Memory {
        let mut buffers = Buffers::default();
        buffers.evaluate(plan, samples);
        Memory {
            evaluation: buffers.fresh,
            ..Memory::parameters(plan)
        }
    }

    fn parameters(plan: &Plan) -> Memory {
        let values: usize = plan.declared.iter().map(|d| d.len()).sum();
        Memory {
            parameters: bytes(values),
            gradients: 0,
            optimizer: 0,
            activations: 0,
            evaluation: 0,
        }
    }

    /// Returns the sum of all parts, in bytes.
    pub fn total(&self) -> u64 {
        let Memory {
            parameters,
            gradients,
            optimizer,
            activations,
            evaluation,
        } = self;
        let parts = [parameters, gradients, optimizer, activations, evaluation];
        parts
            .into_iter()
            .fold(0, |sum, &part| sum.saturating_add(part))
    }
}

/// A simulation of the buffers allocated in the forward and backward pass of a batch. It tracks
/// only sizes: which buffers are reused from those given back, as in [`tapeline_tensor::buffer`],
/// and which are allocated.
#[derive(Default)]
struct Buffers {
    /// Sizes of the free buffers in bytes, in ascending order.
    spares: Vec<u64>,
    /// Total bytes allocated.
    fresh: u64,
}

impl Buffers {
    /// Takes a buffer of at least `bytes`; returns its actual size.
    fn take(&mut self, bytes: u64) -> u64 {
        let best = self.spares.partition_point(|&spare| spare < bytes);
        match self.spares.get(best) {
            Some(&spare) if spare <= bytes.saturating_add(bytes / 2) => self.spares.remove(best),
            _ => {
                self.fresh = self.fresh.saturating_add(bytes);
                bytes
            }
        }
    }

    fn give_back(&mut self, bytes: u64) {
        let place = self.spares.partition_point(|&spare| spare < bytes);
        self.spares.insert(place, bytes);
    }

    /// Takes buffers for the batch and for the values of each layer, in order.
    fn forward<'p>(
        &mut self,
        plan: &Plan,
        rows: impl Iterator<Item = &'p Row>,
        batch: u64,
    ) -> Vec<Vec<u64>> {
        let mut take = |values: usize| self.take(bytes(values).saturating_mul(batch));
        let mut held = vec![vec![take(plan.input.iter().product())]];
        held.extend(rows.map(|row| row.kept.iter().map(|&values| take(values)).collect()));
        held
    }

    /// Simulates the forward passes of an evaluation.
    fn evaluate(&mut self, plan: &Plan, samples: usize) {
        let rows = plan.rows.iter().filter(|row| !row.only_in_training);
        self.forward(plan, rows, BATCH.min(samples) as u64);
    }

    /// Simulates a training step. In the backward pass, each layer holds the gradient of its output
    /// while it computes that of its input.
    fn step(&mut self, plan: &Plan, batch: u64) {
        let mut held = self.forward(plan, plan.rows.iter(), batch);
        let mut gradient = None;
        for row in plan.rows.iter().rev() {
            let values = held.pop().unwrap_or_default();
            let before = held
                .iter()
                .skip(1)
                .flat_map(|values| values.last())
                .next_back()
                .copied();
            if let (false, Some(before)) = (values.is_empty(), before) {
                let output = gradient.take().unwrap_or_else(|| {
                    self.take(bytes(row.output.iter().product()).saturating_mul(batch))
                });
                gradient = Some(self.take(before));
                self.give_back(output);
            }
            if row.scratch > 0 {
                let scratch = self.take(bytes(row.scratch).saturating_mul(batch));
                self.give_back(scratch);
            }
            values.into_iter().for_each(|bytes| self.give_back(bytes));
        }
        let rest = held.into_iter().flatten().chain(gradient);
        rest.for_each(|bytes| self.give_back(bytes));
    }
}

/// Returns the size of `values` `f32` values in bytes.
fn bytes(values: usize) -> u64 {
    (values as u64).saturating_mul(size_of::<f32>() as u64)
}
