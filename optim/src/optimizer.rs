//! Optimizers read from text.

use std::fmt;

use tapeline_spec::{
    ArgInfo, Args, Call, Diagnostic, Registry, Span, SpecError, Value, named, read_chain,
};
use tapeline_tensor::{Params, Role};

use crate::{Chain, Stepper, TransformScalar, optimizers::LR};

/// An entry of the registry of optimizers. An entry with an argument `lr` is an optimizer; one
/// without is a transform, used next to an optimizer.
///
/// ```
/// use tapeline_optim::{Chain, Optimizer, OptimizerDef, optimizers, transforms::ScaleByLr};
///
/// const HALVE: OptimizerDef = OptimizerDef {
///     name: "halve",
///     about: "halves the gradient",
///     examples: &["halve sgd"],
///     build: |_| Ok(Chain::new().then(ScaleByLr(0.5))),
///     ..OptimizerDef::BASE
/// };
///
/// let optimizers = optimizers().with(HALVE)?;
/// assert!(Optimizer::read("halve sgd", &optimizers).is_ok());
/// # Ok::<(), tapeline_spec::RegistryError>(())
/// ```
#[derive(Clone, Copy)]
pub struct OptimizerDef {
    /// The name in a spec.
    pub name: &'static str,
    /// Alternative names.
    pub aliases: &'static [&'static str],
    /// A one-line description.
    pub about: &'static str,
    /// The arguments.
    pub args: &'static [ArgInfo],
    /// Example specs that use this entry; the checks run them.
    pub examples: &'static [&'static str],
    /// Builds its part of the chain, or rejects incompatible arguments. The caller sets the span of
    /// the error.
    pub build: fn(&Args) -> Result<Chain, Diagnostic>,
    /// Builds its part of the end of the chain, which follows all that `build` returns, wherever
    /// the entry is in the text. For transforms that depend on the finished step and on the
    /// optimizer's learning rate, which is passed.
    pub finish: fn(&Args, f64) -> Chain,
}

impl OptimizerDef {
    /// The base of a definition, used as `..OptimizerDef::BASE`: no name, no arguments, no effect.
    pub const BASE: OptimizerDef = OptimizerDef {
        name: "",
        aliases: &[],
        about: "",
        args: &[],
        examples: &[],
        build: |_| Ok(Chain::new()),
        finish: |_, _| Chain::new(),
    };
}

named!(OptimizerDef);

/// An optimizer read from text: any number of transforms, and exactly one entry with `lr`.
///
/// ```
/// use tapeline_optim::{Optimizer, optimizers};
///
/// let optimizer = Optimizer::read("clip_norm(0.5) adam(weight_decay=0)", &optimizers())?;
/// let optimizer = optimizer.with_lr(0.01)?;
/// assert_eq!(optimizer.lr(), 0.01);
/// assert_eq!(optimizer.short(), "clip_norm(0.5) adam(lr=0.01)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Optimizer {
    calls: Vec<Call<OptimizerDef>>,
    /// Index of the call with `lr`.
    entry: usize,
    chain: Chain,
}

impl Optimizer {
    /// Reads an optimizer from text.
    ///
    /// # Errors
    /// All errors of the text: errors of the language, no entry or more than
    /// one entry with `lr`, and incompatible arguments.
    pub fn read(text: &str, registry: &Registry<OptimizerDef>) -> Result<Self, SpecError> {
        let calls = read_chain(text, registry)?;
        let mut errors = Vec::new();
        let mut entries = (0..calls.len()).filter(|&i| calls[i].args.has("lr"));
        let entry = entries.next().unwrap_or_else(|| {
            errors.push(no_entry(&calls, registry));
            0
        });
        errors.extend(entries.map(|second| one_too_many(&calls[entry], &calls[second])));
        let mut chain = Chain::new();
        for call in &calls {
            match build(call) {
                Ok(part) if part.averages() && chain.averages() => {
                    errors.push(Diagnostic::error(
                        call.span,
                        "the weights are already averaged",
                    ));
                }
                Ok(part) => chain = chain.join(part),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(SpecError::new(text, errors));
        }
        Ok(Optimizer {
            chain: finish(chain, &calls, entry),
            calls,
            entry,
        })
    }

    /// Returns the learning rate.
    pub fn lr(&self) -> f64 {
        self.calls[self.entry].args.get(LR)
    }

    /// Returns the same optimizer with another learning rate.
    ///
    /// # Errors
    /// If `lr` is out of range. The error has an empty span.
    pub fn with_lr(mut self, lr: f64) -> Result<Self, Diagnostic> {
        let call = &mut self.calls[self.entry];
        call.args = call.args.with("lr", Value::Float(lr))?;
        let parts: Result<Vec<_>, _> = self.calls.iter().map(build).collect();
        let chain = parts?.into_iter().fold(Chain::new(), Chain::join);
        self.chain = finish(chain, &self.calls, self.entry);
        Ok(self)
    }

    /// Returns the number of arrays stored for a parameter of this role, each as large as the
    /// parameter.
    pub fn moments(&self, role: Role) -> usize {
        self.chain.moments(role)
    }

    /// Creates a stepper for the parameters.
    pub fn init<T: TransformScalar>(&self, params: &Params<T>) -> Stepper<T> {
        Stepper::new(&self.chain, params).with_lr(self.lr())
    }

    /// Returns the short form, for people, without default arguments. It reads back as the same
    /// optimizer.
    pub fn short(&self) -> String {
        let calls: Vec<_> = self.calls.iter().map(Call::text).collect();
        calls.join(" ")
    }

    /// Returns the full form, for files, with every argument. It reads back as the same optimizer.
    pub fn full(&self) -> String {
        let calls: Vec<_> = self.calls.iter().map(Call::full).collect();
        calls.join(" ")
    }
}

impl fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Optimizer({})", self.full())
    }
}

fn build(call: &Call<OptimizerDef>) -> Result<Chain, Diagnostic> {
    (call.def.build)(&call.args).map_err(|error| Diagnostic {
        span: call.span,
        ..error
    })
}

/// Appends the ends of all entries to the chain, passing them the learning rate.
fn finish(chain: Chain, calls: &[Call<OptimizerDef>], entry: usize) -> Chain {
    let lr = calls[entry].args.get(LR);
    let ends = calls.iter().map(|call| (call.def.finish)(&call.args, lr));
    ends.fold(chain, Chain::join)
}

fn no_entry(calls: &[Call<OptimizerDef>], registry: &Registry<OptimizerDef>) -> Diagnostic {
    let span = match calls {
        [first, .., last] => Span {
            start: first.span.start,
            end: last.span.end,
        },
        calls => calls.first().map_or(Span::default(), |only| only.span),
    };
    let has_lr = |def: &&OptimizerDef| def.args.iter().any(|arg| arg.name == "lr");
    let names: Vec<_> = registry
        .iter()
        .filter(has_lr)
        .map(|def| format!("`{}`", def.name))
        .collect();
    Diagnostic::error(span, "expected an optimizer with a learning rate")
        .help(format!("add one of {}", names.join(", ")))
}

fn one_too_many(first: &Call<OptimizerDef>, second: &Call<OptimizerDef>) -> Diagnostic {
    let (first, name) = (first.def.name, second.def.name);
    let message = format!("expected one optimizer, found `{first}` and `{name}`");
    Diagnostic::error(second.span, message).help("keep one of them")
}
