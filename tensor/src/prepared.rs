//! Values computed from parameters before they are used, such as packed weights: kept until the
//! parameters change, so that an evaluation computes them once and not for each batch.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{Scalar, Tape, Tensor, Var};

/// The values prepared from some parameters, shared with the tapes of these parameters.
pub(crate) struct Prepared<T>(Arc<RwLock<Entries<T>>>);

/// Entries by the address of the elements they were computed from, and their type.
type Entries<T> = HashMap<(usize, TypeId), Entry<T>>;

struct Entry<T> {
    /// What the value was computed from. While it is shared with this entry, its elements can't
    /// change, and no other tensor has their address.
    _of: Tensor<T>,
    value: Arc<dyn Any + Send + Sync>,
}

impl<T> Prepared<T> {
    /// Forgets all values, because parameters are about to change. A write to memory that an entry
    /// shares would copy it.
    pub fn clear(&mut self) {
        match Arc::get_mut(&mut self.0) {
            Some(entries) => {
                let entries = entries.get_mut();
                entries.unwrap_or_else(PoisonError::into_inner).clear();
            }
            None => self.0 = Arc::default(),
        }
    }

    /// Returns the same values, for a tape.
    pub fn share(&self) -> Self {
        Prepared(self.0.clone())
    }
}

impl<T: Scalar> Prepared<T> {
    fn get<V: Any + Send + Sync>(&self, of: &Tensor<T>) -> Option<Arc<V>> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&(of.as_ptr().addr(), TypeId::of::<V>()))?;
        entry.value.clone().downcast().ok()
    }

    fn insert<V: Any + Send + Sync>(&self, of: Tensor<T>, value: Arc<V>) {
        let key = (of.as_ptr().addr(), TypeId::of::<V>());
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.insert(key, Entry { _of: of, value });
    }
}

impl<T> Default for Prepared<T> {
    fn default() -> Self {
        Prepared(Arc::default())
    }
}

/// A copy of parameters begins without prepared values: it may be about to change.
impl<T> Clone for Prepared<T> {
    fn clone(&self) -> Self {
        Prepared::default()
    }
}

/// Parameters are equal whether or not they have been used.
impl<T> PartialEq for Prepared<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepared")
    }
}

/// Tensors computed from a parameter and some numbers.
struct Derived<T> {
    numbers: Vec<T>,
    tensors: Vec<Tensor<T>>,
}

impl<T: Scalar> Tape<T> {
    /// Returns what `make` computes from a value alone. If the value is a parameter on the tape of
    /// [`no_grad`](crate::no_grad), an earlier result is returned if it `fits`, until the
    /// parameters change.
    pub(crate) fn prepared<V: Any + Send + Sync>(
        &self,
        of: Var<'_, T>,
        fits: impl FnOnce(&V) -> bool,
        make: impl FnOnce() -> V,
    ) -> Arc<V> {
        let Some(prepared) = self.prepared_of(of) else {
            return Arc::new(make());
        };
        let of = of.value();
        if let Some(found) = prepared.get::<V>(&of).filter(|found| fits(found)) {
            return found;
        }
        let made = Arc::new(make());
        prepared.insert(of, made.clone());
        made
    }

    /// Records tensors that `make` computes from `of` and `numbers` alone, as constants. If `of` is
    /// a parameter on the tape of [`no_grad`](crate::no_grad), they are computed only once for the
    /// same parameters and numbers. Layers use it for weights that they change in evaluation.
    ///
    /// ```
    /// use tapeline_tensor::{Params, Role, no_grad, tensor};
    ///
    /// let mut params = Params::<f32>::new();
    /// let id = params.push("weight", Role::Weight, tensor([1.0, 2.0]));
    /// let doubled = |params: &Params| no_grad(params, |tape, on_tape| {
    ///     let weight = on_tape[id.index()];
    ///     let [doubled] = tape.derived(weight, &[2.0], || [weight.value().map(|x| 2.0 * x).into_shared()]);
    ///     doubled.value()
    /// });
    /// assert_eq!(doubled(&params), tensor([2.0, 4.0]));
    /// assert_eq!(doubled(&params).as_ptr(), doubled(&params).as_ptr());
    /// params.value_mut(id)[0] = 3.0;
    /// assert_eq!(doubled(&params), tensor([6.0, 4.0]));
    /// ```
    pub fn derived<const N: usize>(
        &self,
        of: Var<'_, T>,
        numbers: &[T],
        make: impl FnOnce() -> [Tensor<T>; N],
    ) -> [Var<'_, T>; N] {
        let derived = self.prepared(
            of,
            |found: &Derived<T>| found.tensors.len() == N && found.numbers == numbers,
            || Derived {
                numbers: numbers.to_vec(),
                tensors: make().into(),
            },
        );
        let is_lasting = self.prepared_of(of).is_some();
        std::array::from_fn(|i| self.push_derived(derived.tensors[i].clone(), is_lasting))
    }
}
