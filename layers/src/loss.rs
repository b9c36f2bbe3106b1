//! What a loss is.

use std::fmt;

use ndarray::Array2;
use tapeline_spec::{ArgInfo, Args, Diagnostic, Registry, Span, named, read_chain};
use tapeline_tensor::{Tape, Tensor, Var};

use crate::Element;

/// One number from a batch of outputs, `[n, classes]`, and the class of each sample.
pub trait Loss<T: Element>: Send + Sync {
    /// The loss, a mean over the batch.
    ///
    /// # Panics
    /// When the shapes don't fit, or a target is no class.
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T>;
}

/// A loss for both types of number. Nothing implements it by hand.
pub trait AnyLoss: Loss<f32> + Loss<f64> {}

impl<L: Loss<f32> + Loss<f64>> AnyLoss for L {}

/// A loss under a name. Plain data, written with `..LossDef::BASE`.
#[derive(Clone, Copy)]
pub struct LossDef {
    /// Its name in a spec, in snake case.
    pub name: &'static str,
    /// Other names by which it is known elsewhere.
    pub aliases: &'static [&'static str],
    /// What it computes, in one line.
    pub about: &'static str,
    /// Its arguments, in the order in which they may be given without a name.
    pub args: &'static [ArgInfo],
    /// Specs of it that work. Checks run them.
    pub examples: &'static [&'static str],
    /// Whether it applies the softmax itself, so that a network should not.
    pub takes_logits: bool,
    /// Makes the loss.
    pub build: fn(&Args) -> Box<dyn AnyLoss>,
}

impl LossDef {
    /// A definition without arguments, to be filled in; as it stands, the mean squared error.
    pub const BASE: LossDef = LossDef {
        name: "",
        aliases: &[],
        about: "",
        args: &[],
        examples: &[],
        takes_logits: false,
        build: |_| Box::new(crate::losses::mse::Mse),
    };
}

named!(LossDef);

impl fmt::Debug for LossDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LossDef({})", self.name)
    }
}

/// The classes as rows with a 1 at the class and 0 elsewhere, `[n, classes]`.
///
/// # Panics
/// When a target is no class.
pub fn one_hot<'t, T: Element>(tape: &'t Tape<T>, targets: &[usize], classes: usize) -> Var<'t, T> {
    let mut rows = Array2::zeros([targets.len(), classes]);
    for (mut row, &target) in rows.rows_mut().into_iter().zip(targets) {
        row[target] = T::one();
    }
    tape.constant(Tensor::from(rows.into_dyn()))
}

/// A loss as a spec names it.
pub struct NamedLoss {
    /// Its spec, with every argument written out.
    pub text: String,
    /// Its definition.
    pub def: LossDef,
    /// The loss.
    pub loss: Box<dyn AnyLoss>,
}

/// Reads a loss: exactly one call.
///
/// # Errors
/// Everything wrong with the text.
pub fn read(text: &str, registry: &Registry<LossDef>) -> Result<NamedLoss, Vec<Diagnostic>> {
    let calls = read_chain(text, registry)?;
    match &calls[..] {
        [call] => Ok(NamedLoss {
            text: call.full(),
            def: *call.def,
            loss: (call.def.build)(&call.args),
        }),
        [_, second, ..] => Err(vec![
            Diagnostic::error(second.span, "a second loss").help("a model has one loss"),
        ]),
        [] => Err(vec![Diagnostic::error(Span::default(), "no loss")]),
    }
}
