//! Calls of registered definitions: their arguments and bodies.

use std::mem;

use super::Resolver;
use crate::{
    ArgInfo, Args, Body, Call, Diagnostic, Named,
    accept::accept,
    args::{self, Given},
    diagnostic::{clip, list, quote},
    info::Inferred,
    resolved::Node,
    tree,
};

impl<'a, D: Named> Resolver<'a, D> {
    pub(super) fn definition(&mut self, def: &D, call: &'a tree::Call) -> Option<Node<D>> {
        let name = def.name();
        let given = if call.broken {
            None
        } else {
            self.given(def, call)
        };
        let body = if self.chain { Body::None } else { def.body() };
        let wrong_body = match (body, call.bodies.len()) {
            (Body::None, 1..) => Some(format!("`{name}` takes no body")),
            (Body::One, 2..) => Some(format!(
                "`{name}` takes one body, not {} branches",
                call.bodies.len()
            )),
            _ => None,
        };
        let lacks_body = body != Body::None && call.bodies.is_empty();
        let bodies = call.bodies.iter().map(|body| self.items(body)).collect();
        if let Some(message) = wrong_body {
            self.blame(call, || Diagnostic::error(call.bodies_at.0, message));
            return None;
        }
        let args = match Args::fill(def.args(), given?, call.at.0, Some(name)) {
            Ok(args) => Some(args),
            Err(error) => {
                self.blame(call, || error);
                None
            }
        };
        if lacks_body {
            self.blame(call, || {
                Diagnostic::error(call.at.0, format!("`{name}` needs a body")).help(match body {
                    Body::Branches => format!("write `{name}[ … | … ]`"),
                    _ => format!("write `{name}[ … ]`"),
                })
            });
        }
        let call = Call {
            def: def.clone(),
            args: args?,
            bodies: Vec::new(),
            span: self.via.map_or(call.at.0, |via| via.span),
            preset: self.via.map(|via| via.word),
            notes: self.locals.notes(),
        };
        Some(Node::Call(call, bodies))
    }

    /// Returns the arguments as given, or `None` if one of them is invalid; all errors have been
    /// reported.
    fn given(&mut self, def: &D, call: &tree::Call) -> Option<Vec<Given>> {
        let (infos, owner) = (def.args(), Some(def.name()));
        let positions = infos.iter().filter(|info| !info.keyword_only()).count();
        let mut seen = vec![false; infos.len()];
        let mut given = Vec::new();
        let mut fine = true;
        for (position, arg) in call.args.iter().enumerate() {
            let place = match &arg.name {
                Some(name) => args::find(infos, name, arg.name_at.0, owner),
                None if position < positions => Ok(position),
                None if position == positions => Err(too_many(def, positions, call)),
                None => continue,
            };
            let accepted = place.and_then(|place| {
                if mem::replace(&mut seen[place], true) {
                    return Err(args::twice(infos[place].name, arg.name_at.0, owner));
                }
                let (value, late) = self.value(&arg.value, &infos[place].facts())?;
                let accepted = accept(&infos[place], &value, arg.at.0, owner);
                let value = accepted.map_err(|error| self.explain(error, &arg.value))?;
                let span = self.via.map_or(arg.at.0, |via| via.span);
                Ok(Given {
                    place,
                    value,
                    late,
                    span,
                })
            });
            match accepted {
                Ok(value) => given.push(value),
                Err(error) => {
                    fine = false;
                    self.blame(call, || error);
                }
            }
        }
        fine.then_some(given)
    }
}

/// The error for more positional arguments than the `positions` of a definition.
fn too_many(def: &impl Named, positions: usize, call: &tree::Call) -> Diagnostic {
    let name = def.name();
    let infos = def.args();
    let names = || list(infos[..positions].iter().map(|info| info.name));
    let message = match (positions, infos.len()) {
        (_, 0) => format!("`{name}` takes no arguments"),
        (0, _) => format!("`{name}` takes its arguments by name"),
        (1, 1) => format!("`{name}` takes one argument, `{}`", infos[0].name),
        (_, count) if count == positions => format!("`{name}` takes at most {count} arguments"),
        _ => format!("`{name}` takes {} by position, all others by name", names()),
    };
    let arg = &call.args[positions];
    let help = match infos.get(positions) {
        Some(info) => Some(by_name(info, call, arg)),
        None if positions == 1 && infos[0].is_list() => {
            let values: Vec<_> = call.args.iter().map(ToString::to_string).collect();
            let list = format!("{name}(({}))", values.join(", "));
            Some(format!("write {}", quote(&list)))
        }
        None => (positions > 1).then(|| format!("they are {}", names())),
    };
    Diagnostic::error(arg.at.0, message).maybe_help(help)
}

/// Suggests how to write a keyword-only argument that was passed by position, or how to write the
/// call without the inferred argument.
fn by_name(info: &ArgInfo, call: &tree::Call, arg: &tree::Arg) -> String {
    let write = format!("write {}", quote(&format!("{}={}", info.name, arg.value)));
    let inferred = info.facts().inferred;
    let Some((Inferred { position, what }, value)) =
        inferred.and_then(|inferred| Some((inferred, &call.args.get(inferred.position)?.value)))
    else {
        return write;
    };
    let rest = call.args.iter().enumerate().filter(|(i, _)| *i != position);
    let rest: Vec<_> = rest.map(|(_, arg)| arg.to_string()).collect();
    let shorter = match rest.is_empty() {
        true => call.name.clone(),
        false => format!("{}({})", call.name, rest.join(", ")),
    };
    format!(
        "{write}, or {} if {} is {what}, which is inferred here",
        quote(&shorter),
        clip(&value.to_string())
    )
}
