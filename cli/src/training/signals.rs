//! Ctrl-C and SIGTERM: the first one asks, the second one ends the program.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// The signal that has come, if any.
pub struct Signals {
    came: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on the first signal only leaves a mark.
    pub fn catch() -> io::Result<Self> {
        let came = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
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

/// The exit code of a program that a signal has stopped: 130, 143.
pub fn exit_code(signal: usize) -> u8 {
    128 + signal as u8
}
