//! Name resolution: from tree to calls.

mod integers;

use std::mem;

use crate::{
    ArgInfo, Args, Body, Call, Diagnostic, Named, Presets, Registry, Resolved, Span, SpecError,
    Tree,
    accept::accept,
    args::{self, Given},
    diagnostic::{Report, clip, list, quote},
    extent::measure,
    info::Inferred,
    nearest::nearest,
    parse,
    presets::{Entry, Integer},
    resolved::Node,
    tree::{self, Item},
};

/// The message of the error for alternatives, which only [`expand`](crate::expand()) and
/// [`choices`](crate::choices()) accept. A program in which they are allowed elsewhere can add a
/// help to it.
pub const NO_ALTERNATIVES: &str = "alternatives are not allowed here";

/// Looks up the names of a tree and validates its arguments.
///
/// # Errors
/// All errors in the order of their locations, but at most twenty. An error inside a preset is
/// reported at the preset's name. The tree must have no alternatives, at least one call, and at
/// most 10 000 calls.
pub fn resolve<D: Named>(
    tree: &Tree,
    registry: &Registry<D>,
    presets: &Presets,
) -> Result<Resolved<D>, SpecError> {
    Resolver::new(registry, presets, Report::default()).run(tree)
}

/// Reads a text: [`parse`](crate::parse), then [`resolve`], collecting the errors of both.
///
/// # Errors
/// Same as those of the two functions.
pub fn read<D: Named>(
    text: &str,
    registry: &Registry<D>,
    presets: &Presets,
) -> Result<Resolved<D>, SpecError> {
    let (tree, report) = parse::read(text);
    Resolver::new(registry, presets, report).run(&tree)
}

/// Reads a text that is a plain chain of one or more calls, without bodies, repetitions and
/// presets.
///
/// # Errors
/// Same as [`read`].
pub fn read_chain<D: Named>(text: &str, registry: &Registry<D>) -> Result<Vec<Call<D>>, SpecError> {
    let (tree, report) = parse::read(text);
    let presets = Presets::new();
    let mut resolver = Resolver::new(registry, &presets, report);
    resolver.chain = true;
    Ok(resolver.run(&tree)?.calls())
}

struct Resolver<'a, D> {
    registry: &'a Registry<D>,
    /// The presets that may be used here.
    presets: &'a [Entry],
    /// The integers that may be used by name.
    integers: &'a [Integer],
    /// Whether only plain calls are allowed.
    chain: bool,
    /// The outermost preset being resolved.
    via: Option<Via>,
    report: Report,
}

#[derive(Clone, Copy)]
struct Via {
    word: &'static str,
    span: Span,
}

impl<'a, D: Named> Resolver<'a, D> {
    fn new(registry: &'a Registry<D>, presets: &'a Presets, report: Report) -> Self {
        Resolver {
            registry,
            presets: presets.entries(),
            integers: presets.integers(),
            chain: false,
            via: None,
            report,
        }
    }

    fn run(mut self, tree: &Tree) -> Result<Resolved<D>, SpecError> {
        let mut nodes = Vec::new();
        match measure(&tree.items, self.presets) {
            Err(error) => self.report.add(|| error),
            Ok(extent) => {
                nodes = self.items(&tree.items);
                if extent.calls == 0 && self.report.is_empty() {
                    let message = format!("expected at least one {}", self.registry.noun());
                    let span = tree::span(&tree.items);
                    self.report.add(|| Diagnostic::error(span, message));
                }
            }
        }
        if self.report.is_empty() {
            Ok(Resolved::new(tree.text.clone(), nodes))
        } else {
            Err(tree.error(self.report.sorted()))
        }
    }

    /// Reports an error in a call; inside a preset, at the preset's name.
    fn blame(&mut self, call: &tree::Call, error: impl FnOnce() -> Diagnostic) {
        let via = self.via;
        self.report.add(|| match via {
            None => error(),
            Some(Via { word, span }) => {
                let error = error();
                let item = quote(&call.to_string());
                let message = format!("preset `{word}`: in {item}: {}", error.message);
                Diagnostic {
                    span,
                    message,
                    ..error
                }
            }
        });
    }

    fn items(&mut self, items: &[Item]) -> Vec<Node<D>> {
        items.iter().filter_map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &Item) -> Option<Node<D>> {
        match item {
            Item::Call(call) => self.call(call),
            Item::Repeat(repeat) => {
                if self.chain {
                    self.report
                        .add(|| Diagnostic::error(repeat.at.0, "repetition is not allowed here"));
                } else if repeat.counts.len() > 1 {
                    self.report.add(|| alternatives(repeat.counts_at.0));
                }
                let body = self.items(&repeat.body);
                Some(Node::Repeat(*repeat.counts.first()?, body))
            }
            Item::OneOf(one_of) => {
                // The parser has already reported braces with a single option.
                if one_of.options.len() > 1 {
                    self.report.add(|| alternatives(one_of.at.0));
                }
                for option in &one_of.options {
                    self.items(option);
                }
                None
            }
        }
    }

    fn call(&mut self, call: &tree::Call) -> Option<Node<D>> {
        let name = &call.name;
        let preset = self
            .presets
            .iter()
            .position(|entry| entry.preset.name == name);
        let noun = self.registry.noun();
        match (self.registry.get(name), preset) {
            (Some(def), None) => return self.definition(def, call),
            (None, Some(place)) => return self.preset(place, call),
            (Some(_), Some(_)) => self.blame(call, || {
                let message = format!("`{name}` is both a {noun} and a preset");
                Diagnostic::error(call.name_at.0, message).help("rename one of them")
            }),
            (None, None) if name.is_empty() => {}
            (None, None) => {
                let known = self
                    .registry
                    .names()
                    .chain(self.presets.iter().map(|entry| entry.preset.name));
                let known: Vec<_> = known.collect();
                self.blame(call, || {
                    let help = match nearest(name, known.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("available: {}", list(known)),
                    };
                    let message = format!("unknown {noun} {}", quote(name));
                    Diagnostic::error(call.name_at.0, message).help(help)
                });
            }
        }
        for body in &call.bodies {
            self.items(body);
        }
        None
    }

    fn preset(&mut self, place: usize, call: &tree::Call) -> Option<Node<D>> {
        let (presets, via) = (self.presets, self.via);
        let word = presets[place].preset.name;
        if !call.args.is_empty() || !call.bodies.is_empty() {
            self.blame(call, || {
                let message = format!("`{word}` is a preset, which takes no arguments and no body");
                Diagnostic::error(call.at.0, message)
            });
            return None;
        }
        self.via = via.or(Some(Via {
            word,
            span: call.at.0,
        }));
        self.presets = &presets[..place];
        let items = self.items(&presets[place].tree.items);
        (self.presets, self.via) = (presets, via);
        Some(Node::Preset(word, items))
    }

    fn definition(&mut self, def: &D, call: &tree::Call) -> Option<Node<D>> {
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
                let value = self.value(&arg.value, &infos[place].facts())?;
                let accepted = accept(&infos[place], &value, arg.at.0, owner);
                let value = accepted.map_err(|error| self.explain(error, &arg.value))?;
                let span = self.via.map_or(arg.at.0, |via| via.span);
                Ok(Given { place, value, span })
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

fn alternatives(span: Span) -> Diagnostic {
    Diagnostic::error(span, NO_ALTERNATIVES)
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
