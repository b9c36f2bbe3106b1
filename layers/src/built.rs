//! The result of building a layer: the layer, the shape of its output, and what it can be fused
//! with.

use tapeline_tensor::MaxPool2d;

use crate::{AnyLayer, Meaning};

/// A built layer and the shape of its output, without the batch.
pub struct Built {
    pub(crate) layer: Box<dyn AnyLayer>,
    pub(crate) output: Vec<usize>,
    pub(crate) epilogue: Option<Epilogue>,
    pub(crate) join: Option<Join>,
    pub(crate) only_in_training: bool,
    pub(crate) meaning: Meaning,
}

/// A layer that the layer before it may be able to compute in the same pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Epilogue {
    /// `max(x, 0)`.
    Relu,
    /// Max pooling.
    MaxPool2d(MaxPool2d),
}

/// Fuses a layer with the epilogue that follows it, if possible.
pub(crate) type Join = Box<dyn Fn(Epilogue) -> Option<Built>>;

impl Built {
    /// Creates a built layer with an output of shape `output`, without the batch.
    pub fn new(layer: impl AnyLayer + 'static, output: impl Into<Vec<usize>>) -> Self {
        Built {
            layer: Box::new(layer),
            output: output.into(),
            epilogue: None,
            join: None,
            only_in_training: false,
            meaning: Meaning::Logits,
        }
    }

    /// Declares that the layer computes exactly this epilogue, so that it can be fused into the
    /// layer before it.
    #[must_use]
    pub fn epilogue(self, epilogue: Epilogue) -> Self {
        Built {
            epilogue: Some(epilogue),
            ..self
        }
    }

    /// Declares that the layer is the identity in evaluation.
    #[must_use]
    pub fn only_in_training(self) -> Self {
        Built {
            only_in_training: true,
            ..self
        }
    }

    /// Declares what the output means in evaluation. The default is logits, values of any size; a
    /// layer that is [`only_in_training`](Self::only_in_training) passes on the meaning of its
    /// input.
    #[must_use]
    pub fn means(self, meaning: Meaning) -> Self {
        Built { meaning, ..self }
    }

    /// Declares how to fuse the layer with an epilogue that directly follows it, so that one layer
    /// computes both in one pass. Fusing changes neither the result of the model nor the names of
    /// its parameters.
    #[must_use]
    pub fn join(self, join: impl Fn(Epilogue) -> Option<Built> + 'static) -> Self {
        Built {
            join: Some(Box::new(join)),
            ..self
        }
    }
}
