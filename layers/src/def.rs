//! What a registered layer says of itself.

use std::fmt;

use tapeline_spec::{ArgInfo, Args, Body, Diagnostic, named};

use crate::{Build, Built};

/// A layer under a name: what [`tapeline_spec`] needs to read it, and how to build it. Plain data.
///
/// Written with `..LayerDef::BASE` for what stays at its default:
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
    /// Its name in a spec, in snake case.
    pub name: &'static str,
    /// Other names by which it is known elsewhere.
    pub aliases: &'static [&'static str],
    /// What it does, in one line.
    pub about: &'static str,
    /// Its arguments, in the order in which they may be given without a name.
    pub args: &'static [ArgInfo],
    /// Whether it takes other layers.
    pub body: Body,
    /// Whether samples of a batch see each other.
    pub batch: Batch,
    /// Specs of it that work, each with an input shape without the batch. Checks run them.
    pub examples: &'static [(&'static str, &'static [usize])],
    /// Makes the layer for an input shape.
    pub build: fn(&Args, &mut Build) -> Result<Built, Refusal>,
}

impl LayerDef {
    /// A definition without arguments or body, to be filled in.
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

/// Whether what a layer makes of a sample depends on the samples beside it. Checks hold it to what it claims; of a layer with a body, the body
/// is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// A batch is its samples one by one.
    Independent,
    /// So in evaluation; while training a sample sees the others' statistics, or random numbers that depend on its place.
    MixedInTraining,
}

impl fmt::Debug for LayerDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayerDef({})", self.name)
    }
}

/// Why a layer can't be built. The text is put behind the layer's name; a `&str` or a `String` will do.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub(crate) message: Message,
    pub(crate) help: Option<String>,
    pub(crate) arg: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    /// A sentence about the layer.
    Text(String),
    /// The input shapes it takes, in words.
    Takes(String),
    /// What was wrong inside its body.
    Inside(Vec<Diagnostic>),
}

impl Refusal {
    /// The input has the wrong shape; `shape` says which ones the layer takes: `[features]`.
    pub fn takes(shape: impl Into<String>) -> Self {
        Refusal {
            message: Message::Takes(shape.into()),
            help: None,
            arg: None,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The argument to blame.
    #[must_use]
    pub fn arg(mut self, name: &'static str) -> Self {
        self.arg = Some(name);
        self
    }

    pub(crate) fn inside(errors: Vec<Diagnostic>) -> Self {
        Refusal {
            message: Message::Inside(errors),
            help: None,
            arg: None,
        }
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Refusal {
            message: Message::Text(message),
            help: None,
            arg: None,
        }
    }
}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Refusal::from(message.to_string())
    }
}
