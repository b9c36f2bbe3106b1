//! Checks of definitions before they are used.

use std::mem;

use super::{Bound, Local};
use crate::{Diagnostic, Named, diagnostic::quote, extent::Extent, resolve::Resolver, tree::Let};

impl<'a, D: Named> Resolver<'a, D> {
    /// Checks the definitions of a text, in order.
    pub(in crate::resolve) fn declare(&mut self, definitions: &'a [Let]) {
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
                    self.blame_definition(error);
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
        self.blame_definition(error.help("choose another name"));
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
            self.blame_definition(error.help("choose another name"));
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
                        self.blame_definition(error);
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
        let checking = mem::replace(&mut self.locals.checking, true);
        self.items(&definition.body);
        self.locals.checking = checking;
        self.locals.scope.frame = None;
    }
}
