//! Name resolution: from tree to calls.

mod calls;
mod locals;
mod names;

use locals::Locals;

use crate::{
    Call, Diagnostic, Named, Presets, Registry, Resolved, Span, SpecError, Tree,
    diagnostic::{Report, list, quote},
    extent::{Extent, measure},
    nearest::nearest,
    parse,
    presets::{Entry, entry},
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
/// reported at the preset's name; one that depends on the arguments of a definition has a note that
/// shows where the definition is used. The tree must have no alternatives, at least one call, and at
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

/// Reads a text that is a plain chain of one or more calls, without bodies, repetitions,
/// definitions and presets.
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
    names: &'a Presets,
    /// The definitions in the text.
    locals: Locals<'a>,
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
            names: presets,
            locals: Locals::default(),
            chain: false,
            via: None,
            report,
        }
    }

    fn run(mut self, tree: &'a Tree) -> Result<Resolved<D>, SpecError> {
        let mut nodes = Vec::new();
        self.declare(&tree.lets);
        match self.measure(&tree.items) {
            Err(error) => self.report.add(|| error),
            Ok(extent) => {
                nodes = self.items(&tree.items);
                if extent.calls == 0 && self.report.is_empty() {
                    let error = nothing(tree, self.registry.noun());
                    self.report.add(|| error);
                }
            }
        }
        if self.report.is_empty() {
            Ok(Resolved::new(tree.text.clone(), nodes))
        } else {
            Err(tree.error(self.report.sorted()))
        }
    }

    fn measure(&self, items: &[Item]) -> Result<Extent, Diagnostic> {
        measure(items, &|name| match entry(self.presets, name) {
            Some(entry) => Some(entry.extent.used()),
            None => self.locals.extent(name),
        })
    }

    /// Reports an error in a call; inside a preset, at the preset's name; inside a definition, with
    /// notes about where it is used.
    fn blame(&mut self, call: &tree::Call, error: impl FnOnce() -> Diagnostic) {
        let (via, locals) = (self.via, &self.locals);
        self.report.add(|| {
            let error = Diagnostic {
                notes: locals.notes().to_vec(),
                ..error()
            };
            let Some(Via { word, span }) = via else {
                return error;
            };
            let item = quote(&call.to_string());
            let message = format!("preset `{word}`: in {item}: {}", error.message);
            Diagnostic {
                span,
                message,
                ..error
            }
        });
    }

    /// Reports an error in a definition; inside a preset, at the preset's name.
    fn blame_definition(&mut self, error: Diagnostic) {
        let via = self.via;
        self.report.add(|| match via {
            Some(Via { word, span }) => Diagnostic {
                span,
                message: format!("preset `{word}`: {}", error.message),
                ..error
            },
            None => error,
        });
    }

    fn items(&mut self, items: &'a [Item]) -> Vec<Node<D>> {
        items.iter().filter_map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &'a Item) -> Option<Node<D>> {
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

    fn call(&mut self, call: &'a tree::Call) -> Option<Node<D>> {
        let name = &call.name;
        let preset = self
            .presets
            .iter()
            .position(|entry| entry.preset.name == name);
        let noun = self.registry.noun();
        let local = self.locals.find(name);
        match (self.registry.get(name), preset) {
            (Some(def), None) => return self.definition(def, call),
            (None, Some(place)) => return self.preset(place, call),
            (Some(_), Some(_)) => self.blame(call, || {
                let message = format!("`{name}` is both a {noun} and a preset");
                Diagnostic::error(call.name_at.0, message).help("rename one of them")
            }),
            (None, None) if name.is_empty() => {}
            (None, None) if local.is_some_and(|place| self.locals.sees(place)) => {
                return self.local(local?, call);
            }
            (None, None) if local.is_some() => self.too_early(local?, call),
            (None, None) if self.report.is_full() => {}
            (None, None) => {
                let presets = self.presets.iter().map(|entry| entry.preset.name);
                let known = self.registry.names().chain(presets);
                let mut known: Vec<&str> = known.collect();
                known.extend(self.locals.names());
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

    fn preset(&mut self, place: usize, call: &'a tree::Call) -> Option<Node<D>> {
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
        let outer = self.locals.hide();
        let tree = &presets[place].tree;
        self.declare(&tree.lets);
        let items = self.items(&tree.items);
        self.locals.restore(outer);
        (self.presets, self.via) = (presets, via);
        Some(Node::Preset(word, items))
    }
}

fn alternatives(span: Span) -> Diagnostic {
    Diagnostic::error(span, NO_ALTERNATIVES)
}

/// The error for a text without calls.
fn nothing(tree: &Tree, noun: &str) -> Diagnostic {
    match tree.lets.last() {
        Some(last) if tree.items.is_empty() => {
            let message = format!("expected at least one {noun} after the definitions");
            let help = format!("use one of them, such as {}", quote(&last.name));
            Diagnostic::error(last.at.0, message).help(help)
        }
        _ => {
            let message = format!("expected at least one {noun}");
            Diagnostic::error(tree::span(&tree.items), message)
        }
    }
}
