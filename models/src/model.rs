//! A model: a spec built for an input shape.

use std::sync::Arc;

use tapeline_layers::{Ctx, Element, Layer, LayerDef, LayerSummary, LossDef, Meaning, Plan, Takes};
use tapeline_spec::{Diagnostic, Presets, Registry, Span, SpecError, quote, read};
use tapeline_tensor::{Params, Role, Scalar, Var};

/// A model without its weights: a spec built for an input shape.
///
/// The caller owns its parameters as a [`Params`].
///
/// ```
/// use tapeline_layers::layers;
/// use tapeline_models::{Model, presets};
///
/// let model = Model::build("cnn", &[1, 28, 28], &layers(), &presets())?;
/// assert_eq!((model.plan.parameters(), model.plan.multiply_adds()), (105_194, 885_632));
/// assert_eq!(model.init::<f32>(0).len(), 8);
///
/// let error = Model::build("linear(10) rellu", &[1, 28, 28], &layers(), &presets()).err().unwrap();
/// assert_eq!(error.diagnostics[0].message, "unknown layer `rellu`");
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub struct Model {
    /// Its layers and the parameters they declare.
    pub plan: Plan,
    text: String,
    short: String,
    full: String,
    /// Scopes of the layers that run as in evaluation, because their running statistics are frozen.
    fixed: Arc<[Arc<str>]>,
}

impl Model {
    /// Builds the model that `text` describes for inputs of shape `input`, without the batch
    /// dimension.
    ///
    /// # Errors
    /// Returns every error in the text. If there are none, returns the first layer of each chain
    /// that can't be built.
    pub fn build(
        text: &str,
        input: &[usize],
        layers: &Registry<LayerDef>,
        presets: &Presets,
    ) -> Result<Model, SpecError> {
        let resolved = read(text, layers, presets)?;
        let plan = Plan::build(&resolved, input)?;
        Ok(Model {
            text: text.into(),
            short: resolved.short(),
            full: plan.resolve_sizes(&resolved).full(),
            plan,
            fixed: Arc::default(),
        })
    }

    /// Returns the spec as people write it: without default arguments, with preset names.
    pub fn short(&self) -> &str {
        &self.short
    }

    /// Returns the spec with every argument written out, as stored in files. Arguments that depend
    /// on the input of their layer are numbers in it.
    pub fn full(&self) -> &str {
        &self.full
    }

    /// Returns the initial parameters for `seed`.
    ///
    /// With `T = f64`, they have the same values as with `f32`.
    pub fn init<T: Scalar>(&self, seed: u64) -> Params<T> {
        self.plan.init(seed)
    }

