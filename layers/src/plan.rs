//! What a model will be: everything known before a single array is made.

use tapeline_spec::{Call, Diagnostic, Span};
use tapeline_tensor::{ParamId, Params, Scalar};

use crate::{Built, Chain, Declared, LayerDef, Meaning, Refusal, Stream, chain::Entry, declare};

/// The most values that a model may learn: 512 MiB in `f32`.
pub const MAX_PARAMETERS: usize = 1 << 27;

/// The most values that the layers of a model may put out for one sample, and that the sample may have: 64 MiB in `f32`.
pub const MAX_OUTPUTS: usize = 1 << 24;

/// The maximum number of cells in all tables that the layers of a model make while they are built: 32 MiB.
pub const MAX_TABLES: usize = 1 << 21;

/// A chain of layers built for an input shape, with the parameters it asks for and a row for each layer. It holds no array.
pub struct Plan {
    /// The layers.
    pub chain: Chain,
    /// Shape of the input, without the batch.
    pub input: Vec<usize>,
    /// Shape of the output, without the batch.
    pub output: Vec<usize>,
    /// Parameters and buffers, in order.
    pub declared: Vec<Declared>,
    /// The layers in order, those in bodies behind the layer that has them.
    pub rows: Vec<Row>,
    /// The rows of the layers that learn nothing from a batch of one sample.
    pub want_several: Vec<usize>,
}

/// One layer of a [`Plan`], for a summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its place: `5`, or `5.0` in the body of layer 5.
    pub path: String,
    /// Its spec in short form.
    pub text: String,
    /// Where that stands in the spec of the model.
    pub span: Span,
    /// Depth of nesting: 0 outside of any body.
    pub depth: usize,
    /// Shape of its output, without the batch.
    pub output: Vec<usize>,
    /// Number of values it learns itself, its body not counted.
    pub parameters: usize,
    /// Multiply-adds for one sample, its body not counted.
    pub multiply_adds: u64,
    /// Values for one sample of each array that a step of training holds until its way back: those that the layer has declared, then its
    /// output, unless that takes no memory of its own. Its body not counted.
    pub kept: Vec<usize>,
    /// Values for one sample that it needs on the way back for a while.
    pub scratch: usize,
    /// Whether it hands its input on as it is in evaluation.
    pub only_in_training: bool,
    /// What its input means in evaluation.
    pub input_meaning: Meaning,
    /// What its output means in evaluation.
    pub output_meaning: Meaning,
}

impl Plan {
    /// Builds a chain of calls for an input of `shape`, without the batch.
    ///
    /// # Errors
    /// The first thing wrong in each chain: a layer that can't take its input, or a model or an input that is too large, or an input
    /// without a dimension or with a size of 0.
    pub fn build(calls: &[Call<'_, LayerDef>], shape: &[usize]) -> Result<Plan, Vec<Diagnostic>> {
        Plan::build_on(calls, shape, Meaning::Logits)
    }

    /// As [`build`](Self::build), for an input that means something.
    pub(crate) fn build_on(
        calls: &[Call<'_, LayerDef>],
        shape: &[usize],
        meaning: Meaning,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let refused = |message: String| {
            let span = calls.first().map_or_else(Span::default, |call| call.span);
            vec![Diagnostic::error(span, message)]
        };
        if let Some(wrong) = empty(shape) {
            return Err(refused(format!("an input of {shape:?} {wrong}")));
        }
        if size(shape).is_none_or(|size| size > MAX_OUTPUTS) {
            return Err(refused(format!(
                "an input of {shape:?} has more than {MAX_OUTPUTS} values"
            )));
        }
        let mut site = Site::default();
        let entry = Entry {
            shape,
            meaning,
            prefix: "",
            depth: 0,
        };
        let (chain, output) = Chain::build(calls, entry, &mut site)?;
        Ok(Plan {
            chain,
            input: shape.to_vec(),
            output,
            declared: site.declared,
            rows: site.rows,
            want_several: site.want_several,
        })
    }

    /// What its output means in evaluation.
    pub fn meaning(&self) -> Meaning {
        self.chain.meaning()
    }

    /// The layer from which the output has its meaning: the last one that made it probabilities, their logarithms or values between 0
    /// and 1. None for logits.
    pub fn meaning_from(&self) -> Option<&Row> {
        let like_output = |meaning: Meaning| match self.meaning() {
            Meaning::LogProbabilities => meaning == Meaning::LogProbabilities,
            _ => meaning.is_bounded(),
        };
        let makes = |row: &&Row| like_output(row.output_meaning) && !like_output(row.input_meaning);
        let mut rows = self.rows.iter().rev();
        rows.find(makes)
            .filter(|_| self.meaning() != Meaning::Logits)
    }

    /// First values of its parameters: a function of the seed.
    pub fn init<T: Scalar>(&self, seed: u64) -> Params<T> {
        declare::init(&self.declared, seed)
    }

    /// Number of values it learns.
    pub fn parameters(&self) -> usize {
        self.rows.iter().map(|row| row.parameters).sum()
    }

    /// Multiply-adds for one sample.
    pub fn multiply_adds(&self) -> u64 {
        self.rows
            .iter()
            .fold(0, |sum, row| sum.saturating_add(row.multiply_adds))
    }
}

/// What is wrong with a shape that layers can't have as their input: each has at least one dimension, each of a size of at least 1. So no
/// layer need think of samples without values, or of a sample that is a single number.
fn empty(shape: &[usize]) -> Option<&'static str> {
    match shape {
        [] => Some("has no dimension; expected at least one"),
        shape if shape.contains(&0) => Some("has a size of 0; expected sizes of at least 1"),
        _ => None,
    }
}

/// The number of values in a shape, if it can be counted.
fn size(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |n, &size| n.checked_mul(size))
}

