//! Handlers for Ctrl-C, SIGTERM and SIGHUP: the first signal asks training to end, the second one
//! ends the program.

use std::{
    fs, io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// The number of SIGHUP, which only Unix has.
const SIGHUP: i32 = 1;

/// The signals that ask training to end.
const CAUGHT: &[i32] = if cfg!(unix) {
    &[SIGINT, SIGTERM, SIGHUP]
} else {
    &[SIGINT, SIGTERM]
};

/// The signal that was received, if any.
pub struct Signals {
    came: Arc<AtomicUsize>,
}

impl Signals {
    /// Installs the handlers. The first signal is only recorded. Signals that the parent process
    /// set to be ignored stay ignored: SIGHUP under `nohup`, SIGINT in background jobs of a script.
    pub fn catch() -> io::Result<Self> {
        let came = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        let ignored = fs::read_to_string("/proc/self/status")
            .ok()
            .and_then(|status| ignored(&status));
        // If the ignored signals are unknown, SIGHUP is not caught, since catching it would undo
        // `nohup`.
        let ignored = ignored.unwrap_or(bit(SIGHUP));
        for &signal in CAUGHT {
            if ignored & bit(signal) != 0 {
                continue;
            }
            // The order matters: `again` must still be unset when the first signal arrives.
            flag::register_conditional_shutdown(
                signal,
                exit_code(signal as usize).into(),
                again.clone(),
            )?;
            flag::register(signal, again.clone())?;
            flag::register_usize(signal, came.clone(), signal as usize)?;
        }
        Ok(Signals { came })
    }

    /// Returns the number of the signal that was received, if any.
    pub fn came(&self) -> Option<usize> {
        Some(self.came.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }
}

/// Returns the exit code of a program stopped by a signal: 129, 130, 143.
pub fn exit_code(signal: usize) -> u8 {
    128 + signal as u8
}

/// Parses the set of ignored signals in Linux's `/proc/self/status`.
fn ignored(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// Returns the bit of a signal in a set of signals.
fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}
