//! Definitions of registered layers.

use std::fmt;

use tapeline_spec::{ArgInfo, Args, Body, Diagnostic, Note, named};

use crate::{Build, Built, Saved};

/// The definition of a layer: what [`tapeline_spec`] needs to read it, and how to build it. Plain
/// data.
///
/// Use `..LayerDef::BASE` for fields that keep their defaults:
///
/// ```
/// use tapeline_layers::{Build, Built, Ctx, Element, Layer, LayerDef, Refusal, check};
/// use tapeline_spec::Args;
/// use tapeline_tensor::Var;
///
/// /// `x · |x|`
/// struct SignedSquare;
///
/// const SIGNED_SQUARE: LayerDef = LayerDef {
///     name: "signed_square",
///     about: "the square of each value, with its sign",
///     examples: &[("signed_square", &[3])],
///     build: |_: &Args, build: &mut Build| -> Result<Built, Refusal> { Ok(build.same_shape(SignedSquare)) },
///     ..LayerDef::BASE
/// };
///
/// impl<T: Element> Layer<T> for SignedSquare {
///     fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
///         x.map("signed_square", |x| x * x.abs(), |g, x| g * (x.abs() + x.abs()))
///     }
/// }
///
/// check::layer(&SIGNED_SQUARE).unwrap();
/// ```
#[derive(Clone, Copy)]
pub struct LayerDef {
    /// Its name in specs, in snake case.
    pub name: &'static str,
    /// Alternative names, such as those used by other libraries.
    pub aliases: &'static [&'static str],
    /// One-line description.
    pub about: &'static str,
    /// Its arguments, in the order in which they can be passed by position.
    pub args: &'static [ArgInfo],
    /// Whether it takes a body of other layers.
    pub body: Body,
    /// Whether samples of a batch affect each other.
    pub batch: Batch,
    /// Valid specs that contain the layer, each with an input shape without the batch. The check runs
    /// them. Usually they contain no other layer.
    pub examples: &'static [(&'static str, &'static [usize])],
    /// Builds the layer for an input shape.
    pub build: fn(&Args, &mut Build) -> Result<Built, Refusal>,
}

impl LayerDef {
    /// A definition without arguments or body, as a base for others.
    pub const BASE: LayerDef = LayerDef {
        name: "",
        aliases: &[],
        about: "",
        args: &[],
        body: Body::None,
        batch: Batch::Independent,
        examples: &[],
        build: |_, _| Err(Refusal::from("its definition has no `build`")),
    };
}

named!(LayerDef, body);

/// Whether the output for a sample depends on the other samples of the batch. The check verifies
/// the declaration. For a layer with a body, it covers only the layer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Each sample is processed independently.
    Independent,
    /// Independent in evaluation; in training, the output depends on the statistics of the batch,
    /// or on random numbers that depend on the position in it.
    MixedInTraining,
}

impl fmt::Debug for LayerDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayerDef({})", self.name)
    }
}

/// The reason why a layer can't be built. The message is appended to the name of the layer.
/// Converts from `&str` and `String`.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub(crate) message: Message,
    pub(crate) help: Option<String>,
    pub(crate) arg: Option<&'static str>,
    pub(crate) note: Option<Note>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    /// A sentence about the layer.
    Text(String),
    /// The input shapes it accepts, in words.
    Takes(String),
    /// Errors in its body.
    Inside(Vec<Diagnostic>),
}

impl Refusal {
    /// Refuses the shape of the input; `shape` describes the shapes that the layer accepts, such as
    /// `[features]`.
    pub fn takes(shape: impl Into<String>) -> Self {
        Refusal {
            message: Message::Takes(shape.into()),
            help: None,
            arg: None,
            note: None,
        }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the argument that caused the error.
    #[must_use]
    pub fn arg(mut self, name: &'static str) -> Self {
        self.arg = Some(name);
        self
    }

    /// Shows where a saved value that doesn't fit was saved.
    #[must_use]
    pub fn saved(mut self, value: &Saved) -> Self {
        self.note = Some(value.note.clone());
        self
    }

    pub(crate) fn inside(errors: Vec<Diagnostic>) -> Self {
        Refusal {
            message: Message::Inside(errors),
            help: None,
            arg: None,
            note: None,
        }
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Refusal {
            message: Message::Text(message),
            help: None,
            arg: None,
            note: None,
        }
    }
}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Refusal::from(message.to_string())
    }
}
