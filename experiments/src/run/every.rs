//! The interval between checkpoints.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

/// An interval in steps or in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// A number of steps.
    Steps(u64),
    /// A number of seconds.
    Seconds(u64),
}

/// The default interval: short enough that little work is lost, and long enough that the overhead
/// is negligible.
pub const DEFAULT: Every = Every::Seconds(60);

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, every): (_, fn(u64) -> Every) = match text.strip_suffix('s') {
            Some(number) => (number, Every::Seconds),
            None => (text, Every::Steps),
        };
        let number = number.parse().ok().filter(|&number| number > 0);
        number
            .map(every)
            .ok_or_else(|| "must be a number of steps, like 500, or of seconds, like 30s".into())
    }
}

/// Tracks when the next checkpoint is due.
pub struct Due {
    every: Every,
    last: Instant,
}

impl Due {
    /// Starts the first interval now.
    pub fn new(every: Every) -> Self {
        let last = Instant::now();
        Due { every, last }
    }

    /// Returns whether a checkpoint is due after this step; if so, the next interval starts.
    pub fn is_now(&mut self, step: u64) -> bool {
        let due = match self.every {
            Every::Steps(steps) => step.is_multiple_of(steps),
            Every::Seconds(seconds) => self.last.elapsed() >= Duration::from_secs(seconds),
        };
        if due {
            self.last = Instant::now();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_seconds_are_read() {
        assert_eq!("500".parse(), Ok(Every::Steps(500)));
        assert_eq!("30s".parse(), Ok(Every::Seconds(30)));
        for wrong in ["", "s", "0", "0s", "-1", "1.5s", "5m", "30 s", "٣"] {
            assert!(wrong.parse::<Every>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn steps_are_counted_over_the_whole_training() {
        let mut due = Due::new(Every::Steps(3));
        let when: Vec<_> = (1..=9).filter(|&step| due.is_now(step)).collect();
        assert_eq!(when, [3, 6, 9]);
        assert!(!Due::new(Every::Seconds(3600)).is_now(1));
    }
}
