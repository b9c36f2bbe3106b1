//! The context in which a layer is built from a call: input shape, parameters, and bodies.

use std::sync::Arc;

use tapeline_spec::Call;
use tapeline_tensor::{ParamId, Role};

use crate::{
    AnyLayer, Built, Declared, Init, LayerDef, Meaning, Refusal, Saved, SavedId, Sequential,
    Stream, features, sequential::Entry, site::Site, sizes,
};

/// The context passed to a layer while it is built: the shape of its input, and methods to declare
/// parameters, request random streams, and build its body.
pub struct Build<'b> {
    pub(crate) site: &'b mut Site,
    pub(crate) path: String,
    pub(crate) shape: &'b [usize],
    pub(crate) meaning: Meaning,
    pub(crate) bodies: &'b [Vec<Call<LayerDef>>],
    pub(crate) depth: usize,
}

/// Source index of each element along one axis of an output; `None` is a zero.
/// [`gather2d`](tapeline_tensor::gather2d()) takes one table for rows and one for columns.
pub type IndexTable = Arc<[Option<usize>]>;

/// A parameter that was just declared. Its methods return its id.
pub struct Asked<'a>(&'a mut Declared, ParamId);

impl Asked<'_> {
    /// Stores the parameter with its first dimension contiguous and returns its id. This does not
    /// change any value; products with the transposed matrix become faster.
    pub fn column_major(self) -> ParamId {
        self.0.column_major = true;
        self.1
    }

    /// Returns its id.
    pub fn id(self) -> ParamId {
        self.1
    }
}

