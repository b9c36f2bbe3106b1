//! The tape: values, and the rules that propagate gradients.

mod backward;
mod release;
mod replay;
mod var;

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use crate::{
    Parents, Place, Profile, Scalar, Tensor, buffer::give_back, kernels::sparse::is_finite,
    prepared::Prepared,
};
pub(crate) use backward::Share;
pub use backward::Tamper;
pub use release::Position;
use replay::Replay;
pub use var::Var;

/// A record of operations with their rules. Created by [`value_and_grad`](crate::value_and_grad)
/// and [`no_grad`](crate::no_grad).
pub struct Tape<T: Scalar = f32> {
    nodes: RefCell<Vec<Node<T>>>,
    scope: RefCell<Option<Arc<str>>>,
    /// Without it, rules are dropped at once: there will be no backward pass.
    recording: Cell<bool>,
    /// Whether [`release`](Tape::release) frees values.
    releasing: Cell<bool>,
    profile: RefCell<Option<Profile>>,
    replay: RefCell<Option<Replay<T>>>,
    /// What has been computed from the parameters, in evaluation.
    prepared: Option<Prepared<T>>,
}

/// What a recorded operation has computed.
pub(crate) struct Recorded<T: Scalar> {
    pub value: Tensor<T>,
    pub place: Place,
}

struct Node<T: Scalar> {
    value: Tensor<T>,
    place: Place,
    needs_grad: bool,
    rule: Option<Rule<T>>,
    /// How often the value is [held](Tape::hold).
    held: usize,
    /// Whether it is a parameter, or was computed from parameters alone.
    is_lasting: bool,
}

/// Propagates the gradient of a node to its parents: calls the second argument with each parent's
/// position, its id and its gradient.
type Rule<T> = Box<dyn FnOnce(Tensor<T>, &mut dyn FnMut(usize, usize, Tensor<T>))>;

/// A rule as an operation gives it: calls the second argument with the gradient of each parent.
type Shares<T> = Box<dyn FnOnce(Tensor<T>, &mut dyn FnMut(Option<Tensor<T>>))>;

impl<T: Scalar> Tape<T> {
    pub(crate) fn new(recording: bool) -> Self {
        Tape {
            nodes: RefCell::default(),
            scope: RefCell::default(),
            recording: Cell::new(recording),
            releasing: Cell::new(false),
            profile: RefCell::default(),
            replay: RefCell::default(),
            prepared: None,
        }
    }

    /// A tape without rules that frees values early, for parameters of which some values are
    /// prepared.
    pub(crate) fn releasing(prepared: Prepared<T>) -> Self {
        let mut tape = Tape::new(false);
        tape.prepared = Some(prepared);
        tape.releasing.set(true);
        tape
    }

    /// Everything recorded so far.
    pub(crate) fn recorded(&self) -> Vec<Recorded<T>> {
        let nodes = self.nodes.borrow();
        let recorded = nodes.iter().map(|node| Recorded {
            value: node.value.clone(),
            place: node.place.clone(),
        });
        recorded.collect()
    }

    /// Starts a measurement, or ends it and returns the result.
    pub(crate) fn profile(&self, profile: Option<Profile>) -> Option<Profile> {
        self.profile.replace(profile)
    }

    fn measure(&self, f: impl FnOnce(&mut Profile)) {
        if let Some(profile) = &mut *self.profile.borrow_mut() {
            f(profile);
        }
    }

    /// Records a value without a gradient: a batch of images, a mask.
    pub fn constant(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push("constant", value.into(), false, None)
    }

