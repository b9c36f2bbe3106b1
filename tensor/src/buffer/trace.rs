//! Traces of the buffers that a computation takes, to predict the memory of the same computation on
//! a larger batch.

use std::{
    any::TypeId,
    cell::{Cell, RefCell},
    collections::HashMap,
};

use super::{BufferElement, keep, take_fitting, with_line};

/// The sizes of the buffers that a computation took from its thread's free buffers, and when it
/// gave them back.
///
/// ```
/// use tapeline_tensor::buffer::{Buffer, FreeBuffers, Trace};
///
/// let step = |batch: usize| {
///     let x: Buffer<f32> = Buffer::any(1000 * batch);
///     drop(x);
///     let y: Buffer<f32> = Buffer::any(900 * batch);
/// };
/// let [two, four] = [2, 4].map(|batch| Trace::of(|| step(batch)).1);
/// let many = Trace::extrapolate([&two, &four], [2, 4], 500).unwrap();
/// let mut free = FreeBuffers::default();
/// free.replay(&many);
/// // The second buffer reuses the memory of the first, which begins at a cache line.
/// assert_eq!(free.allocated(), 4 * (500_000 + 15));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Trace(Vec<Event>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Take {
        element: TypeId,
        bytes: u64,
    },
    /// Gives back the buffer taken by the event at this position.
    GiveBack(usize),
}

#[derive(Default)]
struct Recorder {
    events: Vec<Event>,
    /// The event that took the memory at an address.
    takes: HashMap<usize, usize>,
}

thread_local! {
    static IS_RECORDING: Cell<bool> = const { Cell::new(false) };
    static RECORDER: RefCell<Recorder> = RefCell::default();
}

impl Trace {
    /// Runs `f` and returns its result and its trace.
    ///
    /// Call it outside of any [`Pool`](crate::Pool): only buffers of this thread are recorded. Of
    /// the tasks of a kernel, only the first is, since the others reuse its buffers; so the number
    /// of events doesn't depend on the batch size.
    pub fn of<R>(f: impl FnOnce() -> R) -> (R, Trace) {
        RECORDER.take();
        let recording = Switched(IS_RECORDING.replace(true));
        let result = f();
        drop(recording);
        (result, Trace(RECORDER.take().events))
    }

    /// Returns the trace for `batch` samples, given those for two other numbers of samples. Each
    /// size is extrapolated linearly. Returns `None` if the traces differ in more than sizes.
    ///
    /// # Panics
    /// When both numbers of samples are the same.
    pub fn extrapolate(traces: [&Trace; 2], batches: [usize; 2], batch: usize) -> Option<Trace> {
        let [first, second] = traces;
        let [from, to, batch] = [batches[0], batches[1], batch].map(|n| n as i128);
        let pair = |(&first, &second): (&Event, &Event)| match (first, second) {
            (
                Event::Take { element, bytes },
                Event::Take {
                    element: other,
                    bytes: more,
                },
            ) if element == other => {
                let [bytes, more] = [bytes, more].map(i128::from);
                let bytes = more + (more - bytes) * (batch - to) / (to - from);
                let bytes = u64::try_from(bytes.max(0)).unwrap_or(u64::MAX);
                Some(Event::Take { element, bytes })
            }
            (Event::GiveBack(take), Event::GiveBack(other)) if take == other => Some(first),
            _ => None,
        };
        let events = first.0.iter().zip(&second.0).map(pair).collect();
        Option::map(events, Trace).filter(|_| first.0.len() == second.0.len())
    }
}

/// The free buffers of a thread, simulated: only their sizes.
#[derive(Default)]
pub struct FreeBuffers {
    sizes: HashMap<TypeId, Vec<u64>>,
    allocated: u64,
}

impl FreeBuffers {
    /// Takes and gives back the buffers of a trace, by the rules that real ones follow.
    pub fn replay(&mut self, trace: &Trace) {
        let mut taken = HashMap::new();
        for (i, event) in trace.0.iter().enumerate() {
            match *event {
                Event::Take { element, bytes } => {
                    let sizes = self.sizes.entry(element).or_default();
                    let bytes = take_fitting(sizes, bytes, |&size| size).unwrap_or_else(|| {
                        self.allocated = self.allocated.saturating_add(bytes);
                        bytes
                    });
                    taken.insert(i, (element, bytes));
                }
                Event::GiveBack(take) => {
                    if let Some((element, bytes)) = taken.remove(&take) {
                        keep(self.sizes.entry(element).or_default(), bytes, |&size| size);
                    }
                }
            }
        }
    }

    /// Returns the number of bytes allocated so far, because no free buffer fit.
    pub fn allocated(&self) -> u64 {
        self.allocated
    }
}

/// Records that a buffer for `len` elements was taken.
pub(super) fn took<T: BufferElement>(memory: &[T], len: usize) {
    if !IS_RECORDING.get() {
        return;
    }
    RECORDER.with_borrow_mut(|recorder| {
        let place = recorder.events.len();
        recorder.takes.insert(memory.as_ptr().addr(), place);
        recorder.events.push(Event::Take {
            element: TypeId::of::<T>(),
            bytes: (with_line::<T>(len) * size_of::<T>()) as u64,
        });
    });
}

/// Records that the memory of a buffer was given back. One that was taken before is ignored.
pub(super) fn gave_back<T: BufferElement>(memory: &[T]) {
    if !IS_RECORDING.get() {
        return;
    }
    RECORDER.with_borrow_mut(|recorder| {
        if let Some(take) = recorder.takes.remove(&memory.as_ptr().addr()) {
            recorder.events.push(Event::GiveBack(take));
        }
    });
}

/// Suspends recording on this thread until the guard is dropped.
pub(crate) fn pause() -> Switched {
    Switched(IS_RECORDING.replace(false))
}

/// Restores, when dropped, whether this thread records.
pub(crate) struct Switched(bool);

impl Drop for Switched {
    fn drop(&mut self) {
        IS_RECORDING.set(self.0);
    }
}
