//! From a call to a layer: shapes, parameters, bodies.

use std::sync::Arc;

use tapeline_spec::Call;
use tapeline_tensor::{ParamId, Role};

use crate::{
    AnyLayer, Built, Chain, Declared, Init, LayerDef, Meaning, Refusal, Stream, chain::Entry,
    plan::Site,
};

/// What a layer is given while it is built: the shape of its input, and the means to ask for parameters, random streams and its body.
pub struct Build<'b> {
    pub(crate) site: &'b mut Site,
    pub(crate) path: String,
    pub(crate) shape: &'b [usize],
    pub(crate) meaning: Meaning,
    pub(crate) bodies: &'b [Vec<Call<'b, LayerDef>>],
    pub(crate) depth: usize,
}

/// For each cell of a line of an output, the cell of the input that it is a copy of; `None` for a zero.
/// ([`gather2d`](tapeline_tensor::gather2d()) takes one for rows and one for columns.)
pub type Table = Arc<[Option<usize>]>;

/// A parameter that has just been asked for; can be used where its id is wanted.
pub struct Asked<'a>(&'a mut Declared, ParamId);

impl Asked<'_> {
    /// Lays it out with its first dimension running fastest. No value changes by it; products with the transposed matrix become faster.
    pub fn column_major(self) -> ParamId {
        self.0.column_major = true;
        self.1
    }

    /// Its id.
    pub fn id(self) -> ParamId {
        self.1
    }
}

