//! The tape: values, and the rules that propagate gradients.

use std::{
    cell::{Cell, RefCell},
    fmt,
    sync::Arc,
};

use crate::{
    Parents, Place, Profile, Scalar, Tensor, broadcast, buffer::give_back,
    kernels::sparse::is_finite, prepared::Prepared,
};

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

/// Values that take the place of those that operations compute. Each operation then sees exactly the values it is given, whatever the
/// operations before it compute, so the check can look at each one alone.
pub(crate) struct Replay<T: Scalar> {
    given: Vec<Tensor<T>>,
    computed: Vec<Tensor<T>>,
}

/// What a recorded operation has computed.
pub(crate) struct Recorded<T: Scalar> {
    pub value: Tensor<T>,
    pub place: Place,
}

/// A share of a gradient: what the rule of an operation returns for one of its parents, in the parent's shape.
#[derive(Clone)]
pub(crate) struct Share<T: Scalar> {
    /// The operation, as its position on the tape.
    pub node: usize,
    /// Which of the operation's parents it is for.
    pub position: usize,
    /// That parent, as its position on the tape.
    pub parent: usize,
    pub value: Tensor<T>,
}

/// A value on a tape, as cheap to copy as a number.
pub struct Var<'t, T: Scalar = f32> {
    tape: &'t Tape<T>,
    id: usize,
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

/// A position on a tape, between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(usize);

/// A function that sees each gradient that a rule returns, in its parent's shape, and may change or
/// remove it: the hook through which checks make sure that they notice wrong rules. It receives the
/// rule's place and the position of the parent.
pub type Tamper<'a, T> = &'a dyn Fn(&Place, usize, Tensor<T>) -> Option<Tensor<T>>;

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

    /// A tape without rules whose values are those `given`, in order.
    pub(crate) fn replaying(given: Vec<Tensor<T>>) -> Self {
        let computed = Vec::with_capacity(given.len());
        let tape = Tape::new(false);
        tape.replay.replace(Some(Replay { given, computed }));
        tape
    }

    /// A tape without rules that frees values early, for parameters of which some values are
    /// prepared.
    pub(crate) fn releasing(prepared: Prepared<T>) -> Self {
        let mut tape = Tape::new(false);
        tape.prepared = Some(prepared);
        tape.releasing.set(true);
        tape
    }

    /// The values that the operations of a replaying tape have computed.
    pub(crate) fn computed(&self) -> Vec<Tensor<T>> {
        self.replay.take().map_or_else(Vec::new, |r| r.computed)
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

    /// Returns the position after the last value, for [`release`](Tape::release).
    pub fn position(&self) -> Position {
        Position(self.nodes.borrow().len())
    }

    /// Declares that of the values recorded since a position, only `kept` and those that are
    /// [held](Tape::hold) will be used again. In [`no_grad`](crate::no_grad), the memory of the
    /// others is recycled; otherwise they are needed for the backward pass, and nothing happens.
    /// Returns the position from which to release next, once `kept` isn't needed either.
    ///
    /// ```
    /// use tapeline_tensor::{Params, no_grad, tensor};
    ///
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let mut x = tape.constant(tensor([1.0, -1.0]));
    ///     let mut position = tape.position();
    ///     for _ in 0..1000 {
    ///         x = x.relu().exp();
    ///         position = tape.release(position, x);
    ///     }
    /// });
    /// ```
    pub fn release(&self, since: Position, kept: Var<'_, T>) -> Position {
        let mut nodes = self.nodes.borrow_mut();
        if self.releasing.get() {
            for (id, node) in nodes.iter_mut().enumerate().skip(since.0) {
                if id != kept.id && node.held == 0 {
                    give_back(std::mem::take(&mut node.value));
                }
            }
        }
        let is_among_them = (since.0..nodes.len()).contains(&kept.id);
        Position(if is_among_them { kept.id } else { nodes.len() })
    }

    /// Keeps a value from being [released](Tape::release), until [`let_go`](Tape::let_go) has been
    /// called as often.
    pub fn hold(&self, var: Var<'_, T>) {
        self.nodes.borrow_mut()[var.id].held += 1;
    }

    /// Undoes one [`hold`](Tape::hold). Returns the position of the value: releasing from there on
    /// frees it.
    ///
    /// ```
    /// use tapeline_tensor::{Params, no_grad, tensor};
    ///
    /// no_grad(&Params::<f32>::new(), |tape, _| {
    ///     let x = tape.constant(tensor([1.0, -1.0])).exp();
    ///     tape.hold(x);
    ///     let position = tape.release(tape.position(), x);
    ///     let y = x.relu().exp();
    ///     tape.release(position, y);
    ///     let z = x + y;
    ///     tape.release(tape.let_go(x), z);
    /// });
    /// ```
    pub fn let_go(&self, var: Var<'_, T>) -> Position {
        let held = &mut self.nodes.borrow_mut()[var.id].held;
        *held = held.saturating_sub(1);
        Position(var.id)
    }

    /// From now on, keeps all values, so that [`first_non_finite`](Tape::first_non_finite) sees
    /// them.
    pub fn keep_all(&self) {
        self.releasing.set(false);
    }

    /// Returns whether [`release`](Tape::release) frees values: no rule and no caller needs them.
    pub fn is_releasing(&self) -> bool {
        self.releasing.get()
    }

    /// Returns the place of the first operation so far whose value contains NaN or an infinity.
    /// Values that were [released](Tape::release) are not seen.
    pub fn first_non_finite(&self) -> Option<Place> {
        let nodes = self.nodes.borrow();
        let first = nodes.iter().find(|n| !is_finite(&n.value));
        first.map(|n| n.place.clone())
    }

    /// Propagates a gradient of 1 from `loss`; returns the gradients of the first `leaves` nodes.
    ///
    /// Nodes are removed on the way, so that memory falls, and the depth of a graph doesn't matter.
    #[track_caller]
    pub(crate) fn backward(
        &self,
        loss: Var<'_, T>,
        leaves: usize,
        tamper: Option<Tamper<'_, T>>,
    ) -> Vec<Option<Tensor<T>>> {
        let mut nodes = self.nodes.take();
        let shape = nodes[loss.id].value.shape().to_vec();
        assert!(
            shape.iter().all(|&n| n == 1),
            "value_and_grad: the loss is one number, not {shape:?}"
        );
        nodes.truncate(loss.id + 1);

        let mut gradients: Vec<Option<Tensor<T>>> = vec![None; nodes.len().max(leaves)];
        gradients[loss.id] = Some(Tensor::from_elem(shape, T::one()));
        while nodes.len() > leaves {
            let Some(node) = nodes.pop() else { break };
            let (Some(rule), Some(gradient)) = (node.rule, gradients.pop().flatten()) else {
                continue;
            };
            let shape = node.value.shape().to_vec();
            self.measure(Profile::mark);
            rule(gradient, &mut |position, parent, share| {
                let share =
                    broadcast::undo(share, nodes[parent].value.shape(), &shape, &node.place);
                let share = match tamper {
                    Some(tamper) => tamper(&node.place, position, share),
                    None => Some(share),
                };
                if let Some(share) = share {
                    add(&mut gradients[parent], share);
                }
            });
            // The rule is gone, and with it any other owner of the value.
            give_back(node.value);
            self.measure(|profile| profile.backward(&node.place));
        }
        gradients.truncate(leaves);
        gradients
    }
}

