//! Parents of an operation.

use crate::{Scalar, Var};

/// The parents of an operation, as [`Tape::op`](crate::Tape::op) takes them.
///
/// Either an array whose items are all [`Var`] or all `Option<Var>`, where `None` is a parent that
/// is absent, such as a bias; or a slice, for operations with any number of parents.
pub trait Parents<'t, T: Scalar> {
    /// One item for each parent: an array for an array, a vector for a slice.
    type Each<U: 'static>: IntoIterator<Item = U> + 'static;

    /// Calls `f` with each parent in order.
    fn each<U: 'static>(&self, f: impl FnMut(Option<Var<'t, T>>) -> U) -> Self::Each<U>;
}

impl<'t, T, P, const N: usize> Parents<'t, T> for [P; N]
where
    T: Scalar,
    P: Copy + Into<Option<Var<'t, T>>>,
{
    type Each<U: 'static> = [U; N];

    fn each<U: 'static>(&self, mut f: impl FnMut(Option<Var<'t, T>>) -> U) -> [U; N] {
        self.map(|parent| f(parent.into()))
    }
}

impl<'t, T: Scalar> Parents<'t, T> for &[Var<'t, T>] {
    type Each<U: 'static> = Vec<U>;

    fn each<U: 'static>(&self, mut f: impl FnMut(Option<Var<'t, T>>) -> U) -> Vec<U> {
        self.iter().map(|&parent| f(Some(parent))).collect()
    }
}