impl<'b> Build<'b> {
    /// Shape of the input, without the batch: `[channels, height, width]` or `[features]`. It has at least one dimension, and no size
    /// is 0.
    pub fn shape(&self) -> &'b [usize] {
        self.shape
    }

    /// What the values of the input mean in evaluation.
    pub fn input_meaning(&self) -> Meaning {
        self.meaning
    }

    /// The input as `[features]`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn features(&self) -> Result<usize, Refusal> {
        match *self.shape {
            [features] => Ok(features),
            _ => Err(Refusal::takes("[features]").help("put `flatten` before it")),
        }
    }

    /// The input as `[channels, height, width]`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn image(&self) -> Result<[usize; 3], Refusal> {
        self.shape.try_into().map_err(|_| {
            Refusal::takes("[channels, height, width]").help("it cannot stand behind `flatten`")
        })
    }

    /// The number of channels, or of features: the first size of the input.
    pub fn channels(&self) -> usize {
        self.shape[0]
    }

    /// Makes sure that an array of this shape, without the batch, is not too large: an output, before its sizes are worked with, or what is
    /// made on the way to it.
    ///
    /// # Errors
    /// When it is.
    pub fn fits(&self, output: &[usize]) -> Result<(), Refusal> {
        self.site.room(output).map(|_| ())
    }

    /// Makes a table of `len` cells. A layer makes all its tables here, so that they are counted before they take memory.
    ///
    /// # Errors
    /// When those of the whole model become too large.
    pub fn table(
        &mut self,
        len: usize,
        cell: impl Fn(usize) -> Option<usize>,
    ) -> Result<Table, Refusal> {
        self.count_table(len)?;
        Ok((0..len).map(cell).collect())
    }

    /// Counts a table of `len` cells that is made later, as [`table`](Build::table) counts its own.
    ///
    /// # Errors
    /// As there.
    pub fn count_table(&mut self, len: usize) -> Result<(), Refusal> {
        self.site.tables(len)
    }

    /// A layer whose output has the input's shape.
    pub fn same_shape(&self, layer: impl AnyLayer + 'static) -> Built {
        Built::new(layer, self.shape)
    }

    /// Declares a learned matrix `[out, in]`, or the kernels of a convolution, `[out, in, …]`; `name` is appended to the layer's place:
    /// `weight` becomes `0.weight`. Weights decay, and `muon` makes their updates orthogonal. For learned values that are added there is
    /// [`bias`](Self::bias), for those that multiply elements [`scale`](Self::scale), whatever their shapes and names.
    ///
    /// # Errors
    /// When the model becomes too large.
    pub fn weight(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
    ) -> Result<Asked<'_>, Refusal> {
        self.declare(name, Role::Weight, shape, init)
    }

    /// Declares learned values that are added. They don't decay with `decay_biases=false`.
    ///
    /// # Errors
    /// When the model becomes too large.
    pub fn bias(&mut self, name: &str, shape: &[usize], init: Init) -> Result<ParamId, Refusal> {
        Ok(self.declare(name, Role::Bias, shape, init)?.id())
    }

    /// Declares learned values that multiply elements or channels: scales of normalization, slopes. They don't decay with
    /// `decay_biases=false`.
    ///
    /// # Errors
    /// When the model becomes too large.
    pub fn scale(&mut self, name: &str, shape: &[usize], init: Init) -> Result<ParamId, Refusal> {
        Ok(self.declare(name, Role::Scale, shape, init)?.id())
    }

    /// Asks for a buffer, which is kept with the parameters, but not learned.
    ///
    /// # Errors
    /// When the model becomes too large.
    pub fn buffer(&mut self, name: &str, shape: &[usize], value: f64) -> Result<ParamId, Refusal> {
        Ok(self
            .declare(name, Role::Buffer, shape, Init::Constant(value))?
            .id())
    }

    fn declare(
        &mut self,
        name: &str,
        role: Role,
        shape: &[usize],
        init: Init,
    ) -> Result<Asked<'_>, Refusal> {
        let declared = Declared {
            name: format!("{}.{name}", self.path),
            role,
            shape: shape.to_vec(),
            init,
            column_major: false,
        };
        let (declared, id) = self.site.declare(declared)?;
        Ok(Asked(declared, id))
    }

    /// Asks for a source of random numbers.
    pub fn stream(&mut self) -> Stream {
        self.site.stream()
    }

    /// Says that the layer learns nothing from a batch of one sample, so that who trains can be warned of such batches.
    pub fn want_several(&mut self) {
        self.site.want_several();
    }

    /// Says how many multiply-adds the layer takes for one sample, its body not counted.
    pub fn cost(&mut self, multiply_adds: u64) {
        self.site.cost(multiply_adds);
    }

    /// Says that a step of training holds an array of so many values for one sample, beside the output, until its way back: a mask, indices.
    /// Estimates of memory count it.
    pub fn keep(&mut self, values: usize) {
        self.site.keep(values);
    }

    /// Whether the layer sees the input of the model itself, perhaps in another shape.
    pub fn at_input(&self) -> bool {
        self.site.at_input()
    }

    /// Says that the way back needs so many values for one sample for a while, beside gradients.
    pub fn scratch(&mut self, values: usize) {
        self.site.scratch(values);
    }

    /// Builds the body, `[ … ]`, on the layer's own input: the chain, and the shape of its output.
    ///
    /// # Errors
    /// When the body can't be built.
    pub fn body(&mut self) -> Result<(Chain, Vec<usize>), Refusal> {
        let prefix = format!("{}.", self.path);
        let calls = self.bodies.first().map_or(&[][..], Vec::as_slice);
        Chain::build(calls, self.entry(&prefix), self.site).map_err(Refusal::inside)
    }

    /// Where the chains inside begin.
    fn entry<'a>(&self, prefix: &'a str) -> Entry<'a>
    where
        'b: 'a,
    {
        Entry {
            shape: self.shape,
            meaning: self.meaning,
            prefix,
            depth: self.depth + 1,
        }
    }

    /// Builds the branches, `[ … | … ]`, each on the layer's own input.
    ///
    /// # Errors
    /// When a branch can't be built; what is wrong in each is told.
    pub fn branches(&mut self) -> Result<Vec<(Chain, Vec<usize>)>, Refusal> {
        let mut built = Vec::new();
        let mut errors = Vec::new();
        for (i, calls) in self.bodies.iter().enumerate() {
            let prefix = format!("{}.{i}.", self.path);
            match Chain::build(calls, self.entry(&prefix), self.site) {
                Ok(branch) => built.push(branch),
                Err(more) => errors.extend(more),
            }
        }
        if errors.is_empty() {
            Ok(built)
        } else {
            Err(Refusal::inside(errors))
        }
    }
}