impl<T: Scalar> Tape<T> {
    /// Runs each rule alone, from the last operation to the first, with a gradient of its own instead of what the operations behind it
    /// return; rules without one are left out. `see` gets all shares of an operation before the next operation's.
    pub(crate) fn each_rule(
        &self,
        mut gradient: impl FnMut(usize) -> Option<Tensor<T>>,
        mut see: impl FnMut(Share<T>),
    ) {
        let mut nodes = self.nodes.take();
        while let Some(node) = nodes.pop() {
            let id = nodes.len();
            let Some((rule, gradient)) = node.rule.zip(gradient(id)) else {
                continue;
            };
            let shape = node.value.shape();
            rule(gradient, &mut |position, parent, share| {
                let value = broadcast::undo(share, nodes[parent].value.shape(), shape, &node.place);
                see(Share {
                    node: id,
                    position,
                    parent,
                    value,
                });
            });
        }
    }
}

impl<T: Scalar> Replay<T> {
    /// Puts a computed value aside and returns the one that takes its place.
    fn exchange(&mut self, value: Tensor<T>) -> Tensor<T> {
        let given = self.given.get(self.computed.len()).cloned();
        self.computed.push(value.clone());
        // A function that takes another path is noticed by what it has computed.
        given
            .filter(|g| g.shape() == value.shape())
            .unwrap_or(value)
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

/// The first gradient is moved; later ones are added to it.
fn add<T: Scalar>(sum: &mut Option<Tensor<T>>, share: Tensor<T>) {
    *sum = Some(match sum.take() {
        None => share,
        Some(sum) => {
            let total = T::add_tensors(sum, &share);
            give_back(share);
            total
        }
    });
}

impl<'t, T: Scalar> Var<'t, T> {
    /// Returns the tape it is on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// Returns its value; shared, not copied.
    pub fn value(self) -> Tensor<T> {
        self.tape.nodes.borrow()[self.id].value.clone()
    }

    /// Returns the size of each dimension.
    pub fn shape(self) -> Vec<usize> {
        self.tape.nodes.borrow()[self.id].value.shape().to_vec()
    }

    /// Returns the number of dimensions.
    pub fn ndim(self) -> usize {
        self.tape.nodes.borrow()[self.id].value.ndim()
    }
}

impl<T: Scalar> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Scalar> Copy for Var<'_, T> {}

impl<T: Scalar> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({:?})", self.value())
    }
}
