//! The trait of all losses, and definitions of registered losses.

use std::fmt;

use ndarray::Array2;
use tapeline_spec::{
    ArgInfo, Args, Call, Diagnostic, Registry, Span, SpecError, named, read_chain,
};
use tapeline_tensor::{Tensor, Var};

use crate::Element;

/// A scalar function of a batch of outputs, `[n, classes]`, and the target class of each sample.
pub trait Loss<T: Element>: Send + Sync {
    /// Computes the loss: a mean over the batch, in which samples may have different weights.
    ///
    /// # Panics
    /// When the shapes don't match, or a target is not a class.
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T>;

    /// Returns the sum of the samples' weights, by which [`value`](Loss::value) divides. It is
    /// positive, and equals the number of samples if all have the same weight. The mean over
    /// several batches is *Σ value·weight / Σ weight*, which does not depend on how samples are
    /// split into batches or on their order.
    ///
    /// # Panics
    /// When a target is not a class.
    fn weight(&self, targets: &[usize]) -> f64 {
        targets.len() as f64
    }

    /// Returns the loss of mixed targets if it is defined for them.
    fn soft(&self) -> Option<&dyn SoftLoss<T>> {
        None
    }

    /// Checks that the loss accepts outputs with `classes` classes. Most losses accept any number.
    ///
    /// # Errors
    /// The reason why it doesn't, in a sentence.
    fn expect_classes(&self, _classes: usize) -> Result<(), String> {
        Ok(())
    }
}

/// A loss of mixed targets, which have a share of each class.
pub trait SoftLoss<T: Element>: Send + Sync {
    /// Computes the loss: a mean over the batch, in which all samples have the same weight. Both
    /// `output` and `shares` are `[n, classes]`; the shares of a sample sum to 1.
    ///
    /// # Panics
    /// When the shapes don't match.
    fn value<'t>(&self, output: Var<'t, T>, shares: Var<'t, T>) -> Var<'t, T>;
}

/// A loss for both scalar types. Implemented automatically.
pub trait AnyLoss: Loss<f32> + Loss<f64> {}

impl<L: Loss<f32> + Loss<f64>> AnyLoss for L {}

/// The definition of a loss. Plain data.
///
/// Use `..LossDef::BASE` for fields that keep their defaults:
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
    /// Its name in specs, in snake case.
    pub name: &'static str,
    /// Alternative names, such as those used by other libraries.
    pub aliases: &'static [&'static str],
    /// One-line description.
    pub about: &'static str,
    /// Its arguments, in the order in which they can be passed by position.
    pub args: &'static [ArgInfo],
    /// Valid specs of the loss. The check runs them.
    pub examples: &'static [&'static str],
    /// What it expects from a network, so that users can be warned of one with another output.
    pub takes: Takes,
    /// Builds the loss.
    pub build: fn(&Args) -> Box<dyn AnyLoss>,
    /// Replaces arguments that depend on the training data, such as `weight=balanced`, by numbers.
    /// It is passed the number of training samples of each class. By default, there are none.
    pub for_counts: fn(&Args, &[usize]) -> Args,
}

impl LossDef {
    /// A definition without arguments, as a base for others. By itself, it builds the mean squared
    /// error.
    pub const BASE: LossDef = LossDef {
        name: "",
        aliases: &[],
        about: "",
        args: &[],
        examples: &[],
        takes: Takes::Anything,
        build: |_| Box::new(crate::losses::mse::Mse),
        for_counts: |args, _| args.clone(),
    };
}

named!(LossDef);

/// The kind of output that a loss expects from a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Any values.
    Anything,
    /// Logits: values of any size. The loss converts them to probabilities if it needs them.
    Logits,
    /// Logarithms of probabilities.
    LogProbabilities,
}

impl fmt::Debug for LossDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LossDef({})", self.name)
    }
}

