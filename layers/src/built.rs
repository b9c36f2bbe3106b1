//! What building a layer gives: the layer, its output's shape, and what it can be joined with.

use tapeline_tensor::MaxPool2d;

use crate::{AnyLayer, Meaning};

/// A built layer and the shape of its output, without the batch.
pub struct Built {
    pub(crate) layer: Box<dyn AnyLayer>,
    pub(crate) output: Vec<usize>,
    pub(crate) epilogue: Option<Epilogue>,
    pub(crate) join: Option<Join>,
    pub(crate) is_view: bool,
    pub(crate) only_in_training: bool,
    pub(crate) meaning: Meaning,
}

/// What a layer does, where the layer before it may do that in the same pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Epilogue {
    /// `max(x, 0)`.
    Relu,
    /// Max-pooling.
    MaxPool2d(MaxPool2d),
}

/// Makes one layer of a layer and the epilogue behind it, if they can be one.
pub(crate) type Join = Box<dyn Fn(Epilogue) -> Option<Built>>;

impl Built {
    /// A layer that turns its input into `output`, a shape without the batch.
    pub fn new(layer: impl AnyLayer + 'static, output: impl Into<Vec<usize>>) -> Self {
        Built {
            layer: Box::new(layer),
            output: output.into(),
            epilogue: None,
            join: None,
            is_view: false,
            only_in_training: false,
            meaning: Meaning::Logits,
        }
    }

    /// Says that the output lies in the input's memory, so that it takes none of its own.
    #[must_use]
    pub fn view(self) -> Self {
        Built {
            is_view: true,
            ..self
        }
    }

    /// Says that the layer does no more than this epilogue, so that the layer before it may do it instead.
    #[must_use]
    pub fn epilogue(self, epilogue: Epilogue) -> Self {
        Built {
            epilogue: Some(epilogue),
            ..self
        }
    }

    /// Says that in evaluation the layer hands its input on as it is.
    #[must_use]
    pub fn only_in_training(self) -> Self {
        Built {
            only_in_training: true,
            ..self
        }
    }

    /// Says what the output means in evaluation. Without this it is logits, values of any size; a layer that is
    /// [`only_in_training`](Self::only_in_training) passes the meaning of its input on.
    #[must_use]
    pub fn means(self, meaning: Meaning) -> Self {
        Built { meaning, ..self }
    }

    /// Says how the layer and an epilogue right behind it become one layer that does both in one pass. What a model computes and the
    /// names of its parameters don't change by it.
    #[must_use]
    pub fn join(self, join: impl Fn(Epilogue) -> Option<Built> + 'static) -> Self {
        Built {
            join: Some(Box::new(join)),
            ..self
        }
    }
}
