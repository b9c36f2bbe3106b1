//! Estimates of the memory use of a training run, before it begins.

use std::{panic, thread};

use tapeline_layers::{Ctx, Declared, Init, Layer, LayerSummary, Mode, Plan, declare};
use tapeline_optim::Optimizer;
use tapeline_tensor::{
    Params, Tensor,
    buffer::{Buffer, FreeBuffers, Trace, give_back},
    no_grad, value_and_grad,
};

use crate::evaluate::batch_size;

/// The maximum number of multiply-adds in the forward pass of a dry pass, unless 2 samples need
/// more: a fraction of a second.
const MULTIPLY_ADDS: u64 = 1 << 30;

/// The maximum number of values that the layers output in a dry pass, unless 2 samples need more.
const OUTPUTS: usize = 1 << 23;

/// An estimate of the bytes used by a model.
///
/// It excludes the data, a model file being written, the program itself, the working memory of
/// further threads (about one image each, in an evaluation a batch each), and arrays of layers that are not in a
/// [`Buffer`].
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
/// assert!(memory.total() > Memory::lower_bound(&model.plan, &adam, 100).total());
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
    /// This runs two training steps and two evaluations on a few made-up samples, on a thread of
    /// its own, and extrapolates the sizes of the buffers that they take. Check
    /// [`lower_bound`](Memory::lower_bound) first: the steps allocate the parameters and their
    /// gradients.
    ///
    /// `batch` must not exceed the number of samples, even if the batch size does.
    pub fn training(plan: &Plan, optimizer: &Optimizer, batch: usize, evaluated: usize) -> Memory {
        let memory = Memory::of_parameters(plan, Some(optimizer));
        let passes = [
            (Pass::Training, batch),
            (Pass::Evaluation, batch_size(plan).min(evaluated)),
        ];
        let allocated = allocated(plan, &passes);
        Memory {
            activations: allocated[0].saturating_sub(memory.gradients),
            evaluation: allocated[1] - allocated[0],
            ..memory
        }
    }

    /// Estimates an evaluation alone, on `samples` samples. Runs two on a few made-up samples.
    pub fn evaluation(plan: &Plan, samples: usize) -> Memory {
        Memory {
            evaluation: allocated(plan, &[(Pass::Evaluation, batch_size(plan).min(samples))])[0],
            ..Memory::of_parameters(plan, None)
        }
    }

    /// Returns a lower bound of the memory of a training run, from sizes alone: the activations are
    /// the input and the output of a batch, or the largest output of a layer for one sample.
    pub fn lower_bound(plan: &Plan, optimizer: &Optimizer, batch: usize) -> Memory {
        let size = |shape: &[usize]| bytes(shape.iter().product());
        let largest = plan.rows.iter().map(|row| size(&row.output)).max();
        let batch = size(&plan.input).saturating_mul(batch as u64);
        Memory {
            activations: batch.max(largest.unwrap_or(0)),
            ..Memory::of_parameters(plan, Some(optimizer))
        }
    }

    fn of_parameters(plan: &Plan, optimizer: Option<&Optimizer>) -> Memory {
        let mut memory = Memory {
            parameters: 0,
            gradients: 0,
            optimizer: 0,
            activations: 0,
            evaluation: 0,
        };
        for param in &plan.declared {
            let bytes = bytes(param.len());
            memory.parameters += bytes;
            if let (Some(optimizer), true) = (optimizer, param.role.is_learned()) {
                memory.gradients += bytes;
                memory.optimizer += bytes * optimizer.moments(param.role) as u64;
            }
        }
        memory
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

#[derive(Clone, Copy)]
enum Pass {
    Training,
    Evaluation,
}

/// Returns the bytes allocated for buffers after each of some passes, one after another, with a
/// number of samples each.
fn allocated(plan: &Plan, passes: &[(Pass, usize)]) -> Vec<u64> {
    // On a thread of its own, whose buffers are freed at its end, and whose kernels run on it alone.
    let dry = || {
        let params = params(plan);
        let traces = passes.iter().map(|&(pass, samples)| {
            let few = pass.few(plan, samples);
            (
                few,
                few.map(|samples| pass.trace(plan, &params, samples)),
                samples,
            )
        });
        traces.collect::<Vec<_>>()
    };
    let traces = thread::scope(|scope| scope.spawn(dry).join());
    let traces = traces.unwrap_or_else(|panicked| panic::resume_unwind(panicked));

    let mut free = FreeBuffers::default();
    let mut rest = 0;
    let totals = traces.into_iter().map(|(few, [first, second], samples)| {
        match Trace::extrapolate([&first, &second], few, samples) {
            Some(trace) => free.replay(&trace),
            None => rest += extrapolated([&first, &second], few, samples),
        }
        free.allocated().saturating_add(rest)
    });
    totals.collect()
}

/// Extrapolates the bytes that two passes allocate. They took different steps: a value decided
/// whether a kernel skips zeros.
fn extrapolated(traces: [&Trace; 2], few: [usize; 2], samples: usize) -> u64 {
    let [first, second] = traces.map(|trace| {
        let mut free = FreeBuffers::default();
        free.replay(trace);
        free.allocated()
    });
    let a_sample = second.saturating_sub(first) / (few[1] - few[0]) as u64;
    second.saturating_add(a_sample.saturating_mul(samples.saturating_sub(few[1]) as u64))
}

/// Returns parameters to run dry passes with. Their values don't matter, so those that take long to
/// compute are replaced.
fn params(plan: &Plan) -> Params {
    let simple = |declared: &Declared| match declared.init {
        Init::Orthogonal => Declared {
            init: Init::fan_in(declared.len() / declared.shape[0]),
            ..declared.clone()
        },
        _ => declared.clone(),
    };
    let declared: Vec<_> = plan.declared.iter().map(simple).collect();
    declare::init(&declared, 0)
}

impl Pass {
    /// Returns the numbers of samples of two dry passes, from which one with `samples` is
    /// extrapolated.
    fn few(self, plan: &Plan, samples: usize) -> [usize; 2] {
        let enough = match self {
            // With more than 8 samples, a convolution sums the gradients of weights in pieces of
            // several samples, as it does for large batches.
            Pass::Training => 32,
            Pass::Evaluation => 4,
        };
        let size = |row: &LayerSummary| row.output.iter().product::<usize>();
        let outputs: usize = plan.rows.iter().map(size).sum();
        let by_time = usize::try_from(MULTIPLY_ADDS / plan.multiply_adds().max(1));
        let most = (OUTPUTS / outputs.max(1)).min(by_time.unwrap_or(enough));
        let most = most.min(samples).clamp(2, enough);
        [most / 2, most]
    }

    /// Runs the pass on a few samples and returns the buffers that it takes.
    fn trace(self, plan: &Plan, params: &Params, samples: usize) -> Trace {
        let mode = match self {
            Pass::Training => Mode::Training { seed: 0, step: 0 },
            Pass::Evaluation => Mode::Evaluation,
        };
        // A clone has no prepared weights: each pass prepares its own.
        let params = &params.clone();
        let run = || {
            let images = images(plan, samples);
            match self {
                Pass::Training => {
                    let (_, grads, ()) = value_and_grad(params, &[], |tape, params, _| {
                        let cx = Ctx::new(tape, params, mode);
                        let output = plan.chain.forward(&cx, tape.constant(images.clone()));
                        (output.square().sum(), ())
                    });
                    grads.give_back();
                    give_back(images);
                }
                Pass::Evaluation => no_grad(params, |tape, params| {
                    let cx = Ctx::new(tape, params, mode).folding();
                    plan.chain.forward(&cx, tape.constant(images));
                }),
            }
        };
        Trace::of(run).1
    }
}

/// Returns images like those of pen strokes: a fifth of the pixels is not zero. A linear layer then
/// lists these pixels, which takes more memory than a dense product.
fn images(plan: &Plan, samples: usize) -> Tensor {
    let shape = [&[samples], &plan.input[..]].concat();
    let mut pixels = Buffer::any(shape.iter().product());
    for (i, pixel) in pixels.iter_mut().enumerate() {
        // Multiples of the golden ratio scatter.
        let scattered = (i as u32).wrapping_mul(0x9E37_79B9);
        *pixel = if scattered < u32::MAX / 5 { 1.0 } else { 0.0 };
    }
    pixels.into_tensor(&shape)
}

/// Returns the size of `values` `f32` values in bytes.
fn bytes(values: usize) -> u64 {
    (values as u64).saturating_mul(size_of::<f32>() as u64)
}