/// What is gathered while a model is built.
#[derive(Default)]
pub(crate) struct Site {
    declared: Vec<Declared>,
    rows: Vec<Row>,
    want_several: Vec<usize>,
    streams: u64,
    parameters: usize,
    outputs: usize,
    /// Cells of all tables.
    tables: usize,
    /// The rows of the layers being built, from the outermost in.
    open: Vec<usize>,
}

impl Site {
    /// Begins a layer: its row stands before those of its body.
    pub fn open(&mut self, row: Row) {
        self.open.push(self.rows.len());
        self.rows.push(row);
    }

    /// How many values the layers output with `output` among them.
    ///
    /// # Errors
    /// When the shape is empty, or that is too many.
    pub fn room(&self, output: &[usize]) -> Result<usize, Refusal> {
        if let Some(wrong) = empty(output) {
            return Err(Refusal::from(format!("its output {output:?} {wrong}")));
        }
        let total = size(output).and_then(|size| self.outputs.checked_add(size));
        total.filter(|&n| n <= MAX_OUTPUTS).ok_or_else(|| {
            Refusal::from(format!(
                "its output {output:?} makes the layers put out more than {MAX_OUTPUTS} values for one sample"
            ))
        })
    }

    /// Counts a table of `len` cells.
    pub fn tables(&mut self, len: usize) -> Result<(), Refusal> {
        let total = self.tables.checked_add(len);
        self.tables = total.filter(|&n| n <= MAX_TABLES).ok_or_else(|| {
            Refusal::from(format!(
                "a table of {len} cells makes the tables of the layers larger than {MAX_TABLES} cells"
            ))
        })?;
        Ok(())
    }

    /// Ends the layer begun last; returns its row.
    pub fn close(&mut self, built: &Built) -> Result<usize, Refusal> {
        let output = &built.output;
        self.outputs = self.room(output)?;
        let row = self.open.pop().unwrap_or_default();
        self.rows[row].output = output.clone();
        self.rows[row].only_in_training = built.only_in_training;
        self.rows[row].output_meaning = match built.only_in_training {
            true => self.rows[row].input_meaning,
            false => built.meaning,
        };
        if !built.is_view {
            self.rows[row].kept.push(output.iter().product());
        }
        Ok(row)
    }

    /// What the output of a row means.
    pub fn meaning(&self, row: usize) -> Meaning {
        self.rows[row].output_meaning
    }

    /// Takes note that the output of a row never comes to memory: the layer behind uses it up in the same pass.
    pub fn joined(&mut self, row: usize) {
        self.rows[row].kept.pop();
    }

    pub fn declare(&mut self, declared: Declared) -> Result<(&mut Declared, ParamId), Refusal> {
        let shape = &declared.shape;
        let size = size(shape);
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

    pub fn want_several(&mut self) {
        self.want_several.extend(self.open.last());
    }

    pub fn keep(&mut self, values: usize) {
        if let Some(&row) = self.open.last() {
            self.rows[row].kept.push(values);
        }
    }

    pub fn at_input(&self) -> bool {
        self.rows.iter().all(|row| row.kept.is_empty())
    }

    pub fn scratch(&mut self, values: usize) {
        if let Some(&row) = self.open.last() {
            self.rows[row].scratch += values;
        }
    }

    pub fn cost(&mut self, multiply_adds: u64) {
        if let Some(&row) = self.open.last() {
            let sum = &mut self.rows[row].multiply_adds;
            *sum = sum.saturating_add(multiply_adds);
        }
    }
}
