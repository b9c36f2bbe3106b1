//! Uses of definitions.

use std::mem;

use super::{Bound, Scope};
use crate::{
    Diagnostic, Named, Note, Span,
    diagnostic::{list, quote},
    nearest::nearest,
    resolve::Resolver,
    resolved::Node,
    tree::{self, Let},
};

impl<'a, D: Named> Resolver<'a, D> {
    /// Expands a use of a definition.
    pub(in crate::resolve) fn local(
        &mut self,
        place: usize,
        call: &'a tree::Call,
    ) -> Option<Node<D>> {
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
        // Places in a preset are not shown.
        let note = self.via.is_none().then_some(note);
        let notes: Vec<_> = note.iter().chain(&*self.locals.notes).cloned().collect();
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
    pub(in crate::resolve) fn too_early(&mut self, place: usize, call: &tree::Call) {
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
