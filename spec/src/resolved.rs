//! Calls whose names are known and whose arguments are filled in.

use std::{fmt, sync::Arc};

use crate::{Args, Named, Span};

/// A text whose every name is known: its calls, in the structure in which they were written.
pub struct Resolved<'r, D> {
    nodes: Arc<[Node<'r, D>]>,
}

pub(crate) enum Node<'r, D> {
    /// A call, whose bodies stand beside it as they were written.
    Call(Call<'r, D>, Vec<Vec<Node<'r, D>>>),
    Repeat(u16, Vec<Node<'r, D>>),
    Preset(&'static str, Vec<Node<'r, D>>),
}

/// One call.
pub struct Call<'r, D> {
    /// The definition that its name means.
    pub def: &'r D,
    /// Its arguments.
    pub args: Args,
    /// The calls in its brackets, repetition and presets written out: no list for [`Body::None`](crate::Body::None), one for
    /// [`Body::One`](crate::Body::One), one a branch for [`Body::Branches`](crate::Body::Branches). A list may be empty.
    pub bodies: Vec<Vec<Call<'r, D>>>,
    /// Its place in the text; that of the preset's word if it comes from one.
    pub span: Span,
    pub(crate) preset: Option<&'static str>,
}

/// Which of the two printed forms.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Short,
    Full,
}

impl<'r, D: Named> Resolved<'r, D> {
    pub(crate) fn new(nodes: Vec<Node<'r, D>>) -> Self {
        Resolved {
            nodes: nodes.into(),
        }
    }

    /// All calls in order, repetition and presets written out.
    pub fn calls(&self) -> Vec<Call<'r, D>> {
        calls(&self.nodes)
    }

    /// A text for people: defaults are left out, names stand for aliases, presets and repetition are kept. Required arguments stand in
    /// front without their names. Reading it gives the same calls.
    pub fn short(&self) -> String {
        text(&self.nodes, Form::Short)
    }

    /// A text for files, whose meaning doesn't move with a default: every argument is written out by its name, presets are written
    /// out, repetition is kept. Reading it gives the same calls.
    pub fn full(&self) -> String {
        text(&self.nodes, Form::Full)
    }
}

impl<D: Named> Call<'_, D> {
    /// Its short form, what stands in its brackets written out.
    pub fn text(&self) -> String {
        self.written(Form::Short)
    }

    /// Its full form, what stands in its brackets written out.
    pub fn full(&self) -> String {
        self.written(Form::Full)
    }

    /// The outermost preset that it comes from.
    pub fn preset(&self) -> Option<&'static str> {
        self.preset
    }

    /// The place of an argument's value, if it was written; that of the preset's word if the call comes from one.
    pub fn arg_span(&self, name: &str) -> Option<Span> {
        self.args.span(name)
    }

    fn written(&self, form: Form) -> String {
        let bodies = self.bodies.iter().map(|body| {
            let calls: Vec<_> = body.iter().map(|call| call.written(form)).collect();
            calls.join(" ")
        });
        self.head(form) + &brackets(bodies)
    }

    /// Name and arguments.
    fn head(&self, form: Form) -> String {
        let name = self.def.name();
        let args = match form {
            Form::Short => self.args.short(),
            Form::Full => self.args.full(),
        };
        if args.is_empty() {
            name.into()
        } else {
            format!("{name}({args})")
        }
    }
}

fn calls<'r, D: Named>(nodes: &[Node<'r, D>]) -> Vec<Call<'r, D>> {
    let mut out = Vec::new();
    for node in nodes {
        match node {
            Node::Call(call, bodies) => out.push(Call {
                bodies: bodies.iter().map(|body| calls(body)).collect(),
                ..call.clone()
            }),
            Node::Repeat(count, body) => {
                let body = calls(body);
                (0..*count).for_each(|_| out.extend_from_slice(&body));
            }
            Node::Preset(_, items) => out.append(&mut calls(items)),
        }
    }
    out
}

fn text<D: Named>(nodes: &[Node<'_, D>], form: Form) -> String {
    let mut texts = Vec::new();
    for node in shown(nodes, form) {
        texts.push(match node {
            Node::Call(call, bodies) => {
                call.head(form) + &brackets(bodies.iter().map(|body| text(body, form)))
            }
            Node::Repeat(count, body) => {
                let inner = text(body, form);
                match shown(body, form)[..] {
                    [Node::Call(..) | Node::Preset(..)] => format!("{count}*{inner}"),
                    _ => format!("{count}*{}", brackets([inner])),
                }
            }
            Node::Preset(word, _) => (*word).into(),
        });
    }
    texts.join(" ")
}

/// The nodes that a form shows: the full one has what presets stand for in their place.
fn shown<'n, 'r, D>(nodes: &'n [Node<'r, D>], form: Form) -> Vec<&'n Node<'r, D>> {
    let shown = nodes.iter().map(|node| match node {
        Node::Preset(_, items) if form == Form::Full => shown(items, form),
        node => vec![node],
    });
    shown.flatten().collect()
}

/// `[ … | … ]`, or nothing when there are no bodies.
fn brackets(bodies: impl IntoIterator<Item = String>) -> String {
    let bodies: Vec<_> = bodies
        .into_iter()
        .map(|body| {
            if body.is_empty() {
                " ".into()
            } else {
                format!(" {body} ")
            }
        })
        .collect();
    if bodies.is_empty() {
        String::new()
    } else {
        format!("[{}]", bodies.join("|"))
    }
}

// Written out, since a derived `Clone` would ask for one of `D`.

impl<D> Clone for Resolved<'_, D> {
    fn clone(&self) -> Self {
        Resolved {
            nodes: Arc::clone(&self.nodes),
        }
    }
}

impl<D> Clone for Call<'_, D> {
    fn clone(&self) -> Self {
        Call {
            def: self.def,
            args: self.args.clone(),
            bodies: self.bodies.clone(),
            ..*self
        }
    }
}

impl<D: Named> fmt::Debug for Resolved<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolved({})", self.full())
    }
}

impl<D: Named> fmt::Debug for Call<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.full())
    }
}
