//! What a loss is.

use std::fmt;

use ndarray::Array2;
use tapeline_spec::{ArgInfo, Args, Call, Diagnostic, Registry, Span, named, read_chain};
use tapeline_tensor::{Tensor, Var};

use crate::Element;

/// One number from a batch of outputs, `[n, classes]`, and the class of each sample.
pub trait Loss<T: Element>: Send + Sync {
    /// The loss: a mean over the batch, in which samples may have different weights.
    ///
    /// # Panics
    /// When the shapes don't fit, or a target is no class.
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T>;

    /// The sum of the samples' weights, by which [`value`](Loss::value) has divided: above 0, and the number of samples where all count
    /// alike. The mean over several batches is *Σ value·weight / Σ weight*, so that it depends neither on how samples are cut into
    /// batches nor on their order.
    ///
    /// # Panics
    /// When a target is not a class.
    fn weight(&self, targets: &[usize]) -> f64 {
        targets.len() as f64
    }

    /// Makes sure that it can judge outputs of so many classes. Most losses can judge any.
    ///
    /// # Errors
    /// What speaks against it, in a sentence.
    fn expect_classes(&self, _classes: usize) -> Result<(), String> {
        Ok(())
    }
}

/// A loss for both types of number. Nothing implements it by hand.
pub trait AnyLoss: Loss<f32> + Loss<f64> {}

impl<L: Loss<f32> + Loss<f64>> AnyLoss for L {}

/// A loss under a name. Plain data.
///
/// Written with `..LossDef::BASE` for what stays at its default:
///
/// ```
/// use tapeline_layers::{Element, Loss, LossDef, check, one_hot};
/// use tapeline_tensor::Var;
///
/// /// The mean over all elements of `ln cosh(y − onehot)`
/// struct LogCosh;
///
/// const LOG_COSH: LossDef = LossDef {
///     name: "log_cosh",
///     about: "squared near the one-hot target, linear far from it, and smooth",
///     examples: &["log_cosh"],
///     build: |_| Box::new(LogCosh),
///     ..LossDef::BASE
/// };
///
/// impl<T: Element> Loss<T> for LogCosh {
///     fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
///         // Without overflow: cosh d = e^|d| (1 + e^−2|d|) / 2
///         let ln_cosh = |d: T| d.abs() + (d.abs() * T::of(-2.0)).exp().ln_1p() - T::of(2.0).ln();
///         let apart = output - one_hot(output, targets);
///         apart.map("log_cosh", ln_cosh, |g, d| g * d.tanh()).mean()
///     }
/// }
///
/// check::loss(&LOG_COSH).unwrap();
/// ```
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
    /// What it takes, so that a network that puts out something else can be warned of.
    pub takes: Takes,
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
        takes: Takes::Anything,
        build: |_| Box::new(crate::losses::mse::Mse),
    };
}

named!(LossDef);

/// What a loss takes from a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Whatever it puts out.
    Anything,
    /// Numbers of any size: where probabilities are wanted, the loss makes them itself.
    Logits,
    /// Logarithms of probabilities.
    LogProbabilities,
}

impl fmt::Debug for LossDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LossDef({})", self.name)
    }
}

/// The targets as rows beside those of the output, `[n, classes]`: 1 at the class, 0 elsewhere.
///
/// # Panics
/// When the output is not a row for each target, or a target is no class.
pub fn one_hot<'t, T: Element>(output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
    let mut rows = Array2::zeros([targets.len(), classes(output, targets)]);
    for (mut row, &target) in rows.rows_mut().into_iter().zip(targets) {
        row[target] = T::one();
    }
    output.tape().constant(Tensor::from(rows.into_dyn()))
}

/// Number of classes that the output has a column for.
///
/// # Panics
/// When the output is not a row for each target.
pub(crate) fn classes<T: Element>(output: Var<'_, T>, targets: &[usize]) -> usize {
    let (shape, count) = (output.shape(), targets.len());
    match shape[..] {
        [rows, classes] if rows == count => classes,
        _ => panic!("a loss takes [{count}, classes] for {count} targets, not {shape:?}"),
    }
}

/// A loss as a spec names it.
pub struct NamedLoss {
    /// Its spec, with every argument written out.
    pub text: String,
    /// Its definition.
    pub def: LossDef,
    /// Its place in the text it was read from.
    pub span: Span,
    /// The loss.
    pub loss: Box<dyn AnyLoss>,
}

impl NamedLoss {
    pub(crate) fn build(call: &Call<'_, LossDef>) -> Self {
        NamedLoss {
            text: call.full(),
            def: *call.def,
            span: call.span,
            loss: (call.def.build)(&call.args),
        }
    }

    /// Makes sure that it can judge outputs of so many classes. To be asked before a training: the loss itself would panic in its first step.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn expect_classes(&self, classes: usize) -> Result<(), Vec<Diagnostic>> {
        let fits = f64::loss(&*self.loss).expect_classes(classes);
        fits.map_err(|message| vec![Diagnostic::error(self.span, message)])
    }
}

/// Reads a loss: exactly one call.
///
/// # Errors
/// Everything wrong with the text.
pub fn read(text: &str, registry: &Registry<LossDef>) -> Result<NamedLoss, Vec<Diagnostic>> {
    let calls = read_chain(text, registry)?;
    match &calls[..] {
        [call] => Ok(NamedLoss::build(call)),
        [_, second, ..] => Err(vec![
            Diagnostic::error(second.span, "a second loss").help("a model has one loss"),
        ]),
        [] => Err(vec![Diagnostic::error(Span::default(), "no loss")]),
    }
}
