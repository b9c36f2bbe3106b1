//! Resolved calls: names looked up and arguments filled in.

mod bound;

use std::{fmt, sync::Arc};

use bound::count;

use crate::{Args, Diagnostic, Named, Note, Span};

/// A resolved text: its calls, in the structure in which they were written.
#[derive(Clone)]
pub struct Resolved<D> {
    text: Arc<str>,
    nodes: Arc<[Node<D>]>,
}

#[derive(Clone)]
pub(crate) enum Node<D> {
    /// A call, with its bodies as they were written.
    Call(Call<D>, Vec<Vec<Node<D>>>),
    Repeat(u16, Vec<Node<D>>),
    Preset(&'static str, Vec<Node<D>>),
    /// The contents of a definition, in place of its use.
    Group(Vec<Node<D>>),
}

/// A resolved call.
#[derive(Clone)]
pub struct Call<D> {
    /// A copy of the definition of its name.
    pub def: D,
    /// Its arguments.
    pub args: Args,
    /// The calls in its brackets, with repetitions and presets expanded: no list for
    /// [`Body::None`](crate::Body::None), one for [`Body::One`](crate::Body::One), one per branch
    /// for [`Body::Branches`](crate::Body::Branches). A list may be empty.
    pub bodies: Vec<Vec<Call<D>>>,
    /// Its location in the text; that of the preset's name if it comes from a preset. A call in a
    /// definition is located there.
    pub span: Span,
    pub(crate) preset: Option<&'static str>,
    /// Where the definitions that contain it are used, from the innermost to the outermost.
    pub(crate) notes: Arc<[Note]>,
}

/// The two printed forms.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Short,
    Full,
}

impl<D: Named> Resolved<D> {
    pub(crate) fn new(text: Arc<str>, nodes: Vec<Node<D>>) -> Self {
        Resolved {
            text,
            nodes: nodes.into(),
        }
    }

    /// Returns the text that was read, to which the locations of the calls refer.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns all calls in order, with repetitions, presets and definitions expanded.
    pub fn calls(&self) -> Vec<Call<D>> {
        calls(&self.nodes)
    }

    /// Returns `true` if an argument of any call is [deferred](Call::is_deferred).
    pub fn is_deferred(&self) -> bool {
        is_deferred(&self.nodes)
    }

    /// Returns the spec with the arguments of its calls replaced by those that
    /// [`Call::bind`] returned. `bound` has one element per call of [`calls`](Resolved::calls), in
    /// order, each followed by those of the calls in its brackets. Repetitions of deferred calls
    /// are expanded.
    ///
    /// Returns `None` if the number of elements is another.
    #[must_use]
    pub fn with_bound(&self, bound: &[Args]) -> Option<Self> {
        if bound.len() != count(&self.calls()) {
            return None;
        }
        let nodes = bound::bound(&self.nodes, &mut bound.iter());
        Some(Resolved::new(self.text.clone(), nodes))
    }

    /// Returns the short form, for people: without defaults, names in place of aliases, presets and
    /// repetitions as written, definitions expanded, leading required arguments by position.
    /// Reading it yields the same calls.
    pub fn short(&self) -> String {
        text(&self.nodes, Form::Short)
    }

    /// Returns the full form, for files, whose meaning doesn't depend on defaults: every argument
    /// by name, presets and definitions expanded, repetitions as written. Reading it yields the
    /// same calls.
    pub fn full(&self) -> String {
        text(&self.nodes, Form::Full)
    }
}

impl<D: Named> Call<D> {
    /// Returns the short form, with the contents of the brackets expanded.
    pub fn text(&self) -> String {
        self.written(Form::Short)
    }

    /// Returns the full form, with the contents of the brackets expanded.
    pub fn full(&self) -> String {
        self.written(Form::Full)
    }

    /// Returns the name of the outermost preset that the call comes from.
    pub fn preset(&self) -> Option<&'static str> {
        self.preset
    }

    /// Returns the location of an argument's value if it was given explicitly; that of the preset's
    /// name if the call comes from a preset.
    pub fn arg_span(&self, name: &str) -> Option<Span> {
        self.args.span(name)
    }

    /// Returns `true` if an argument, of the call itself or of one in its brackets, depends on where
    /// the call is used; see [`Presets::with_deferred`](crate::Presets::with_deferred).
    pub fn is_deferred(&self) -> bool {
        self.args.is_deferred() || self.bodies.iter().flatten().any(Call::is_deferred)
    }

    /// Computes the deferred arguments of the call itself; those of the calls in its brackets stay
    /// deferred. `size` returns the integer of a name, or an error, whose span is replaced by that
    /// of the argument.
    ///
    /// # Errors
    /// Those of `size`; or if a division leaves a remainder, or a value is not allowed.
    pub fn bind(
        &self,
        mut size: impl FnMut(&str) -> Result<usize, Diagnostic>,
    ) -> Result<Self, Diagnostic> {
        match self.args.bind(self.def.name(), &mut size) {
            Ok(args) => Ok(Call {
                args,
                ..self.clone()
            }),
            Err(error) => Err(self.locate(error)),
        }
    }

    /// Adds the places where the definitions that contain the call are used to a diagnostic about
    /// the call.
    #[must_use]
    pub fn locate(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.notes.extend_from_slice(&self.notes);
        diagnostic
    }

    fn written(&self, form: Form) -> String {
        let bodies = self.bodies.iter().map(|body| {
            let calls: Vec<_> = body.iter().map(|call| call.written(form)).collect();
            calls.join(" ")
        });
        self.head(form) + &brackets(bodies)
    }

    /// Formats name and arguments.
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

fn calls<D: Named>(nodes: &[Node<D>]) -> Vec<Call<D>> {
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
            Node::Preset(_, items) | Node::Group(items) => out.append(&mut calls(items)),
        }
    }
    out
}

/// Whether any call is deferred, without expanding repetitions.
fn is_deferred<D: Named>(nodes: &[Node<D>]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Call(call, bodies) => {
            call.args.is_deferred() || bodies.iter().any(|body| is_deferred(body))
        }
        Node::Repeat(_, body) | Node::Preset(_, body) | Node::Group(body) => is_deferred(body),
    })
}

fn text<D: Named>(nodes: &[Node<D>], form: Form) -> String {
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
            Node::Group(items) => text(items, form),
        });
    }
    texts.join(" ")
}

/// Returns the nodes to print: definitions are replaced by their contents, and in the full form,
/// presets too.
fn shown<D>(nodes: &[Node<D>], form: Form) -> Vec<&Node<D>> {
    let shown = nodes.iter().map(|node| match node {
        Node::Preset(_, items) if form == Form::Full => shown(items, form),
        Node::Group(items) => shown(items, form),
        node => vec![node],
    });
    shown.flatten().collect()
}

/// Formats bodies as `[ … | … ]`, or as an empty string if there are none.
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

impl<D: Named> fmt::Debug for Resolved<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolved({})", self.full())
    }
}

impl<D: Named> fmt::Debug for Call<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.full())
    }
}
