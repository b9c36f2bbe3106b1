//! Handlers for Ctrl-C, SIGTERM and SIGHUP: the first signal asks training to end, the second one
//! ends the program.

use std::{
    fs, io,
    sync::{Arc, atomic::AtomicBool},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tapeline_experiments::Interrupt;

/// The number of SIGHUP, which only Unix has.
const SIGHUP: i32 = 1;

/// The signals that ask training to end.
const CAUGHT: &[i32] = if cfg!(unix) {
    &[SIGINT, SIGTERM, SIGHUP]
} else {
    &[SIGINT, SIGTERM]
};

/// Installs the handlers, and returns the interrupt that the first signal requests. Signals that the parent process
/// set to be ignored stay ignored: SIGHUP under `nohup`, SIGINT in background jobs of a script.
pub fn catch() -> io::Result<Interrupt> {
    let interrupt = Interrupt::new();
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
        flag::register_usize(signal, interrupt.cell(), signal as usize)?;
    }
    Ok(interrupt)
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
