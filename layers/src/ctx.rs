//! The context in which a layer runs.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tapeline_tensor::{ParamId, Position, Tape, Tensor, Var};

use crate::{Element, SavedId};

/// The context of one pass: the tape, the parameters on it, and the mode.
pub struct Ctx<'t, 'a, T: Element = f32> {
    tape: &'t Tape<T>,
    params: &'a [Var<'t, T>],
    mode: Mode,
    updates: RefCell<Updates<T>>,
    /// The saved values, by their ids.
    saved: RefCell<Vec<Option<Var<'t, T>>>>,
    /// Scopes of the layers that run as in evaluation.
    fixed: RefCell<Arc<[Arc<str>]>>,
    /// Whether the current layer is one of them.
    in_fixed: Cell<bool>,
    /// Whether layers may be folded into those before.
    folding: bool,
}

/// New values for buffers, in the order in which they were reported.
pub type Updates<T> = Vec<(ParamId, Tensor<T>)>;

/// The mode of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A training step. Its random numbers depend only on these two fields and on the [`Stream`].
    Training {
        /// Seed of the run.
        seed: u64,
        /// Index of the step, counted over all epochs.
        step: u64,
    },
    /// Evaluation: no randomness, and no updates of buffers.
    Evaluation,
}

/// An independent source of random numbers, requested by a layer when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream(pub(crate) u64);

impl<'t, 'a, T: Element> Ctx<'t, 'a, T> {
    /// Creates the context of a pass on `tape`; `params` are all parameters on it, in order.
    pub fn new(tape: &'t Tape<T>, params: &'a [Var<'t, T>], mode: Mode) -> Self {
        Ctx {
            tape,
            params,
            mode,
            updates: RefCell::default(),
            saved: RefCell::default(),
            fixed: RefCell::default(),
            in_fixed: Cell::default(),
            folding: false,
        }
    }

    /// Makes some layers run as in evaluation, in any mode. They are given by their
    /// [scopes](crate::LayerSummary::scope).
    pub fn fix(&self, scopes: &Arc<[Arc<str>]>) {
        *self.fixed.borrow_mut() = scopes.clone();
    }

    /// Lets layers be folded into those before, such as batch normalization into a convolution, in
    /// evaluation on a tape that [releases](tapeline_tensor::Tape::release) its values. That is
    /// faster, and results may differ by rounding errors.
    #[must_use]
    pub fn folding(self) -> Self {
        Ctx {
            folding: true,
            ..self
        }
    }

    /// Returns whether layers may be folded into those before.
    pub(crate) fn may_fold(&self) -> bool {
        self.folding && !self.training() && self.tape.is_releasing()
    }

    /// Returns the tape, for constants and custom operations.
    pub fn tape(&self) -> &'t Tape<T> {
        self.tape
    }

    /// Returns the parameter declared as `id`.
    pub fn param(&self, id: ParamId) -> Var<'t, T> {
        self.params[id.index()]
    }

    /// Returns whether the current layer runs in a training step.
    pub fn training(&self) -> bool {
        self.mode != Mode::Evaluation && !self.in_fixed.get()
    }

    /// Returns the random number generator of `stream` in this step. Every call returns the same
    /// sequence.
    ///
    /// # Panics
    /// In evaluation, where nothing is random.
    pub fn rng(&self, stream: Stream) -> ChaCha8Rng {
        match self.mode {
            Mode::Training { seed, step } => generator(seed, step, stream.0, b"step"),
            Mode::Evaluation => panic!("Ctx::rng: a layer requested random numbers in evaluation"),
        }
    }

    /// Reports a new value for a buffer. It is written after the step; in evaluation it is ignored.
    pub fn update(&self, buffer: ParamId, value: impl Into<Tensor<T>>) {
        if self.training() {
            self.updates.borrow_mut().push((buffer, value.into()));
        }
    }

    /// Saves a value for layers further on, until the last of them has run. `id` comes from
    /// [`Build::save`](crate::Build::save).
    pub fn save(&self, id: SavedId, x: Var<'t, T>) {
        let mut saved = self.saved.borrow_mut();
        if saved.len() <= id.0 {
            saved.resize(id.0 + 1, None);
        }
        self.tape.hold(x);
        saved[id.0] = Some(x);
    }

    /// Returns a value that was saved earlier in this pass. `id` comes from
    /// [`Build::saved`](crate::Build::saved).
    ///
    /// # Panics
    /// When the layer that saves it has not run.
    #[track_caller]
    pub fn saved(&self, id: SavedId) -> Var<'t, T> {
        let saved = self.saved.borrow();
        let value = saved.get(id.0).copied().flatten();
        value.unwrap_or_else(|| panic!("Ctx::saved: the value has not been saved in this pass"))
    }

    /// Forgets a saved value, which no layer uses any more. Returns its position on the tape.
    pub(crate) fn forget(&self, id: SavedId) -> Option<Position> {
        let value = self.saved.borrow_mut().get_mut(id.0)?.take()?;
        Some(self.tape.let_go(value))
    }

    /// Takes the updates reported so far.
    pub fn take_updates(&self) -> Updates<T> {
        self.updates.take()
    }

    /// Runs `f` in a scope named after a layer, for messages.
    pub(crate) fn scope<R>(&self, name: &Arc<str>, f: impl FnOnce() -> R) -> R {
        let in_fixed = self.in_fixed.get() || self.fixed.borrow().contains(name);
        let before = self.in_fixed.replace(in_fixed);
        let result = self.tape.scope(name.clone(), f);
        self.in_fixed.set(before);
        result
    }
}

/// Returns a generator that depends only on the arguments.
pub(crate) fn generator(seed: u64, step: u64, stream: u64, purpose: &[u8; 4]) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&step.to_le_bytes());
    key[16..24].copy_from_slice(&stream.to_le_bytes());
    key[24..28].copy_from_slice(purpose);
    ChaCha8Rng::from_seed(key)
}
