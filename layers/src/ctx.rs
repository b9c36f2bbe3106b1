//! What a layer is given while it runs.

use std::{cell::RefCell, sync::Arc};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tapeline_tensor::{ParamId, Tape, Tensor, Var};

use crate::Element;

/// The surroundings of one pass: the tape, the parameters on it, and whether it is training.
pub struct Ctx<'t, 'a, T: Element = f32> {
    tape: &'t Tape<T>,
    params: &'a [Var<'t, T>],
    mode: Mode,
    updates: RefCell<Updates<T>>,
}

/// New values for buffers, in the order in which they were reported.
pub type Updates<T> = Vec<(ParamId, Tensor<T>)>;

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One step of training. Every random number in it is a function of these two and of a [`Stream`].
    Training {
        /// Seed of the run.
        seed: u64,
        /// Number of the step, over all epochs.
        step: u64,
    },
    /// Evaluation: nothing random, nothing remembered.
    Evaluation,
}

/// A source of random numbers of its own, given to a layer when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream(pub(crate) u64);

impl<'t, 'a, T: Element> Ctx<'t, 'a, T> {
    /// A pass on `tape`; `params` are the values of all parameters on it, in order.
    pub fn new(tape: &'t Tape<T>, params: &'a [Var<'t, T>], mode: Mode) -> Self {
        Ctx {
            tape,
            params,
            mode,
            updates: RefCell::default(),
        }
    }

    /// The tape, for constants and operations of one's own.
    pub fn tape(&self) -> &'t Tape<T> {
        self.tape
    }

    /// The parameter declared as `id`.
    pub fn param(&self, id: ParamId) -> Var<'t, T> {
        self.params[id.index()]
    }

    /// Whether this is a step of training.
    pub fn training(&self) -> bool {
        self.mode != Mode::Evaluation
    }

    /// The random numbers of `stream` in this step; the same whenever asked.
    ///
    /// # Panics
    /// In evaluation, where nothing is random.
    pub fn rng(&self, stream: Stream) -> ChaCha8Rng {
        match self.mode {
            Mode::Training { seed, step } => generator(seed, step, stream.0, b"step"),
            Mode::Evaluation => panic!("a layer asked for random numbers in evaluation"),
        }
    }

    /// Reports a new value for a buffer. It is written after the step, and not at all in evaluation.
    pub fn update(&self, buffer: ParamId, value: impl Into<Tensor<T>>) {
        if self.training() {
            self.updates.borrow_mut().push((buffer, value.into()));
        }
    }

    /// Takes the updates reported so far.
    pub fn take_updates(&self) -> Updates<T> {
        self.updates.take()
    }

    /// Runs `f` under a layer's name, for messages.
    pub(crate) fn scope<R>(&self, path: &Arc<str>, f: impl FnOnce() -> R) -> R {
        self.tape.scope(path.clone(), f)
    }
}

/// A generator whose whole state is named by its arguments.
pub(crate) fn generator(seed: u64, step: u64, stream: u64, purpose: &[u8; 4]) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&step.to_le_bytes());
    key[16..24].copy_from_slice(&stream.to_le_bytes());
    key[24..28].copy_from_slice(purpose);
    ChaCha8Rng::from_seed(key)
}
