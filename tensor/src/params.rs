//! The parameters and buffers of a model.

use crate::{
    Scalar, Tensor,
    kernels::{layout::aligned, sparse::is_finite},
    prepared::Prepared,
};

/// An ordered list of named parameters and buffers, in the order in which layers declared them.
///
/// The caller owns it; layers hold a [`ParamId`] for each of theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Params<T = f32> {
    entries: Vec<Param<T>>,
    /// What has been computed from them for evaluations; forgotten by whatever changes one.
    prepared: Prepared<T>,
}

/// One entry of [`Params`].
#[derive(Clone, Debug, PartialEq)]
pub struct Param<T = f32> {
    /// Its name, in PyTorch's form: `0.weight`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its value. Its memory order is kept by gradients, casts and clones.
    pub value: Tensor<T>,
}

/// What an entry of [`Params`] is for. Optimizers that treat weight matrices differently from biases and scales rely on it, never on the
/// shape: scales of normalization may have as many dimensions as a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A learned matrix `[out, in]`, or the kernels of a convolution, `[out, in, …]`: mixes inputs into outputs.
    Weight,
    /// Learned values that are added.
    Bias,
    /// Learned values that multiply elements or channels: scales of normalization, slopes of activations.
    Scale,
    /// Stored with the parameters but not learned: running statistics.
    Buffer,
}

impl Role {
    /// Whether it gets a gradient and is updated by an optimizer.
    pub fn is_learned(self) -> bool {
        self != Role::Buffer
    }
}

/// Place of an entry in its [`Params`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamId(usize);

impl ParamId {
    /// The entry at `index`, in order of declaration.
    pub fn new(index: usize) -> Self {
        ParamId(index)
    }

    /// Its index, in order of declaration.
    pub fn index(self) -> usize {
        self.0
    }
}

impl<T> Default for Params<T> {
    fn default() -> Self {
        Params {
            entries: Vec::new(),
            prepared: Prepared::default(),
        }
    }
}

impl<T: Scalar> Params<T> {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an entry. Its value is copied if it doesn't begin at a cache line, as kernels like
    /// it.
    ///
    /// # Panics
    /// When there is an entry of this name.
    #[track_caller]
    pub fn push(&mut self, name: impl Into<String>, role: Role, value: Tensor<T>) -> ParamId {
        let name = name.into();
        assert!(
            self.find(&name).is_none(),
            "Params::push: a second `{name}`"
        );
        let value = aligned(value);
        self.entries.push(Param { name, role, value });
        ParamId(self.entries.len() - 1)
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Param<T>> {
        self.entries.iter()
    }

    /// Returns the entry at `id`.
    ///
    /// # Panics
    /// When `id` is out of range.
    #[track_caller]
    pub fn get(&self, id: ParamId) -> &Param<T> {
        &self.entries[id.0]
    }

    /// Returns the value at `id` for writing; its shape can't change.
    ///
    /// # Panics
    /// When `id` is out of range.
    #[track_caller]
    pub fn value_mut(&mut self, id: ParamId) -> ndarray::ArrayViewMutD<'_, T> {
        self.prepared.clear();
        self.entries[id.0].value.view_mut()
    }

    /// Returns all values in order for writing; their shapes can't change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = ndarray::ArrayViewMutD<'_, T>> {
        self.prepared.clear();
        self.entries.iter_mut().map(|p| p.value.view_mut())
    }

    /// Returns what has been computed from the parameters.
    pub(crate) fn prepared(&self) -> &Prepared<T> {
        &self.prepared
    }

    /// Returns the id of the entry with this name.
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.entries
            .iter()
            .position(|p| p.name == name)
            .map(ParamId)
    }

    /// Number of learned values; buffers are not counted.
    pub fn count(&self) -> usize {
        let learned = self.iter().filter(|p| p.role.is_learned());
        learned.map(|p| p.value.len()).sum()
    }

    /// Returns the first entry that contains NaN or an infinity.
    pub fn first_non_finite(&self) -> Option<&Param<T>> {
        self.iter().find(|p| !is_finite(&p.value))
    }

    /// Converts the list to another scalar type.
    pub fn cast<U: Scalar>(&self) -> Params<U> {
        let cast = |p: &Param<T>| Param {
            name: p.name.clone(),
            role: p.role,
            value: aligned(p.value.map(|&v| U::of(v.widen())).into_shared()),
        };
        Params {
            entries: self.entries.iter().map(cast).collect(),
            prepared: Prepared::default(),
        }
    }
}

impl<'a, T> IntoIterator for &'a Params<T> {
    type Item = &'a Param<T>;
    type IntoIter = std::slice::Iter<'a, Param<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}
