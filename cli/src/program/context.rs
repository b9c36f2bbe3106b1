//! State that is passed to every command.

use std::{env, ops::Deref};

use tapeline_experiments::{self as experiments, Registries};

use crate::program::terminal::{Common, Terminal};

/// The terminal, and the registries of all names that specs may use.
pub struct Context {
    pub terminal: Terminal,
    known: experiments::Context,
}

impl Context {
    pub fn new(common: &Common, registries: Registries) -> Self {
        let terminal = Terminal::new(common);
        Context {
            terminal,
            known: experiments::Context {
                registries,
                cache: Some(env::temp_dir()),
                messages: Box::new(terminal),
            },
        }
    }
}

impl Deref for Context {
    type Target = experiments::Context;

    fn deref(&self) -> &Self::Target {
        &self.known
    }
}
