//! Definitions in the text: `let block(n) = [ … ];`.

use std::{collections::BTreeMap, mem, sync::Arc};

use super::Resolver;
use crate::{
    Diagnostic, Named, Note, Span, Value,
    diagnostic::{list, quote},
    extent::Extent,
    nearest::nearest,
    resolved::Node,
    tree::{self, Let},
};

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

    /// Hides all names; the result restores them.
    pub fn hide(&mut self) -> Scope<'a> {
        mem::take(&mut self.scope)
    }

    pub fn restore(&mut self, scope: Scope<'a>) {
        self.scope = scope;
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

impl<'a, D: Named> Resolver<'a, D> {
    /// Checks the definitions of a text, in order.
    pub(super) fn declare(&mut self, definitions: &'a [Let]) {
        if let ([first, ..], true) = (definitions, self.chain) {
            let error = Diagnostic::error(first.at.0, "definitions are not allowed here");
            return self.report.add(|| error);
        }
        for (place, definition) in definitions.iter().enumerate() {
            self.locals.places.entry(&definition.name).or_insert(place);
        }
        for (place, definition) in definitions.iter().enumerate() {
            let before = self.report.count();
            self.locals.scope.visible = place;
            self.expect_new_name(place, definition);
            self.expect_new_params(definition);
            let defaults = self.defaults(definition);
            let extent = match self.measure(&definition.body) {
                Ok(extent) => {
                    self.check(definition);
                    extent
                }
                Err(error) => {
                    self.report.add(|| error);
                    Extent::default()
                }
            };
            self.locals.list.push(Local {
                definition,
                extent,
                defaults,
                valid: !definition.broken && self.report.count() == before,
            });
        }
        self.locals.scope.visible = definitions.len();
    }

    /// Reports the name of a definition if it already has a meaning.
    fn expect_new_name(&mut self, place: usize, definition: &Let) {
        let name = &definition.name;
        let first = self.locals.find(name).unwrap_or(place);
        let taken = if self.registry.get(name).is_some() {
            format!("the name of a {}", self.registry.noun())
        } else if self.presets.iter().any(|entry| entry.preset.name == name) {
            "the name of a preset".into()
        } else if first < place {
            "defined above".into()
        } else {
            return;
        };
        let message = format!("{} is already {taken}", quote(name));
        let error = Diagnostic::error(definition.name_at.0, message);
        self.report.add(|| error.help("choose another name"));
    }

    fn expect_new_params(&mut self, definition: &Let) {
        for (place, param) in definition.params.iter().enumerate() {
            let name = &param.name;
            let mut earlier = definition.params[..place].iter();
            let message = if earlier.any(|earlier| earlier.name == *name) {
                format!("{} is already a parameter of this definition", quote(name))
            } else if self.is_integer(name) {
                format!("{} is already the name of an integer", quote(name))
            } else {
                continue;
            };
            let error = Diagnostic::error(param.at.0, message);
            self.report.add(|| error.help("choose another name"));
        }
    }

    fn defaults(&mut self, definition: &Let) -> Vec<Option<Bound>> {
        let mut defaults = Vec::new();
        for param in &definition.params {
            defaults.push(match &param.default {
                None => None,
                Some(default) => match self.bound(default, param.at.0) {
                    Ok(bound) => Some(bound),
                    Err(error) => {
                        self.report.add(|| error);
                        Some(Bound::Unknown)
                    }
                },
            });
        }
        defaults
    }

    /// Finds the errors in a definition that don't depend on its arguments.
    fn check(&mut self, definition: &'a Let) {
        self.locals.scope.frame = Some((definition, vec![Bound::Unknown; definition.params.len()]));
        self.locals.checking = true;
        self.items(&definition.body);
        self.locals.checking = false;
        self.locals.scope.frame = None;
    }

    /// Expands a use of a definition.
    pub(super) fn local(&mut self, place: usize, call: &'a tree::Call) -> Option<Node<D>> {
        let definition = self.locals.list[place].definition;
        let name = &definition.name;
        if !call.bodies.is_empty() {
            let message = format!("{} is a definition, which takes no body", quote(name));
            self.blame(call, || Diagnostic::error(call.bodies_at.0, message));
        }
        let arguments = self.arguments(place, call)?;
        if self.locals.checking || !self.locals.list[place].valid || !call.bodies.is_empty() {
            return None;
        }
        let inner = Scope {
            visible: place,
            frame: Some((definition, arguments)),
        };
        let note = Note {
            span: call.at.0,
            message: format!("{} is used here", quote(name)),
        };
        let notes = [&[note], &*self.locals.notes].concat();
        let scope = mem::replace(&mut self.locals.scope, inner);
        let outer = mem::replace(&mut self.locals.notes, notes.into());
        let items = self.items(&definition.body);
        self.locals.scope = scope;
        self.locals.notes = outer;
        Some(Node::Group(items))
    }

    /// Returns the arguments of a use of a definition, or `None` if one of them is invalid; all
    /// errors have been reported.
    fn arguments(&mut self, place: usize, call: &tree::Call) -> Option<Vec<Bound>> {
        let definition = self.locals.list[place].definition;
        let params = &definition.params;
        let mut values: Vec<Option<Bound>> = vec![None; params.len()];
        let mut fine = !call.broken;
        for (position, arg) in call.args.iter().enumerate() {
            let place = match &arg.name {
                Some(name) => parameter(definition, name, arg.name_at.0),
                None if position < params.len() => Ok(position),
                None if position == params.len() => Err(too_many(definition, arg.at.0)),
                None => continue,
            };
            let value = place.and_then(|place| match values[place] {
                Some(_) => {
                    let (param, name) = (quote(&params[place].name), quote(&definition.name));
                    let message = format!("{param} of {name} is given twice");
                    Err(Diagnostic::error(arg.name_at.0, message))
                }
                None => Ok((place, self.bound(&arg.value, arg.at.0)?)),
            });
            match value {
                Ok((place, value)) => values[place] = Some(value),
                Err(error) => {
                    fine = false;
                    self.blame(call, || error);
                }
            }
        }
        if !fine {
            return None;
        }
        let defaults = self.locals.list[place].defaults.iter().cloned();
        let values: Vec<_> = values
            .into_iter()
            .zip(defaults)
            .map(|(a, b)| a.or(b))
            .collect();
        let missing = params
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.is_none());
        let missing: Vec<_> = missing.map(|(param, _)| quote(&param.name)).collect();
        if !missing.is_empty() {
            let message = format!(
                "{} needs {}",
                quote(&definition.name),
                missing.join(" and ")
            );
            self.blame(call, || Diagnostic::error(call.at.0, message));
        }
        values.into_iter().collect()
    }

    /// Reports the use of a definition that comes later.
    pub(super) fn too_early(&mut self, place: usize, call: &tree::Call) {
        let name = quote(&call.name);
        let (message, help) = match place == self.locals.scope.visible {
            true => (
                format!("{name} can't use itself"),
                "a definition can only use those before it",
            ),
            false => (
                format!("{name} is defined below"),
                "move its definition before this one",
            ),
        };
        self.blame(call, || {
            Diagnostic::error(call.name_at.0, message).help(help)
        });
    }
}

/// Returns the index of a parameter.
fn parameter(definition: &Let, name: &str, span: Span) -> Result<usize, Diagnostic> {
    let mut params = definition.params.iter();
    let place = params.position(|param| param.name == name);
    place.ok_or_else(|| {
        let names = || definition.params.iter().map(|param| &*param.name);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if definition.params.is_empty() => "it takes no arguments".into(),
            None => format!("it takes {}", list(names())),
        };
        let (owner, name) = (quote(&definition.name), quote(name));
        Diagnostic::error(span, format!("{owner} has no argument {name}")).help(help)
    })
}

fn too_many(definition: &Let, span: Span) -> Diagnostic {
    let (name, names) = (quote(&definition.name), definition.params.iter());
    let names = list(names.map(|param| &*param.name));
    let message = match definition.params.len() {
        0 => format!("{name} takes no arguments"),
        1 => format!("{name} takes one argument, {names}"),
        count => format!("{name} takes at most {count} arguments, {names}"),
    };
    Diagnostic::error(span, message)
}

/// Returns the size of a value: the number of values in it, and of bytes in texts.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Word(text) | Value::Text(text) => 1 + text.len(),
        Value::Tuple(values) => 1 + values.iter().map(size).sum::<usize>(),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => 1,
    }
}
