//! Definitions in the text: `let block(n) = [ … ];`.

mod declare;
mod uses;

use std::{collections::BTreeMap, mem, sync::Arc};

use crate::{Diagnostic, Note, Span, Value, extent::Extent, tree::Let};

/// The maximum size of all values that are read while definitions are expanded: the number of
/// values, and of bytes in texts. Without it, a few definitions that double their arguments would
/// fill the memory.
const MAX_SIZE: usize = 1 << 18;

/// What a parameter stands for.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Value(Value),
    /// Not known: the definition is checked before it is used.
    Unknown,
}

/// The definitions, and which of them is being expanded.
#[derive(Default)]
pub(super) struct Locals<'a> {
    places: BTreeMap<&'a str, usize>,
    list: Vec<Local<'a>>,
    scope: Scope<'a>,
    /// Where the definitions being expanded are used, from the innermost to the outermost.
    notes: Arc<[Note]>,
    /// Whether a definition is being checked rather than expanded.
    checking: bool,
    /// The size of the values read so far.
    spent: usize,
}

/// The names that can be used.
#[derive(Default)]
pub(super) struct Scope<'a> {
    /// How many of the definitions can be used: those before the one being expanded.
    visible: usize,
    /// The definition being expanded, and its arguments.
    frame: Option<(&'a Let, Vec<Bound>)>,
}

struct Local<'a> {
    definition: &'a Let,
    extent: Extent,
    /// The defaults of its parameters.
    defaults: Vec<Option<Bound>>,
    /// Whether no error was found in it.
    valid: bool,
}

impl<'a> Locals<'a> {
    pub fn find(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Returns `true` if a definition can be used here.
    pub fn sees(&self, place: usize) -> bool {
        place < self.scope.visible
    }

    /// Returns the extent of a use of a definition that is visible here.
    pub fn extent(&self, name: &str) -> Option<Extent> {
        let place = self.find(name).filter(|&place| self.sees(place))?;
        Some(self.list[place].extent.used())
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let visible = self.list.iter().take(self.scope.visible);
        visible.map(|local| &*local.definition.name)
    }

    pub fn notes(&self) -> Arc<[Note]> {
        self.notes.clone()
    }

    /// Hides all definitions, for a preset with its own; the result restores them.
    pub fn hide(&mut self) -> Locals<'a> {
        let inner = Locals {
            notes: self.notes.clone(),
            checking: self.checking,
            spent: self.spent,
            ..Locals::default()
        };
        mem::replace(self, inner)
    }

    pub fn restore(&mut self, outer: Locals<'a>) {
        let spent = self.spent;
        *self = Locals { spent, ..outer };
    }

    pub fn parameter(&self, name: &str) -> Option<&Bound> {
        let (definition, values) = self.scope.frame.as_ref()?;
        let mut params = definition.params.iter();
        values.get(params.position(|param| param.name == name)?)
    }

    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let definition = self.scope.frame.iter().map(|(definition, _)| definition);
        let params = definition.flat_map(|definition| &definition.params);
        params.map(|param| &*param.name)
    }

    /// Counts the size of a value that is read in a definition.
    pub fn spend(&mut self, size: usize) -> Result<(), Diagnostic> {
        if self.scope.frame.is_some() {
            self.spent = self.spent.saturating_add(size);
        }
        match self.spent > MAX_SIZE {
            false => Ok(()),
            true => {
                let message = "with definitions expanded, the arguments are too long";
                let help = format!("at most {MAX_SIZE} values and characters are allowed");
                let span = self.notes.first().map_or(Span::default(), |note| note.span);
                Err(Diagnostic::error(span, message).help(help))
            }
        }
    }
}

/// Returns the size of a value: the number of values in it, and of bytes in texts.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Word(text) | Value::Text(text) => 1 + text.len(),
        Value::Tuple(values) => 1 + values.iter().map(size).sum::<usize>(),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => 1,
    }
}