/// Returns the one-hot encoding of the targets, `[n, classes]`: 1 at the class, 0 elsewhere.
///
/// # Panics
/// When the output does not have one row per target, or a target is not a class.
pub fn one_hot<'t, T: Element>(output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
    let mut rows = Array2::zeros([targets.len(), classes(output, targets)]);
    for (mut row, &target) in rows.rows_mut().into_iter().zip(targets) {
        row[target] = T::one();
    }
    output.tape().constant(Tensor::from(rows.into_dyn()))
}

/// Returns the number of classes of an output.
///
/// # Panics
/// When the output does not have one row per target.
pub(crate) fn classes<T: Element>(output: Var<'_, T>, targets: &[usize]) -> usize {
    let (shape, count) = (output.shape(), targets.len());
    match shape[..] {
        [rows, classes] if rows == count => classes,
        _ => panic!(
            "a loss expects an output of [{count}, classes] for {count} targets, got {shape:?}"
        ),
    }
}

/// A loss read from a spec.
pub struct NamedLoss {
    /// Its spec, with all arguments.
    pub text: String,
    /// Its definition.
    pub def: LossDef,
    /// The loss.
    pub loss: Box<dyn AnyLoss>,
    /// The text it was read from.
    source: String,
    /// The call there.
    call: Call<LossDef>,
}

impl NamedLoss {
    /// Reads a loss, which must be exactly one call.
    ///
    /// # Errors
    /// All errors in the text.
    pub fn read(text: &str, registry: &Registry<LossDef>) -> Result<Self, SpecError> {
        let calls = read_chain(text, registry)?;
        match &calls[..] {
            [call] => Ok(NamedLoss {
                text: call.full(),
                def: call.def,
                loss: (call.def.build)(&call.args),
                source: text.into(),
                call: call.clone(),
            }),
            calls => {
                let span = calls
                    .get(1)
                    .map_or_else(Span::default, |second| second.span);
                let second = Diagnostic::error(span, "a second loss").help("a model has one loss");
                Err(SpecError::new(text, vec![second]))
            }
        }
    }

    /// Returns the loss for training data with `counts` samples of each class. Its text contains
    /// the numbers that depend on them.
    ///
    /// ```
    /// use tapeline_layers::{NamedLoss, losses};
    ///
    /// let loss = NamedLoss::read("nll(weight=balanced)", &losses())?.for_counts(&[30, 10]);
    /// assert_eq!(loss.text, "nll(weight=(0.6666666666666666, 2.0))");
    /// # Ok::<(), tapeline_spec::SpecError>(())
    /// ```
    pub fn for_counts(mut self, counts: &[usize]) -> Self {
        self.call.args = (self.def.for_counts)(&self.call.args, counts);
        self.loss = (self.def.build)(&self.call.args);
        self.text = self.call.full();
        self
    }

    /// Checks that the loss accepts mixed targets. Call this before training with them; otherwise
    /// the first step panics.
    ///
    /// # Errors
    /// The reason why it doesn't.
    pub fn expect_mixed(&self) -> Result<(), SpecError> {
        if f64::loss(&*self.loss).soft().is_some() {
            return Ok(());
        }
        let name = self.def.name;
        let message = format!("`{name}` is defined for a single class, not for mixed targets");
        let error = Diagnostic::error(self.call.span, message)
            .help("omit `mixup` and `cutmix`, or use a loss such as `cross_entropy`");
        Err(SpecError::new(&self.source, vec![error]))
    }

    /// Checks that the loss accepts outputs with `classes` classes. Call this before training;
    /// otherwise the loss panics in the first step.
    ///
    /// # Errors
    /// The reason why it doesn't.
    pub fn expect_classes(&self, classes: usize) -> Result<(), SpecError> {
        let fits = f64::loss(&*self.loss).expect_classes(classes);
        fits.map_err(|message| {
            SpecError::new(
                &self.source,
                vec![Diagnostic::error(self.call.span, message)],
            )
        })
    }
}
