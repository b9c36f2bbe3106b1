//! The backward pass, and rules alone.

use super::{Tape, Var};
use crate::{Place, Profile, Scalar, Tensor, broadcast, buffer::give_back};

/// A function that sees each gradient that a rule returns, in its parent's shape, and may change or
/// remove it: the hook through which checks make sure that they notice wrong rules. It receives the
/// rule's place and the position of the parent.
pub type Tamper<'a, T> = &'a dyn Fn(&Place, usize, Tensor<T>) -> Option<Tensor<T>>;

/// A share of a gradient: what the rule of an operation returns for one of its parents, in the
/// parent's shape.
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

impl<T: Scalar> Tape<T> {
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
