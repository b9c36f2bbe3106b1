//! From a tree to definitions and checked arguments.

use crate::{
    Args, Body, Call, Diagnostic, Named, Presets, Registry, Resolved, Span, Tree, Value,
    args::unknown,
    diagnostic::Diagnostics,
    nearest::nearest,
    parse,
    resolved::Node,
    tree::{ArgTree, CallTree, Count, Item},
};

/// The most calls that a text may stand for, repetition and presets written out.
pub const MAX_CALLS: u64 = 10_000;

/// Reads a text and resolves it.
///
/// # Errors
/// Those of [`parse`], or those of [`resolve`].
pub fn read<'r, D: Named>(
    text: &str,
    registry: &'r Registry<D>,
    presets: &Presets,
) -> Result<Resolved<'r, D>, Vec<Diagnostic>> {
    resolve(&parse(text)?, registry, presets)
}

/// Finds what the names of a tree stand for, and checks all arguments.
///
/// # Errors
/// Everything wrong with it, in the order of the text: unknown names, unknown, repeated or missing arguments, values that aren't allowed,
/// bodies too few or too many, alternatives, more than [`MAX_CALLS`] calls, or none at all. What is wrong inside a preset has the
/// word's place and quotes the call.
pub fn resolve<'r, D: Named>(
    tree: &Tree,
    registry: &'r Registry<D>,
    presets: &Presets,
) -> Result<Resolved<'r, D>, Vec<Diagnostic>> {
    let mut resolver = Resolver {
        registry,
        presets,
        problems: Diagnostics::default(),
    };
    let nodes = resolver.items(
        &tree.items,
        &Scope {
            visible: presets.len(),
            from: None,
        },
    );
    if resolver.problems.len() == 0 {
        let noun = registry.noun();
        match count(&nodes) {
            0 => resolver.error(tree.place.0, format!("there is no {noun}")),
            n if n > MAX_CALLS => {
                let n = if n == u64::MAX {
                    "far too many".into()
                } else {
                    n.to_string()
                };
                resolver.error(
                    tree.place.0,
                    format!("this stands for {n} {noun}s; at most {MAX_CALLS} are allowed"),
                );
            }
            _ => {}
        }
    }
    resolver.problems.or(Resolved { nodes })
}

/// Reads a plain list of calls: without repetition, alternatives, presets or bodies.
///
/// # Errors
/// Everything wrong with the text.
pub fn read_chain<'r, D: Named>(
    text: &str,
    registry: &'r Registry<D>,
) -> Result<Vec<Call<'r, D>>, Vec<Diagnostic>> {
    let tree = parse(text)?;
    let mut problems = Diagnostics::default();
    for item in &tree.items {
        if let Item::Repeat { .. } = item {
            problems.push(Diagnostic::error(
                item.span(),
                format!("a {} cannot be repeated", registry.noun()),
            ));
        }
    }
    problems.or(())?;
    Ok(resolve(&tree, registry, &Presets::new())?.calls())
}

