//! How much memory a training takes, before any is taken.

use tapeline_layers::{Plan, Row};
use tapeline_optim::Optimizer;

use crate::evaluate::BATCH;

/// An estimate of the bytes that a model takes, from its plan alone.
///
/// Not counted are the data, a model file while it is written, the program itself, and what each thread works with: an image or so.
///
/// ```
/// use tapeline_layers::layers;
/// use tapeline_models::{Memory, Model, presets};
/// use tapeline_optim::{Optimizer, optimizers};
///
/// let model = Model::build("flatten linear(10)", &[1, 28, 28], &layers(), &presets())?;
/// let optimizers = optimizers();
/// let adam = Optimizer::read("adam", &optimizers).unwrap();
/// let memory = Memory::training(&model.plan, &adam, 100, 10_000);
/// assert_eq!(memory.parameters, 4 * 7850);
/// assert_eq!(memory.optimizer, 2 * memory.parameters);
/// # Ok::<(), tapeline_models::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Parameters and buffers.
    pub parameters: u64,
    /// Gradients of the parameters.
    pub gradients: u64,
    /// What the optimizer remembers of each parameter.
    pub optimizer: u64,
    /// Values between layers and their gradients, for a batch in training.
    pub activations: u64,
    /// Values between layers in an evaluation, beside what it finds of those of training.
    pub evaluation: u64,
}

impl Memory {
    /// Of a training whose largest step has `batch` samples, with an evaluation on `evaluated` samples after each epoch. A step has no more
    /// samples than there are, whatever the batch size.
    pub fn training(
        plan: &Plan,
        optimizer: &Optimizer<'_>,
        batch: usize,
        evaluated: usize,
    ) -> Memory {
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

    /// Of an evaluation alone, on `samples` samples.
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

    /// All of it, in bytes.
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

/// The walk of a batch through a model and back, of which only the sizes of buffers are kept: which ones are found among those given back,
/// as in [`tapeline_tensor::buffer`], and which are taken from the system.
#[derive(Default)]
struct Buffers {
    /// Bytes of those given back, from the smallest to the largest.
    spares: Vec<u64>,
    /// Bytes taken from the system.
    fresh: u64,
}

impl Buffers {
    /// Takes a buffer; returns how large the one is that is found.
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

    /// The batch itself, and then the values of each layer, in order.
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

    /// Forward only, in the batches of an evaluation.
    fn evaluate(&mut self, plan: &Plan, samples: usize) {
        let rows = plan.rows.iter().filter(|row| !row.only_in_training);
        self.forward(plan, rows, BATCH.min(samples) as u64);
    }

    /// Forward, and back: each layer makes the gradient of its input while it holds that of its output.
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

/// Bytes of so many numbers.
fn bytes(values: usize) -> u64 {
    (values as u64).saturating_mul(size_of::<f32>() as u64)
}
