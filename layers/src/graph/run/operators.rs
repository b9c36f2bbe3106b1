//! The table of operators.

use super::{
    activations, arithmetic, convolution, normalization,
    operands::{Operands, Output},
    pooling, products, recurrent, shapes,
};
use crate::graph::Attribute;

/// An ONNX operator, as the interpreter knows it.
pub struct Operator {
    /// Its name in the ONNX operator set.
    pub name: &'static str,
    /// The minimum and maximum number of inputs.
    pub inputs: [usize; 2],
    /// The names and kinds of its attributes.
    pub attributes: &'static [(&'static str, AttributeKind)],
    pub(super) run: fn(&Operands<'_>) -> Output,
}

/// The type of an attribute and its default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AttributeKind {
    /// A number, and its default.
    Number(f64),
    /// A size or flag, and its default.
    Size(usize),
    /// An axis; the last one by default.
    LastAxis,
    /// An axis, without a default.
    RequiredAxis,
    /// Sizes; their default depends on the shapes of inputs.
    Sizes,
    /// One of these words; the first is the default.
    Word(&'static [&'static str]),
    /// Some of these words, as many as the operator needs; the first is the default.
    Words(&'static [&'static str]),
}

impl AttributeKind {
    /// Checks a value. The error is what was expected.
    pub(super) fn expect(&self, value: &Attribute) -> Result<(), String> {
        use AttributeKind::{LastAxis, Number, RequiredAxis, Size, Sizes, Word, Words};
        match (self, value) {
            (Number(_), Attribute::Number(_))
            | (Size(_) | LastAxis | RequiredAxis, Attribute::Size(_))
            | (Sizes, Attribute::Sizes(_)) => Ok(()),
            (Word(words), Attribute::Word(word)) if words.contains(word) => Ok(()),
            (Words(words), Attribute::Words(all)) if all.iter().all(|w| words.contains(w)) => {
                Ok(())
            }
            (Number(_), _) => Err("a number".into()),
            (Size(_), _) => Err("a size".into()),
            (LastAxis | RequiredAxis, _) => Err("an axis".into()),
            (Sizes, _) => Err("a list of sizes".into()),
            (Word(words), _) => Err(format!("one of {words:?}")),
            (Words(words), _) => Err(format!("a list of {words:?}")),
        }
    }
}

/// A shorthand for the table.
type Attributes = &'static [(&'static str, AttributeKind)];

use AttributeKind::{LastAxis, Number, RequiredAxis, Size, Sizes, Word, Words};

/// The operators that the interpreter knows, in alphabetical order. Each is written by some layer of
/// this crate.
///
/// Attributes without effect in evaluation, and those that no layer needs, are not in the table.
pub const OPERATORS: &[Operator] = &[
    op("Add", [2, 2], &[], arithmetic::add),
    op("AveragePool", [1, 1], AVERAGE_POOL, pooling::average),
    op("BatchNormalization", [5, 5], EPSILON, normalization::batch),
    op("Clip", [1, 3], &[], activations::clip),
    op(
        "Concat",
        [1, usize::MAX],
        &[("axis", RequiredAxis)],
        shapes::concat,
    ),
    op("Conv", [2, 3], CONV, convolution::conv),
    op("Div", [2, 2], &[], arithmetic::div),
    op("Elu", [1, 1], &[("alpha", Number(1.0))], activations::elu),
    op("Flatten", [1, 1], &[("axis", Size(1))], shapes::flatten),
    op("GRU", [3, 4], GRU, recurrent::gru),
    op(
        "Gelu",
        [1, 1],
        &[("approximate", Word(&["none", "tanh"]))],
        activations::gelu,
    ),
    op("Gemm", [2, 3], GEMM, products::gemm),
    op("GlobalAveragePool", [1, 1], &[], pooling::global_average),
    op("Greater", [2, 2], &[], arithmetic::greater),
    op(
        "HardSigmoid",
        [1, 1],
        HARD_SIGMOID,
        activations::hard_sigmoid,
    ),
    op("HardSwish", [1, 1], &[], activations::hard_swish),
    op(
        "InstanceNormalization",
        [3, 3],
        EPSILON,
        normalization::instance,
    ),
    op("LSTM", [3, 4], RECURRENT, recurrent::lstm),
    op(
        "LayerNormalization",
        [2, 3],
        LAYER_NORMALIZATION,
        normalization::layer,
    ),
    op(
        "LeakyRelu",
        [1, 1],
        &[("alpha", Number(0.01))],
        activations::leaky_relu,
    ),
    op(
        "LogSoftmax",
        [1, 1],
        &[("axis", LastAxis)],
        activations::log_softmax,
    ),
    op("MatMul", [2, 2], &[], products::matmul),
    op("MaxPool", [1, 1], WINDOW, pooling::max),
    op("Mish", [1, 1], &[], activations::mish),
    op("Mul", [2, 2], &[], arithmetic::mul),
    op("Neg", [1, 1], &[], arithmetic::neg),
    op("PRelu", [2, 2], &[], activations::prelu),
    op("Pad", [2, 3], PAD, shapes::pad),
    op("RNN", [3, 4], RNN, recurrent::rnn),
    op("ReduceMax", [1, 2], REDUCE, arithmetic::reduce_max),
    op("ReduceMean", [1, 2], REDUCE, arithmetic::reduce_mean),
    op("Relu", [1, 1], &[], activations::relu),
    op("Reshape", [2, 2], &[], shapes::reshape),
    op("Resize", [1, 4], RESIZE, shapes::resize),
    op("Selu", [1, 1], SELU, activations::selu),
    op("Sigmoid", [1, 1], &[], activations::sigmoid),
    op("Slice", [4, 4], &[], shapes::slice),
    op(
        "Softmax",
        [1, 1],
        &[("axis", LastAxis)],
        activations::softmax,
    ),
    op("Softplus", [1, 1], &[], activations::softplus),
    op("Softsign", [1, 1], &[], activations::softsign),
    op("Sqrt", [1, 1], &[], arithmetic::sqrt),
    op("Sum", [1, usize::MAX], &[], arithmetic::sum),
    op("Tanh", [1, 1], &[], activations::tanh),
    op("Transpose", [1, 1], &[("perm", Sizes)], shapes::transpose),
    op("Where", [3, 3], &[], arithmetic::select),
];

