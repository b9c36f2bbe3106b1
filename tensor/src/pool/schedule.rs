//! The tasks of a computation, timed one after another: what it would take on more threads than
//! there are.

use std::{
    cell::RefCell,
    panic::Location,
    time::{Duration, Instant},
};

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

struct Recorder {
    parts: Vec<Part>,
    /// The end of the last part; none while a task runs, whose own tasks aren't parts.
    mark: Option<Instant>,
}

/// A part of a computation: what ran before its tasks, and the tasks.
#[derive(Clone, Debug)]
pub struct Part {
    /// The call that divided the work.
    pub place: &'static Location<'static>,
    /// Time on one thread since the previous part.
    pub serial: Duration,
    /// Time of each task.
    pub tasks: Vec<Duration>,
}

impl Part {
    /// Returns the time on a number of threads, which take the tasks in order, with `fork` for
    /// starting and awaiting several threads.
    pub fn time(&self, threads: usize, fork: Duration) -> Duration {
        let mut busy = vec![Duration::ZERO; threads.clamp(1, self.tasks.len().max(1))];
        for &task in &self.tasks {
            if let Some(first) = busy.iter_mut().min() {
                *first += task;
            }
        }
        let fork = if busy.len() > 1 { fork } else { Duration::ZERO };
        self.serial + fork + busy.into_iter().max().unwrap_or_default()
    }
}

/// The parts of a computation in order, recorded by [`record`].
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// All that divided their work into tasks.
    pub parts: Vec<Part>,
    /// Time after the last part.
    pub rest: Duration,
}

impl Schedule {
    /// Predicts the time on a number of threads: see [`Part::time`]. Threads are assumed not to
    /// slow each other down, as they do where the memory they share is too slow for all.
    pub fn time(&self, threads: usize, fork: Duration) -> Duration {
        let parts = self.parts.iter().map(|part| part.time(threads, fork));
        parts.sum::<Duration>() + self.rest
    }
}

/// Runs `f`, and its kernels on this thread alone, also inside a pool; returns the tasks into which
/// they would divide their work, with the time of each. Calls aren't nested.
///
/// ```
/// use std::time::Duration;
/// use tapeline_tensor::pool;
///
/// let sleep = |_, milliseconds| std::thread::sleep(Duration::from_millis(milliseconds));
/// let ((), schedule) = pool::record(|| pool::each([2, 2, 2, 2], sleep));
/// let [one, two] = [1, 2].map(|threads| schedule.time(threads, Duration::ZERO));
/// assert!(one >= Duration::from_millis(8) && two < one);
/// ```
pub fn record<R>(f: impl FnOnce() -> R) -> (R, Schedule) {
    /// Ends a recording when dropped: also when `f` panics.
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            RECORDER.set(None);
        }
    }
    let _end = End;
    RECORDER.set(Some(Recorder {
        parts: Vec::new(),
        mark: Some(Instant::now()),
    }));
    let result = super::alone(f);
    let schedule = RECORDER.take().map(|recorder| Schedule {
        rest: recorder
            .mark
            .map_or_else(Default::default, |mark| mark.elapsed()),
        parts: recorder.parts,
    });
    (result, schedule.unwrap_or_default())
}

/// Returns whether the tasks of this thread are recorded.
pub(super) fn is_recording() -> bool {
    RECORDER.with_borrow(Option::is_some)
}

/// Calls `f(i)` for each `i` below `count`: as one part, unless this is within a task.
pub(super) fn each(place: &'static Location<'static>, count: usize, f: &dyn Fn(usize)) {
    let mark = RECORDER.with_borrow_mut(|recorder| recorder.as_mut()?.mark.take());
    let Some(mark) = mark else {
        return (0..count).for_each(f);
    };
    let serial = mark.elapsed();
    let timed = (0..count).map(|i| {
        let begun = Instant::now();
        f(i);
        begun.elapsed()
    });
    let part = Part {
        place,
        serial,
        tasks: timed.collect(),
    };
    RECORDER.with_borrow_mut(|recorder| {
        if let Some(recorder) = recorder {
            recorder.parts.push(part);
            recorder.mark = Some(Instant::now());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn threads_take_tasks_in_order() {
        let part = Part {
            place: Location::caller(),
            serial: MS(10),
            tasks: [4, 1, 1, 1, 2].map(MS).to_vec(),
        };
        // Two threads: 4, 2 and 1, 1, 1. Three: 4 and 1, 1 and 1, 2. Five: one each.
        for (threads, tasks) in [(1, 9), (2, 5), (3, 4), (5, 4), (99, 4)] {
            let fork = if threads > 1 { MS(1) } else { MS(0) };
            assert_eq!(
                part.time(threads, MS(1)),
                MS(10 + tasks) + fork,
                "{threads}"
            );
        }
    }

    #[test]
    fn tasks_of_tasks_are_no_parts() {
        let (sum, schedule) = record(|| {
            let mut sums = [0; 3];
            pool::each(&mut sums, |i, sum| {
                let mut parts = [0; 4];
                pool::each(&mut parts, |_, part| *part = i);
                *sum = parts.iter().sum();
            });
            pool::each([(), ()], |_, ()| ());
            sums.iter().sum::<usize>()
        });
        let counts: Vec<_> = schedule.parts.iter().map(|part| part.tasks.len()).collect();
        assert_eq!((sum, counts), (12, vec![3, 2]));
        assert!(record(|| ()).1.parts.is_empty());
    }

    #[test]
    fn a_recording_takes_tasks_inside_a_pool_and_ends_with_a_panic() {
        let tasks = || pool::each([(), ()], |_, ()| ());
        let pool = crate::Pool::new(2).unwrap();
        let (_, schedule) = pool.install(|| record(tasks));
        assert_eq!(schedule.parts.len(), 1);

        let panics = || pool::each([()], |_, ()| panic!("a task"));
        std::panic::catch_unwind(|| record(panics)).unwrap_err();
        assert!(RECORDER.with_borrow(Option::is_none));
    }
}
