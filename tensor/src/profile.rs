//! The time that each operation of a step takes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{Place, buffer};

/// Time and memory of operations, summed over steps. See
/// [`value_and_grad_profiled`](crate::value_and_grad_profiled).
#[derive(Clone, Debug, Default)]
pub struct Profile {
    entries: Vec<Entry>,
    mark: Option<(Instant, u64)>,
}

/// Figures of one operation of one layer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The operation and its layer.
    pub place: Place,
    /// Number of forward passes.
    pub calls: u64,
    /// Time of the forward passes.
    pub forward: Duration,
    /// Time of the backward passes: its rule, and summing what it returned.
    pub backward: Duration,
    /// Bytes that were allocated, because no recycled buffer was large enough.
    pub fresh_bytes: u64,
}

impl Profile {
    /// Returns the operations in the order in which each first ran.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Runs `f`, and counts its time as that of an operation outside of all layers.
    pub fn time<R>(&mut self, name: &'static str, f: impl FnOnce() -> R) -> R {
        self.mark();
        let result = f();
        self.forward(name, None);
        result
    }

    /// Begins the measurement of the next operation.
    pub(crate) fn mark(&mut self) {
        self.mark = Some((Instant::now(), buffer::fresh_bytes()));
    }

    /// Counts the time since the mark as the operation's forward pass.
    pub(crate) fn forward(&mut self, op: &'static str, scope: Option<&Arc<str>>) {
        let (time, bytes) = self.passed();
        let entry = self.entry(op, scope);
        entry.calls += 1;
        entry.forward += time;
        entry.fresh_bytes += bytes;
        self.mark();
    }

    /// Counts the time since the mark as the operation's backward pass.
    pub(crate) fn backward(&mut self, place: &Place) {
        let (time, bytes) = self.passed();
        let entry = self.entry(place.op, place.scope.as_ref());
        entry.backward += time;
        entry.fresh_bytes += bytes;
        self.mark();
    }

    fn passed(&self) -> (Duration, u64) {
        self.mark.map_or_else(Default::default, |(time, bytes)| {
            (time.elapsed(), buffer::fresh_bytes() - bytes)
        })
    }

    fn entry(&mut self, op: &'static str, scope: Option<&Arc<str>>) -> &mut Entry {
        let found = self.entries.iter().position(|entry| {
            entry.place.op == op && entry.place.scope.as_deref() == scope.map(|scope| &**scope)
        });
        let place = found.unwrap_or_else(|| {
            self.entries.push(Entry {
                place: Place {
                    op,
                    scope: scope.cloned(),
                },
                calls: 0,
                forward: Duration::ZERO,
                backward: Duration::ZERO,
                fresh_bytes: 0,
            });
            self.entries.len() - 1
        });
        &mut self.entries[place]
    }
}
