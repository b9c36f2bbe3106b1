//! What is collected while a model is built: parameters, summaries of layers, and sizes, which are
//! kept within limits.

use std::sync::Arc;

use tapeline_spec::{Args, Note, Span, quote};
use tapeline_tensor::ParamId;

use crate::{
    Built, Declared, Meaning, Refusal, Saved, SavedId, Stream, saved::SavedValues,
    sizes::checked_len,
};

/// The maximum number of learned values of a model: 512 MiB in `f32`.
pub const MAX_PARAMETERS: usize = 1 << 27;

/// The maximum number of values that all layers of a model may output per sample, and the maximum
/// size of the sample itself: 64 MiB in `f32`.
pub const MAX_OUTPUTS: usize = 1 << 24;

/// The maximum number of cells in all tables that the layers of a model build: 32 MiB.
pub const MAX_TABLES: usize = 1 << 21;

/// The summary of one layer of a [`Plan`](crate::Plan).
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSummary {
    /// Its path: `5`, or `5.0` in the body of layer 5.
    pub path: String,
    /// The scope of its operations on the tape: its path and name, `5 relu`.
    pub scope: Arc<str>,
    /// Its spec in short form.
    pub text: String,
    /// Its position in the spec of the model.
    pub span: Span,
    /// Nesting depth; 0 outside of any body.
    pub depth: usize,
    /// Shape of its output, without the batch.
    pub output: Vec<usize>,
    /// Number of values it learns, without its body.
    pub parameters: usize,
    /// Multiply-adds per sample, without its body.
    pub multiply_adds: u64,
    /// Meaning of its input in evaluation.
    pub input_meaning: Meaning,
    /// Meaning of its output in evaluation.
    pub output_meaning: Meaning,
}

/// State collected while a model is built.
#[derive(Default)]
pub(crate) struct Site {
    pub declared: Vec<Declared>,
    pub rows: Vec<LayerSummary>,
    pub want_several: Vec<usize>,
    /// The arguments of each layer, in the order of `rows`.
    pub bound: Vec<Args>,
    /// The values that layers save under names.
    pub saved_values: SavedValues,
    streams: u64,
    parameters: usize,
    outputs: usize,
    /// Number of cells in all tables.
    tables: usize,
    /// Rows of the layers being built, from the outermost to the innermost.
    open: Vec<usize>,
}

impl Site {
    /// Makes room for the layers of a chain, so that a long one isn't copied again and again.
    pub fn expect(&mut self, layers: usize) {
        self.rows.reserve(layers);
        self.bound.reserve(layers);
    }

    /// Begins a layer. Its row comes before those of its body.
    pub fn open(&mut self, row: LayerSummary) {
        self.open.push(self.rows.len());
        self.rows.push(row);
    }

    /// Returns the number of values that all layers output, including `output`.
    ///
    /// # Errors
    /// When the shape is empty, or the number exceeds the limit.
    pub fn room(&self, output: &[usize]) -> Result<usize, Refusal> {
        if let Some(wrong) = empty(output) {
            return Err(Refusal::from(format!("its output {output:?} {wrong}")));
        }
        let total = checked_len(output).and_then(|len| self.outputs.checked_add(len));
        total.filter(|&n| n <= MAX_OUTPUTS).ok_or_else(|| {
            Refusal::from(format!(
                "with its output {output:?}, the layers output more than {MAX_OUTPUTS} values for one sample"
            ))
        })
    }

    /// Counts a table of `len` cells towards the limit.
    pub fn tables(&mut self, len: usize) -> Result<(), Refusal> {
        let total = self.tables.checked_add(len);
        self.tables = total.filter(|&n| n <= MAX_TABLES).ok_or_else(|| {
            Refusal::from(format!(
                "with a table of {len} cells, the tables of all layers exceed {MAX_TABLES} cells"
            ))
        })?;
        Ok(())
    }

    /// Ends the layer that was begun last, and returns its row.
    pub fn close(&mut self, built: &Built) -> Result<usize, Refusal> {
        let output = &built.output;
        self.outputs = self.room(output)?;
        let row = self.open.pop().unwrap_or_default();
        self.rows[row].output = output.clone();
        self.rows[row].output_meaning = match built.only_in_training {
            true => self.rows[row].input_meaning,
            false => built.meaning,
        };
        Ok(row)
    }

    /// Returns the meaning of the output of a row.
    pub fn meaning(&self, row: usize) -> Meaning {
        self.rows[row].output_meaning
    }

    pub fn declare(&mut self, declared: Declared) -> Result<(&mut Declared, ParamId), Refusal> {
        let shape = &declared.shape;
        let size = checked_len(shape);
        let total = size
            .and_then(|size| self.parameters.checked_add(size))
            .filter(|&n| n <= MAX_PARAMETERS);
        let (Some(size), Some(total)) = (size, total) else {
            let name = declared.name.rsplit('.').next().unwrap_or_default();
            return Err(Refusal::from(format!(
                "its {name} {shape:?} makes the model larger than {MAX_PARAMETERS} parameters"
            )));
        };
        self.parameters = total;
        if let (true, Some(&row)) = (declared.role.is_learned(), self.open.last()) {
            self.rows[row].parameters += size;
        }
        let id = ParamId::new(self.declared.len());
        self.declared.push(declared);
        Ok((&mut self.declared[id.index()], id))
    }

    pub fn stream(&mut self) -> Stream {
        self.streams += 1;
        Stream(self.streams - 1)
    }

    pub fn save(&mut self, name: &str, shape: &[usize], meaning: Meaning) -> SavedId {
        let row = self.row();
        let note = Note {
            span: self.rows[row].span,
            message: format!("{} is saved here", quote(name)),
        };
        self.saved_values.save(name, (shape, meaning), row, note)
    }

    pub fn saved(&mut self, name: &str) -> Result<Saved, Refusal> {
        let row = self.row();
        self.saved_values.find(name, row)
    }

    /// Returns the row of the layer being built.
    fn row(&self) -> usize {
        self.open.last().copied().unwrap_or_default()
    }

    pub fn want_several(&mut self) {
        self.want_several.extend(self.open.last());
    }

    pub fn cost(&mut self, multiply_adds: u64) {
        if let Some(&row) = self.open.last() {
            let sum = &mut self.rows[row].multiply_adds;
            *sum = sum.saturating_add(multiply_adds);
        }
    }
}

/// Returns why a shape can't be the input of a layer: it needs at least one dimension, and all
/// sizes must be at least 1. Layers therefore don't have to handle samples that are empty or
/// scalars.
pub(crate) fn empty(shape: &[usize]) -> Option<&'static str> {
    match shape {
        [] => Some("has no dimension; expected at least one"),
        shape if shape.contains(&0) => Some("has a size of 0; expected sizes of at least 1"),
        _ => None,
    }
}