const fn op(
    name: &'static str,
    inputs: [usize; 2],
    attributes: Attributes,
    run: fn(&Operands<'_>) -> Output,
) -> Operator {
    Operator {
        name,
        inputs,
        attributes,
        run,
    }
}

const EPSILON: Attributes = &[("epsilon", Number(1e-5))];
const LAYER_NORMALIZATION: Attributes = &[("axis", LastAxis), ("epsilon", Number(1e-5))];
const HARD_SIGMOID: Attributes = &[("alpha", Number(0.2)), ("beta", Number(0.5))];
const SELU: Attributes = &[
    ("alpha", Number(1.673_263_192_176_818_8)),
    ("gamma", Number(1.050_701_022_148_132_3)),
];
const REDUCE: Attributes = &[("keepdims", Size(1)), ("noop_with_empty_axes", Size(0))];
const PAD: Attributes = &[("mode", Word(&["constant", "reflect", "edge", "wrap"]))];
const GEMM: Attributes = &[
    ("alpha", Number(1.0)),
    ("beta", Number(1.0)),
    ("transA", Size(0)),
    ("transB", Size(0)),
];
const WINDOW: Attributes = &[
    ("kernel_shape", Sizes),
    ("strides", Sizes),
    ("pads", Sizes),
    ("dilations", Sizes),
];
const CONV: Attributes = &[
    ("kernel_shape", Sizes),
    ("strides", Sizes),
    ("pads", Sizes),
    ("dilations", Sizes),
    ("group", Size(1)),
];
const AVERAGE_POOL: Attributes = &[
    ("kernel_shape", Sizes),
    ("strides", Sizes),
    ("pads", Sizes),
    ("dilations", Sizes),
    ("count_include_pad", Size(0)),
];
const DIRECTION: (&str, AttributeKind) = ("direction", Word(&["forward", "bidirectional"]));
const RECURRENT: Attributes = &[("hidden_size", Size(0)), DIRECTION];
const GRU: Attributes = &[
    ("hidden_size", Size(0)),
    DIRECTION,
    ("linear_before_reset", Size(0)),
];
const RNN: Attributes = &[
    ("hidden_size", Size(0)),
    DIRECTION,
    ("activations", Words(&["Tanh", "Relu"])),
];
const RESIZE: Attributes = &[
    ("mode", Word(&["nearest"])),
    (
        "coordinate_transformation_mode",
        Word(&["half_pixel", "asymmetric"]),
    ),
    (
        "nearest_mode",
        Word(&["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]),
    ),
];
