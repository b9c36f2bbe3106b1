//! What a text says, once its names are known.

use std::fmt::Write;

use crate::{Args, Named, Span, args::Filled, info::Default};

/// A text whose names, arguments and presets are known. It has two printed forms; reading either gives the same calls.
#[derive(Clone, Debug)]
pub struct Resolved<'r, D> {
    pub(crate) nodes: Vec<Node<'r, D>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node<'r, D> {
    Call {
        call: Call<'r, D>,
        bodies: Vec<Vec<Node<'r, D>>>,
    },
    Repeat {
        count: u32,
        nodes: Vec<Node<'r, D>>,
    },
    Preset {
        name: &'static str,
        nodes: Vec<Node<'r, D>>,
    },
}

/// One call: its definition, its arguments, what stands in its brackets.
#[derive(Debug)]
pub struct Call<'r, D> {
    /// The definition.
    pub def: &'r D,
    /// The arguments, defaults filled in.
    pub args: Args,
    /// The calls in its brackets: no list without a body, one for a body, one a branch.
    pub bodies: Vec<Vec<Call<'r, D>>>,
    /// Its place in the text; that of the preset's word when it comes from one.
    pub span: Span,
    pub(crate) arg_spans: Vec<(&'static str, Span)>,
    pub(crate) preset: Option<&'static str>,
}

impl<D> Clone for Call<'_, D> {
    fn clone(&self) -> Self {
        Call {
            def: self.def,
            args: self.args.clone(),
            bodies: self.bodies.clone(),
            span: self.span,
            arg_spans: self.arg_spans.clone(),
            preset: self.preset,
        }
    }
}

impl<'r, D: Named> Resolved<'r, D> {
    /// All calls in order: repetition unrolled, presets written out.
    pub fn calls(&self) -> Vec<Call<'r, D>> {
        let mut calls = Vec::new();
        unroll(&self.nodes, &mut calls);
        calls
    }

    /// The form for people: defaults left out, names instead of aliases, presets and repetition kept.
    pub fn short(&self) -> String {
        let mut text = String::new();
        print(&mut text, &self.nodes, Form::Short);
        text
    }

    /// The form for files: every argument written out, presets too, so that a file's meaning doesn't move with a default.
    pub fn full(&self) -> String {
        let mut text = String::new();
        print(&mut text, &self.nodes, Form::Full);
        text
    }
}

fn unroll<'r, D: Named>(nodes: &[Node<'r, D>], calls: &mut Vec<Call<'r, D>>) {
    for node in nodes {
        match node {
            Node::Preset { nodes, .. } => unroll(nodes, calls),
            Node::Repeat { count, nodes } => (0..*count).for_each(|_| unroll(nodes, calls)),
            Node::Call { call, bodies } => {
                let mut call = call.clone();
                for body in bodies {
                    let mut inner = Vec::new();
                    unroll(body, &mut inner);
                    call.bodies.push(inner);
                }
                calls.push(call);
            }
        }
    }
}

impl<D: Named> Call<'_, D> {
    /// Its short form; what stands in its brackets is an ellipsis.
    pub fn text(&self) -> String {
        let mut text = String::new();
        head(&mut text, self, Form::Short);
        if !self.bodies.is_empty() {
            text.push_str("[ … ]");
        }
        text
    }

    /// Its full form, with all that stands in its brackets.
    pub fn full(&self) -> String {
        let mut text = String::new();
        head(&mut text, self, Form::Full);
        brackets(&mut text, &self.bodies, |text, body| {
            separated(text, body, |text, call| text.push_str(&call.full()));
        });
        text
    }

    /// The place of an argument in the text; `None` where it wasn't given there.
    pub fn arg_span(&self, name: &str) -> Option<Span> {
        self.arg_spans
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, span)| *span)
    }

    /// The preset that it comes from: the outermost, as it stands in the text.
    pub fn preset(&self) -> Option<&'static str> {
        self.preset
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Short,
    Full,
}

fn print<D: Named>(text: &mut String, nodes: &[Node<'_, D>], form: Form) {
    separated(text, &shown(nodes, form), |text, node| match node {
        Node::Preset { name, .. } => text.push_str(name),
        Node::Repeat { count, nodes } => {
            let _ = write!(text, "{count}*");
            match shown(nodes, form)[..] {
                [Node::Call { .. } | Node::Preset { .. }] => print(text, nodes, form),
                _ => brackets(text, std::slice::from_ref(nodes), |text, nodes| {
                    print(text, nodes, form)
                }),
            }
        }
        Node::Call { call, bodies } => {
            head(text, call, form);
            brackets(text, bodies, |text, body| print(text, body, form));
        }
    });
}

/// The nodes that a form shows: in the full one, presets are written out.
fn shown<'n, 'r, D>(nodes: &'n [Node<'r, D>], form: Form) -> Vec<&'n Node<'r, D>> {
    let shown = nodes.iter().map(|node| match node {
        Node::Preset { nodes, .. } if form == Form::Full => shown(nodes, form),
        node => vec![node],
    });
    shown.flatten().collect()
}

fn separated<T>(text: &mut String, all: &[T], mut each: impl FnMut(&mut String, &T)) {
    for (i, one) in all.iter().enumerate() {
        if i > 0 {
            text.push(' ');
        }
        each(text, one);
    }
}

/// `[ … | … ]`, or nothing without bodies.
fn brackets<T>(text: &mut String, bodies: &[Vec<T>], mut each: impl FnMut(&mut String, &Vec<T>)) {
    for (i, body) in bodies.iter().enumerate() {
        text.push_str(if i == 0 { "[ " } else { "| " });
        let before = text.len();
        each(text, body);
        if text.len() > before {
            text.push(' ');
        }
    }
    if !bodies.is_empty() {
        text.push(']');
    }
}

/// Name and arguments.
fn head<D: Named>(text: &mut String, call: &Call<'_, D>, form: Form) {
    text.push_str(call.def.name());
    let mut args = Vec::new();
    let mut positional = form == Form::Short;
    for filled in call.args.iter() {
        let required = filled.info.required();
        positional &= required;
        if positional {
            args.push(filled.value.to_string());
        } else if required || form == Form::Full || !is_default(filled, &call.args) {
            args.push(format!("{}={}", filled.info.name, filled.value));
        }
    }
    if !args.is_empty() {
        let _ = write!(text, "({})", args.join(", "));
    }
}

fn is_default(filled: &Filled, args: &Args) -> bool {
    match filled.info.facts().default {
        Some(Default::Other(other)) => args
            .iter()
            .any(|source| source.info.name == other && source.value == filled.value),
        Some(Default::Value(value)) => value == filled.value,
        None => false,
    }
}