    /// Computes the output for a batch of inputs.
    pub fn forward<'t, T: Element>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        cx.fix(&self.fixed);
        self.plan.chain.forward(cx, x)
    }

    /// Freezes the parameters for whose names `is_frozen` returns `true`: they become buffers, which
    /// get no gradient and are not updated. Nothing is computed for layers below the first parameter
    /// that is learned.
    ///
    /// A layer whose running statistics are among them (batch normalization) uses these in training,
    /// too, and leaves them unchanged. If only its weight and bias are frozen, it still normalizes by
    /// each batch and updates its statistics, like a PyTorch module without `requires_grad`.
    pub fn freeze(&mut self, is_frozen: impl Fn(&str) -> bool) {
        let mut fixed = self.fixed.to_vec();
        for declared in &mut self.plan.declared {
            if !is_frozen(&declared.name) {
                continue;
            }
            let layer = declared.name.rsplit_once('.').map(|(path, _)| path);
            let row = self.plan.rows.iter().find(|row| Some(&*row.path) == layer);
            if let (Role::Buffer, Some(row)) = (declared.role, row) {
                fixed.push(row.scope.clone());
            }
            declared.role = Role::Buffer;
        }
        self.fixed = fixed.into();
    }

    /// Returns the number of classes: the size of the model's output.
    ///
    /// # Errors
    /// Returns an error if the output isn't one-dimensional.
    pub fn classes(&self) -> Result<usize, SpecError> {
        self.outputs("end with `flatten linear(classes)`")
    }

    /// Returns the size of the output, or an error with this help.
    fn outputs(&self, help: &str) -> Result<usize, SpecError> {
        match self.plan.output[..] {
            [classes] => Ok(classes),
            ref output => Err(self.blame_last(
                format!("a classifier outputs [classes], but this model outputs {output:?}"),
                help,
            )),
        }
    }

    /// Checks that the model has `count` classes.
    ///
    /// # Errors
    /// Returns an error if the output has another size.
    pub fn expect_classes(&self, count: usize) -> Result<(), SpecError> {
        let classes = self.outputs("end with `flatten linear(classes)`")?;
        if classes == count {
            return Ok(());
        }
        Err(self.blame_last(
            format!("the data has {count} classes, but this model outputs {classes}"),
            "end with `linear(classes)`",
        ))
    }

    /// Returns the last layer that isn't in the body of another.
    fn last(&self) -> Option<&LayerSummary> {
        self.plan.rows.iter().rfind(|row| row.depth == 0)
    }

    pub(crate) fn blame_last(&self, message: String, help: &str) -> SpecError {
        let span = self.last().map_or_else(Span::default, |row| row.span);
        SpecError::new(
            &self.text,
            vec![Diagnostic::error(span, message).help(help)],
        )
    }

    /// Returns an error about the layer at `path`, where `path` is that of a row of the plan.
    pub(crate) fn blame(&self, path: &str, message: &str, help: &str) -> SpecError {
        let row = self.plan.rows.iter().find(|row| row.path == path);
        let (text, span) = row.map_or(("", Span::default()), |row| (&row.text, row.span));
        let message = format!("{} {message}", quote(text));
        SpecError::new(
            &self.text,
            vec![Diagnostic::error(span, message).help(help)],
        )
    }

    /// Returns how the output is interpreted in evaluation.
    pub fn meaning(&self) -> Meaning {
        self.plan.meaning()
    }

    /// Returns an error about the layer that determines the meaning of the output, or about the
    /// last layer if no layer does.
    pub(crate) fn blame_meaning(&self, message: String, help: &str) -> SpecError {
        match self.plan.meaning_from() {
            Some(row) => SpecError::new(
                &self.text,
                vec![Diagnostic::error(row.span, message).help(help)],
            ),
            None => self.blame_last(message, help),
        }
    }

    /// Returns warnings about valid but probably unintended specs: saved values that no layer uses,
    /// and outputs that aren't what the loss expects.
    pub fn warnings(&self, loss: &LossDef) -> SpecError {
        let unused = self.plan.unused.iter().map(|&row| {
            let row = &self.plan.rows[row];
            let message = format!("no layer uses the value of {}", quote(&row.text));
            let help = "leave it out, or use the value by `add` or `concat_with`";
            Diagnostic::warning(row.span, message).help(help)
        });
        let warnings = unused.chain(self.warning_of_output(loss));
        SpecError::new(&self.text, warnings.collect())
    }

    /// Returns a warning if the output isn't what the loss expects.
    fn warning_of_output(&self, loss: &LossDef) -> Option<Diagnostic> {
        let meaning = self.meaning();
        let row = self.plan.meaning_from().or(self.last())?;
        let layer = quote(&row.text);
        let outputs = match meaning {
            Meaning::Logits => "values of any size",
            Meaning::UnitInterval => "values between 0 and 1",
            Meaning::Probabilities => "probabilities",
            Meaning::LogProbabilities => "log-probabilities",
        };
        let (takes, help) = match (loss.takes, meaning) {
            // The softmax of log-probabilities is the probabilities, so log-probabilities are valid
            // logits, too.
            (Takes::Logits, Meaning::UnitInterval | Meaning::Probabilities) => {
                ("logits", format!("leave {layer} out"))
            }
            (Takes::LogProbabilities, Meaning::Probabilities) => (
                "log-probabilities",
                format!("write `log_softmax` instead of {layer}"),
            ),
            (Takes::LogProbabilities, Meaning::Logits | Meaning::UnitInterval) => {
                ("log-probabilities", "end with `log_softmax`".into())
            }
            _ => return None,
        };
        let message = format!(
            "{layer} outputs {outputs}, but `{}` takes {takes}",
            loss.name
        );
        Some(Diagnostic::warning(row.span, message).help(help))
    }
}
