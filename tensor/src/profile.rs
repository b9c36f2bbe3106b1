//! Where the time of a step goes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{buffer, tape::Place};

/// Time and memory that operations took, added up over steps. See [`value_and_grad_profiled`](crate::value_and_grad_profiled).
#[derive(Clone, Debug, Default)]
pub struct Profile {
    entries: Vec<Entry>,
    mark: Option<(Instant, u64)>,
}

/// What one operation of one layer took.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The operation and its layer.
    pub place: Place,
    /// Number of times that it ran forward.
    pub calls: u64,
    /// Time forward.
    pub forward: Duration,
    /// Time backward: its rule, and adding up what it returned.
    pub backward: Duration,
    /// Bytes that were taken from the system, because no buffer put aside was large enough.
    pub fresh_bytes: u64,
}

impl Profile {
    /// The operations in the order in which each ran first.
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

    /// From here on counts what comes next.
    pub(crate) fn mark(&mut self) {
        self.mark = Some((Instant::now(), buffer::fresh_bytes()));
    }

    /// What has passed since the mark was the operation's value.
    pub(crate) fn forward(&mut self, op: &'static str, scope: Option<&Arc<str>>) {
        let (time, bytes) = self.passed();
        let entry = self.entry(op, scope);
        entry.calls += 1;
        entry.forward += time;
        entry.fresh_bytes += bytes;
        self.mark();
    }

    /// What has passed since the mark was the operation's rule.
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
