//! Plans: everything known about a model before any array is allocated.

use tapeline_spec::{Args, Call, Diagnostic, Resolved, Span, SpecError};
use tapeline_tensor::{Params, Scalar};

use crate::{
    Declared, LayerDef, Meaning, Saved, Sequential, declare,
    sequential::Entry,
    site::{LayerSummary, Site, empty},
    sizes::checked_len,
};

pub use crate::site::{MAX_OUTPUTS, MAX_PARAMETERS, MAX_TABLES};

/// The row of values that were saved before the first layer.
const BEFORE: usize = usize::MAX;

/// A chain of layers built for an input shape, with the parameters it declares and a summary of
/// each layer. It holds no arrays.
pub struct Plan {
    /// The layers.
    pub chain: Sequential,
    /// Shape of the input, without the batch.
    pub input: Vec<usize>,
    /// Shape of the output, without the batch.
    pub output: Vec<usize>,
    /// Parameters and buffers, in order.
    pub declared: Vec<Declared>,
    /// Summaries of the layers in order; those of a body follow the layer that contains it.
    pub rows: Vec<LayerSummary>,
    /// Indices in [`rows`](Self::rows) of the layers that learn nothing from a batch of one sample.
    pub want_several: Vec<usize>,
    /// Indices in [`rows`](Self::rows) of the layers that save a value that no layer uses.
    pub unused: Vec<usize>,
    /// The values saved outside of any body, in order.
    pub(crate) saved: Vec<Saved>,
    /// The arguments of the layers, in the order of `rows`.
    bound: Vec<Args>,
}

impl Plan {
    /// Builds the chain of layers of a spec for an input of `shape`, without the batch.
    ///
    /// # Errors
    /// When a layer doesn't accept its input, the model or the input is too large, or the input has
    /// no dimension or a size of 0. Reports the first error in each chain.
    pub fn build(spec: &Resolved<LayerDef>, shape: &[usize]) -> Result<Plan, SpecError> {
        Plan::of(&spec.calls(), shape, Meaning::Logits)
            .map_err(|errors| SpecError::new(spec.text(), errors))
    }

    /// Like [`build`](Self::build), from calls, for an input with the given meaning.
    pub(crate) fn of(
        calls: &[Call<LayerDef>],
        shape: &[usize],
        meaning: Meaning,
    ) -> Result<Plan, Vec<Diagnostic>> {
        Plan::after(calls, (shape, meaning), &[])
    }

    /// Like [`of`](Self::of), after layers that saved some values. Their ids are their indices.
    pub(crate) fn after(
        calls: &[Call<LayerDef>],
        (shape, meaning): (&[usize], Meaning),
        saved: &[Saved],
    ) -> Result<Plan, Vec<Diagnostic>> {
        let refused = |message: String| {
            let span = calls.first().map_or_else(Span::default, |call| call.span);
            vec![Diagnostic::error(span, message)]
        };
        if let Some(wrong) = empty(shape) {
            return Err(refused(format!("an input of {shape:?} {wrong}")));
        }
        if checked_len(shape).is_none_or(|len| len > MAX_OUTPUTS) {
            return Err(refused(format!(
                "an input of {shape:?} has more than {MAX_OUTPUTS} values"
            )));
        }
        let mut site = Site::default();
        for value in saved {
            let (shape, note) = (&value.shape[..], value.note.clone());
            let values = &mut site.saved_values;
            values.save(&value.name, (shape, value.meaning), BEFORE, note);
        }
        let entry = Entry {
            shape,
            meaning,
            prefix: "",
            depth: 0,
        };
        let (chain, output) = Sequential::build(calls, entry, &mut site)?;
        let own = || site.saved_values.iter().filter(|value| value.row != BEFORE);
        let unused = own().filter(|value| value.last_use.is_none());
        let outside = own().filter(|value| site.rows[value.row].depth == 0);
        Ok(Plan {
            unused: unused.map(|value| value.row).collect(),
            saved: outside.map(|value| value.saved.clone()).collect(),
            chain,
            input: shape.to_vec(),
            output,
            declared: site.declared,
            rows: site.rows,
            want_several: site.want_several,
            bound: site.bound,
        })
    }

    /// Returns the spec from which the plan was built with the numbers in place of the
    /// [sizes of inputs](crate::INPUT_SIZES). It describes the same model, for this input shape.
    pub fn resolve_sizes(&self, spec: &Resolved<LayerDef>) -> Resolved<LayerDef> {
        match spec.is_deferred() {
            // A layer that doesn't build its body, or builds it twice, has another number of them.
            true => spec.with_bound(&self.bound).unwrap_or_else(|| spec.clone()),
            false => spec.clone(),
        }
    }

    /// Returns the meaning of its output in evaluation.
    pub fn meaning(&self) -> Meaning {
        self.chain.meaning()
    }

    /// Returns the layer that determines the meaning of the output: the last one that turned it
    /// into probabilities, their logarithms, or values between 0 and 1. Returns `None` for logits.
    pub fn meaning_from(&self) -> Option<&LayerSummary> {
        let like_output = |meaning: Meaning| match self.meaning() {
            Meaning::LogProbabilities => meaning == Meaning::LogProbabilities,
            _ => meaning.is_bounded(),
        };
        let makes = |row: &&LayerSummary| {
            like_output(row.output_meaning) && !like_output(row.input_meaning)
        };
        let mut rows = self.rows.iter().rev();
        rows.find(makes)
            .filter(|_| self.meaning() != Meaning::Logits)
    }

    /// Initializes its parameters, which depend only on the seed.
    pub fn init<T: Scalar>(&self, seed: u64) -> Params<T> {
        declare::init(&self.declared, seed)
    }

    /// Returns the number of learned values.
    pub fn parameters(&self) -> usize {
        self.rows.iter().map(|row| row.parameters).sum()
    }

    /// Returns the number of multiply-adds per sample.
    pub fn multiply_adds(&self) -> u64 {
        self.rows
            .iter()
            .fold(0, |sum, row| sum.saturating_add(row.multiply_adds))
    }
}