    pub(crate) fn leaf(&self, value: Tensor<T>, needs_grad: bool) -> Var<'_, T> {
        let leaf = self.push("leaf", value, needs_grad, None);
        self.nodes.borrow_mut()[leaf.id].is_lasting = true;
        leaf
    }

    /// Records a constant that was computed from parameters; whether it lasts as long as they do.
    pub(crate) fn push_derived(&self, value: Tensor<T>, is_lasting: bool) -> Var<'_, T> {
        let derived = self.push("constant", value, false, None);
        self.nodes.borrow_mut()[derived.id].is_lasting = is_lasting;
        derived
    }

    /// What has been prepared, if `of` lasts longer than the tape.
    pub(crate) fn prepared_of(&self, of: Var<'_, T>) -> Option<&Prepared<T>> {
        let is_lasting = self.nodes.borrow()[of.id].is_lasting;
        self.prepared.as_ref().filter(|_| is_lasting)
    }

    /// Records an operation: its name, its value, its [parents](Parents), and the rule that
    /// propagates gradients to them. The value must be a function of the values that the parents
    /// have on the tape: the [check](crate::check) replaces those to see the operation alone.
    ///
    /// The rule is the vector-Jacobian product: given the gradient of the value, it returns the
    /// gradients of the parents. `need` says which parents need one; the others, and those that are
    /// absent, may be `None`. A returned gradient has the shape of its parent, or the shape of the
    /// value where the parent was broadcast to it: the tape sums it back. If no parent needs a
    /// gradient, the rule is dropped at once with everything it holds.
    ///
    /// ```
    /// use tapeline_tensor::{Params, tensor, value_and_grad};
    ///
    /// let (y, grads, ()) = value_and_grad(&Params::<f64>::new(), &[tensor([3.0, 4.0])], |tape, _, inputs| {
    ///     let x = inputs[0].value();
    ///     let cubes = x.mapv(|x| x * x * x).into_shared();
    ///     let y = tape.op("cube", cubes, [inputs[0]], move |g, _| [Some((g * x.mapv(|x| 3.0 * x * x)).into_shared())]);
    ///     (y.sum(), ())
    /// });
    /// assert_eq!(y, 91.0);
    /// assert_eq!(grads.inputs[0], Some(tensor([27.0, 48.0])));
    /// ```
    ///
    /// # Panics
    /// When a parent is on another tape; during the backward pass, when the rule returns a gradient
    /// of another shape, or none where one is needed.
    #[track_caller]
    pub fn op<'t, P: Parents<'t, T>>(
        &'t self,
        name: &'static str,
        value: impl Into<Tensor<T>>,
        parents: P,
        vjp: impl FnOnce(Tensor<T>, P::Each<bool>) -> P::Each<Option<Tensor<T>>> + 'static,
    ) -> Var<'t, T> {
        // Ids of the parents that need a gradient.
        let mut ids = Vec::new();
        let mut is_foreign = false;
        let need = parents.each(|parent| {
            is_foreign |= parent.is_some_and(|parent| !std::ptr::eq(parent.tape, self));
            ids.push(parent.and_then(|parent| self.id_if_needed(parent.id)));
            ids.last().is_some_and(Option::is_some)
        });
        assert!(!is_foreign, "{name}: a parent is of another tape");
        if !self.recording.get() || ids.iter().all(Option::is_none) {
            return self.push(name, value.into(), false, None);
        }
        let shares = move |gradient, see: &mut dyn FnMut(Option<Tensor<T>>)| {
            vjp(gradient, need).into_iter().for_each(see);
        };
        self.push_with_rule(name, value.into(), ids, Box::new(shares))
    }

    /// The id of a node, if it needs a gradient.
    fn id_if_needed(&self, id: usize) -> Option<usize> {
        let nodes = self.nodes.borrow();
        nodes.get(id)?.needs_grad.then_some(id)
    }

    /// Records an operation whose rule passes the gradient of each parent on in turn. Apart from
    /// [`op`](Tape::op), so that it is compiled once for all operations.
    fn push_with_rule(
        &self,
        name: &'static str,
        value: Tensor<T>,
        ids: Vec<Option<usize>>,
        shares: Shares<T>,
    ) -> Var<'_, T> {
        let rule: Rule<T> = Box::new(move |gradient, give| {
            let mut parents = ids.into_iter().enumerate();
            shares(gradient, &mut |share| {
                let Some((position, Some(id))) = parents.next() else {
                    return;
                };
                let share = share.unwrap_or_else(|| panic!("{name}: its rule returned no gradient for parent {position}, which needs one"));
                give(position, id, share);
            });
        });
        self.push(name, value, true, Some(rule))
    }

    fn push(
        &self,
        op: &'static str,
        value: Tensor<T>,
        needs_grad: bool,
        rule: Option<Rule<T>>,
    ) -> Var<'_, T> {
        let place = Place {
            op,
            scope: self.scope.borrow().clone(),
        };
        self.measure(|profile| profile.forward(op, place.scope.as_ref()));
        let value = match &mut *self.replay.borrow_mut() {
            Some(replay) => replay.exchange(value),
            None => value,
        };
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node {
            value,
            place,
            needs_grad,
            rule,
            held: 0,
            is_lasting: false,
        });
        Var {
            tape: self,
            id: nodes.len() - 1,
        }
    }

    /// Names the layer whose operations `f` records, for messages. The innermost name counts.
    pub fn scope<R>(&self, path: impl Into<Arc<str>>, f: impl FnOnce() -> R) -> R {
        let outer = self.scope.replace(Some(path.into()));
        self.measure(Profile::mark);
        let result = f();
        self.scope.replace(outer);
        result
    }

    /// Returns the place of the first operation so far whose value contains NaN or an infinity.
    /// Values that were [released](Tape::release) are not seen.
    pub fn first_non_finite(&self) -> Option<Place> {
        let nodes = self.nodes.borrow();
        let first = nodes.iter().find(|n| !is_finite(&n.value));
        first.map(|n| n.place.clone())
    }
}

impl<T: Scalar> Drop for Tape<T> {
    fn drop(&mut self) {
        // Values that rules hold are freed after the rules.
        for node in self.nodes.take().into_iter().rev() {
            drop(node.rule);
            give_back(node.value);
        }
    }
}
