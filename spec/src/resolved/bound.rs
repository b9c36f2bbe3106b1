//! Replacement of deferred arguments.

use std::slice;

use super::{Call, Node, calls};
use crate::{Args, Named};

/// Returns the nodes with the arguments of their calls replaced. Nodes without deferred calls are
/// kept as they are.
pub(super) fn bound<D: Named>(nodes: &[Node<D>], args: &mut slice::Iter<'_, Args>) -> Vec<Node<D>> {
    let mut out = Vec::new();
    for node in nodes {
        let inside = calls(slice::from_ref(node));
        match node {
            node if !inside.iter().any(Call::is_deferred) => {
                *args = args
                    .as_slice()
                    .get(count(&inside)..)
                    .unwrap_or_default()
                    .iter();
                out.push(node.clone());
            }
            Node::Call(call, bodies) => {
                let mut call = call.clone();
                if let Some(args) = args.next() {
                    call.args = args.clone();
                }
                let bodies = bodies.iter().map(|body| bound(body, args)).collect();
                out.push(Node::Call(call, bodies));
            }
            Node::Repeat(count, body) => {
                (0..*count).for_each(|_| out.append(&mut bound(body, args)));
            }
            Node::Preset(_, items) | Node::Group(items) => out.append(&mut bound(items, args)),
        }
    }
    out
}

/// Returns the number of calls, including those in brackets.
pub(super) fn count<D>(calls: &[Call<D>]) -> usize {
    let inside = calls.iter().flat_map(|call| &call.bodies);
    calls.len() + inside.map(|body| count(body)).sum::<usize>()
}