/// Calls in all, those in bodies too; empty presets and what is repeated 0 times count nothing.
fn count<D>(nodes: &[Node<'_, D>]) -> u64 {
    let counts = nodes.iter().map(|node| match node {
        Node::Call { bodies, .. } => bodies
            .iter()
            .fold(1u64, |sum, body| sum.saturating_add(count(body))),
        Node::Repeat {
            count: times,
            nodes,
        } => count(nodes).saturating_mul((*times).into()),
        Node::Preset { nodes, .. } => count(nodes),
    });
    counts.fold(0, u64::saturating_add)
}

/// What is known where a call stands.
struct Scope {
    /// How many presets may be used.
    visible: usize,
    /// The preset that it stands in, and the place of its word.
    from: Option<(&'static str, Span)>,
}

impl Scope {
    fn span(&self, span: Span) -> Span {
        self.from.map_or(span, |(_, word)| word)
    }
}

struct Resolver<'r, 'p, D> {
    registry: &'r Registry<D>,
    presets: &'p Presets,
    problems: Diagnostics,
}

impl<'r, D: Named> Resolver<'r, '_, D> {
    fn error(&mut self, span: Span, message: String) {
        self.problems.push(Diagnostic::error(span, message));
    }

    /// A complaint about something in a call, with the call quoted where the text doesn't show it.
    fn complain(&mut self, scope: &Scope, call: &CallTree, diagnostic: Diagnostic) {
        self.problems.push(match scope.from {
            None => diagnostic,
            Some((preset, word)) => Diagnostic {
                span: word,
                message: format!("in preset `{preset}`, at `{call}`: {}", diagnostic.message),
                ..diagnostic
            },
        });
    }

    fn items(&mut self, items: &[Item], scope: &Scope) -> Vec<Node<'r, D>> {
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            if self.problems.full() {
                break;
            }
            let span = scope.span(item.span());
            match item {
                Item::Call(call) => nodes.extend(self.call(call, scope)),
                Item::Choice { choices, .. } => {
                    self.alternatives(span);
                    choices
                        .iter()
                        .for_each(|choice| drop(self.items(choice, scope)));
                }
                Item::Repeat { count, items, .. } => {
                    let nodes_in = self.items(items, scope);
                    match count {
                        Count::Times(count) => nodes.push(Node::Repeat {
                            count: *count,
                            nodes: nodes_in,
                        }),
                        Count::OneOf(_) => self.alternatives(span),
                    }
                }
            }
        }
        nodes
    }

    fn alternatives(&mut self, span: Span) {
        let diagnostic = Diagnostic::error(span, "alternatives cannot stand in one model");
        self.problems
            .push(diagnostic.help("use `compare` to try them all"));
    }

    fn call(&mut self, call: &CallTree, scope: &Scope) -> Option<Node<'r, D>> {
        let def = self.registry.get(&call.name);
        let preset = self.presets.find(&call.name, scope.visible);
        let name_span = call.name_place.0;
        match (def, preset) {
            (Some(def), None) => self.defined(def, call, scope),
            (None, Some((place, preset, tree))) => {
                let name = preset.name;
                if !call.args.is_empty() || call.bodies.is_some() {
                    let message =
                        format!("`{name}` is a preset, which takes no arguments and no body");
                    self.complain(scope, call, Diagnostic::error(call.place.0, message));
                }
                let from = scope.from.unwrap_or((name, name_span));
                let nodes = self.items(
                    &tree.items,
                    &Scope {
                        visible: place,
                        from: Some(from),
                    },
                );
                Some(Node::Preset { name, nodes })
            }
            (Some(_), Some(_)) => {
                let message = format!(
                    "`{}` is the name of a {} and of a preset",
                    call.name,
                    self.registry.noun()
                );
                self.complain(scope, call, Diagnostic::error(name_span, message));
                None
            }
            (None, None) => {
                let presets = self
                    .presets
                    .iter()
                    .take(scope.visible)
                    .map(|preset| preset.name);
                let near = nearest(&call.name, self.registry.names().chain(presets));
                let diagnostic = Diagnostic::error(
                    name_span,
                    format!("unknown {} `{}`", self.registry.noun(), clipped(&call.name)),
                );
                let diagnostic = match near {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic,
                };
                self.complain(scope, call, diagnostic);
                for body in call.bodies.iter().flatten() {
                    self.items(body, scope);
                }
                None
            }
        }
    }

    fn defined(&mut self, def: &'r D, call: &CallTree, scope: &Scope) -> Option<Node<'r, D>> {
        let known = self.problems.len();
        let (values, arg_spans) = self.args(def, call, scope);
        self.bodies(def, call, scope);
        let clean = self.problems.len() == known;
        let bodies = call
            .bodies
            .iter()
            .flatten()
            .map(|body| self.items(body, scope))
            .collect();
        if !clean {
            return None;
        }
        match Args::fill(def.args(), values) {
            Ok(args) => {
                let arg_spans = arg_spans
                    .into_iter()
                    .map(|(name, span)| (name, scope.span(span)))
                    .collect();
                let span = scope.span(call.place.0);
                let preset = scope.from.map(|(preset, _)| preset);
                let call = Call {
                    def,
                    args,
                    bodies: Vec::new(),
                    span,
                    arg_spans,
                    preset,
                };
                Some(Node::Call { call, bodies })
            }
            Err(missing) => {
                let message = format!(
                    "`{}` needs `{}` ({})",
                    def.name(),
                    missing.name,
                    missing.kind()
                );
                self.complain(scope, call, Diagnostic::error(call.place.0, message));
                None
            }
        }
    }

    /// The value of each argument that is given, in the order of the definition, and their places.
    fn args(
        &mut self,
        def: &'r D,
        call: &CallTree,
        scope: &Scope,
    ) -> (Vec<Option<Value>>, Vec<(&'static str, Span)>) {
        let infos = def.args();
        let mut values = vec![None; infos.len()];
        let mut spans: Vec<(&'static str, Span)> = Vec::new();
        for (position, arg) in call.args.iter().enumerate() {
            let span = arg.place.0;
            let place = match &arg.name {
                Some((name, place)) => match infos.iter().position(|info| info.name == name) {
                    Some(place) => place,
                    None => {
                        let this = format!("`{}`", def.name());
                        self.complain(scope, call, unknown(place.0, &this, clipped(name), infos));
                        continue;
                    }
                },
                None if position < infos.len() => position,
                None => {
                    let message = format!("`{}` takes {}", def.name(), arguments(infos.len()));
                    self.complain(scope, call, Diagnostic::error(span, message));
                    break;
                }
            };
            let info = &infos[place];
            if spans.iter().any(|(name, _)| *name == info.name) {
                let message = format!("`{}` of `{}` is given twice", info.name, def.name());
                self.complain(scope, call, Diagnostic::error(span, message));
                continue;
            }
            spans.push((info.name, span));
            match self.value(arg, scope) {
                None => {}
                Some(value) => match info.admit(&value) {
                    Ok(value) => values[place] = Some(value),
                    Err(problem) => {
                        let message = format!("`{}` of `{}` {problem}", info.name, def.name());
                        self.complain(scope, call, Diagnostic::error(span, message));
                    }
                },
            }
        }
        (values, spans)
    }

    fn value(&mut self, arg: &ArgTree, scope: &Scope) -> Option<Value> {
        let value = Value::of(&arg.value);
        if value.is_none() {
            self.alternatives(scope.span(arg.value.place.0));
        }
        value
    }

    fn bodies(&mut self, def: &'r D, call: &CallTree, scope: &Scope) {
        let name = def.name();
        let count = call.bodies.as_ref().map(Vec::len);
        let (message, help) = match (def.body(), count) {
            (Body::None, Some(_)) => (format!("`{name}` takes no body"), None),
            (Body::One | Body::Branches, None) => (
                format!("`{name}` needs a body"),
                Some(format!("`{name}[ … ]`")),
            ),
            (Body::One, Some(n)) if n > 1 => {
                (format!("`{name}` takes one body, not {n} branches"), None)
            }
            _ => return,
        };
        let diagnostic = Diagnostic::error(call.place.0, message);
        let diagnostic = match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        };
        self.complain(scope, call, diagnostic);
    }
}

fn arguments(count: usize) -> String {
    match count {
        0 => "no arguments".into(),
        1 => "one argument".into(),
        n => format!("{n} arguments"),
    }
}

/// The beginning of a name that may be long.
fn clipped(name: &str) -> &str {
    &name[..name.len().min(64)]
}