impl<'b> Build<'b> {
    /// Returns the shape of the input, without the batch: `[features]`, `[tokens, features]` or
    /// `[channels, height, width]`. It has at least one dimension, and no size is 0.
    pub fn shape(&self) -> &'b [usize] {
        self.shape
    }

    /// Returns what the values of the input mean in evaluation.
    pub fn input_meaning(&self) -> Meaning {
        self.meaning
    }

    /// Returns the number of features of an input of shape `[features]` or `[tokens, features]`, for
    /// layers that act on the last axis.
    ///
    /// # Errors
    /// When the input has another shape.
    pub fn features(&self) -> Result<usize, Refusal> {
        match *self.shape {
            [features] | [_, features] => Ok(features),
            _ => Err(Refusal::takes("[features]").help("put `flatten` before it")),
        }
    }

    /// Returns the sizes of an input of shape `[channels, height, width]`.
    ///
    /// # Errors
    /// When the input has another shape.
    pub fn image(&self) -> Result<[usize; 3], Refusal> {
        self.shape.try_into().map_err(|_| {
            Refusal::takes("[channels, height, width]").help(match self.shape {
                [_, _] => "`image` makes an image of a sequence",
                _ => "it cannot follow `flatten`",
            })
        })
    }

    /// Returns the sizes of a sequence, an input of shape `[tokens, features]`.
    ///
    /// # Errors
    /// When the input has another shape.
    pub fn sequence(&self) -> Result<[usize; 2], Refusal> {
        self.shape.try_into().map_err(|_| {
            Refusal::takes("[tokens, features]")
                .help("`tokens`, `rows` and `patches` make a sequence of an image")
        })
    }

    /// Returns the axis of the features or channels of the input, without the batch: the last one of
    /// a sequence `[tokens, features]`, otherwise the first.
    pub fn feature_axis(&self) -> usize {
        features::axis(self.shape)
    }

    /// Returns the number of channels or features: the size of the input along its
    /// [`feature_axis`](Self::feature_axis).
    pub fn channels(&self) -> usize {
        self.shape[self.feature_axis()]
    }

    /// Returns the number of tokens of a sequence; 1 for other inputs.
    pub(crate) fn tokens(&self) -> usize {
        match *self.shape {
            [tokens, _] => tokens,
            _ => 1,
        }
    }

    /// Returns the shape of the input with another number of channels or features.
    pub(crate) fn with_channels(&self, channels: usize) -> Vec<usize> {
        let mut shape = self.shape.to_vec();
        shape[self.feature_axis()] = channels;
        shape
    }

    /// Checks that an array of this shape, without the batch, is within the size limit. Call it for
    /// an output before computing with its sizes, and for intermediate arrays.
    ///
    /// # Errors
    /// When the array is too large.
    pub fn fits(&self, output: &[usize]) -> Result<(), Refusal> {
        self.site.room(output).map(|_| ())
    }

    /// Builds a table of `len` cells. Layers build all their tables here, so that the limit is
    /// checked before memory is allocated.
    ///
    /// # Errors
    /// When the tables of the whole model become too large.
    pub fn table(
        &mut self,
        len: usize,
        cell: impl Fn(usize) -> Option<usize>,
    ) -> Result<IndexTable, Refusal> {
        self.count_table(len)?;
        Ok((0..len).map(cell).collect())
    }

    /// Counts a table of `len` cells that is built later towards the limit of
    /// [`table`](Build::table).
    ///
    /// # Errors
    /// When the tables of the whole model become too large.
    pub fn count_table(&mut self, len: usize) -> Result<(), Refusal> {
        self.site.tables(len)
    }

    /// Returns a built layer whose output has the shape of its input.
    pub fn same_shape(&self, layer: impl AnyLayer + 'static) -> Built {
        Built::new(layer, self.shape)
    }

    /// Declares a learned matrix `[out, in]`, or the kernels of a convolution, `[out, in, …]`.
    /// `name` is appended to the path of the layer: `weight` becomes `0.weight`.
    ///
    /// Weight decay applies to it, and `muon` orthogonalizes its updates. For learned values that
    /// are added use [`bias`](Self::bias), for those that multiply elements [`scale`](Self::scale),
    /// whatever their shapes and names.
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

    /// Declares learned values that are added. With `decay_biases=false`, weight decay does not
    /// apply to them.
    ///
    /// # Errors
    /// When the model becomes too large.
    pub fn bias(&mut self, name: &str, shape: &[usize], init: Init) -> Result<ParamId, Refusal> {
        Ok(self.declare(name, Role::Bias, shape, init)?.id())
    }

    /// Declares learned values that multiply elements or channels: scales of normalization, slopes.
    /// With `decay_biases=false`, weight decay does not apply to them.
    ///
    /// # Errors
    /// When the model becomes too large.
    pub fn scale(&mut self, name: &str, shape: &[usize], init: Init) -> Result<ParamId, Refusal> {
        Ok(self.declare(name, Role::Scale, shape, init)?.id())
    }

    /// Declares a buffer, which is saved with the parameters but not learned.
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

    /// Requests a random stream of the layer's own.
    pub fn stream(&mut self) -> Stream {
        self.site.stream()
    }

    /// Saves the input of the layer under a name, which is visible in the rest of its chain, and in
    /// the bodies there. [`Ctx::save`](crate::Ctx::save) stores the value in each pass.
    pub fn save(&mut self, name: &str) -> SavedId {
        self.site.save(name, self.shape, self.meaning)
    }

    /// Returns the value that was last saved under a name. [`Ctx::saved`](crate::Ctx::saved) returns
    /// it in each pass.
    ///
    /// # Errors
    /// When no value of this name is visible.
    pub fn saved(&mut self, name: &str) -> Result<Saved, Refusal> {
        self.site.saved(name)
    }

    /// Declares that the layer learns nothing from a batch of one sample, so that users can be
    /// warned of such batches.
    pub fn want_several(&mut self) {
        self.site.want_several();
    }

    /// Adds the product of `factors` to the number of multiply-adds the layer needs per sample,
    /// without its body.
    pub fn cost(&mut self, factors: &[usize]) {
        self.site.cost(sizes::cost(factors));
    }

    /// Builds the body, `[ … ]`, on the layer's own input. Returns the chain and the shape of its
    /// output.
    ///
    /// # Errors
    /// When the body can't be built.
    pub fn body(&mut self) -> Result<(Sequential, Vec<usize>), Refusal> {
        let prefix = format!("{}.", self.path);
        let calls = self.bodies.first().map_or(&[][..], Vec::as_slice);
        Sequential::build(calls, self.entry(&prefix), self.site).map_err(Refusal::inside)
    }

    /// Returns the starting point of the chains in the body.
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

    /// Builds the branches, `[ … | … ]`, each on the layer's own input. Returns each chain and the
    /// shape of its output.
    ///
    /// # Errors
    /// When a branch can't be built. The errors of all branches are reported.
    pub fn branches(&mut self) -> Result<Vec<(Sequential, Vec<usize>)>, Refusal> {
        let mut built = Vec::new();
        let mut errors = Vec::new();
        for (i, calls) in self.bodies.iter().enumerate() {
            let prefix = format!("{}.{i}.", self.path);
            match Sequential::build(calls, self.entry(&prefix), self.site) {
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
