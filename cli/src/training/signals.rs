//! Ctrl-C, SIGTERM and SIGHUP: the first one asks, the second one ends the program.

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

/// The signals that ask a training to end.
const CAUGHT: &[i32] = if cfg!(unix) {
    &[SIGINT, SIGTERM, SIGHUP]
} else {
    &[SIGINT, SIGTERM]
};

/// The signal that has come, if any.
pub struct Signals {
    came: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on the first signal only leaves a mark. A signal that the program was started to ignore stays ignored: SIGHUP under
    /// `nohup`, SIGINT in the background of a script.
    pub fn catch() -> io::Result<Self> {
        let came = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        let ignored = fs::read_to_string("/proc/self/status")
            .ok()
            .and_then(|status| ignored(&status));
        // Without an answer, SIGHUP keeps its effect: catching it would undo `nohup`.
        let ignored = ignored.unwrap_or(bit(SIGHUP));
        for &signal in CAUGHT {
            if ignored & bit(signal) != 0 {
                continue;
            }
            // In this order: the first signal finds `again` still unset.
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

    /// The number of the signal that has come.
    pub fn came(&self) -> Option<usize> {
        Some(self.came.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }
}

/// The exit code of a program that a signal has stopped: 129, 130, 143.
pub fn exit_code(signal: usize) -> u8 {
    128 + signal as u8
}

/// The set of ignored signals in Linux's `/proc/self/status`.
fn ignored(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// A signal in a set of signals.
fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}
