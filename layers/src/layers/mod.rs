//! The built-in layers, one file each.

pub mod activations;
pub mod combinators;
pub mod normalisation;
pub mod points;
pub mod pooling;
pub mod products;
pub mod regularisation;
pub mod sequences;
pub mod shapes;

use tapeline_spec::Registry;

use crate::LayerDef;

/// Returns the registry of built-in layers.
pub fn layers() -> Registry<LayerDef> {
    let all = [
        activations::elu::ELU,
        activations::geglu::GEGLU,
        activations::gelu::GELU,
        activations::glu::GLU,
        activations::hard_sigmoid::HARD_SIGMOID,
        activations::hard_swish::HARD_SWISH,
        activations::hard_tanh::HARD_TANH,
        activations::leaky_relu::LEAKY_RELU,
        activations::log_sigmoid::LOG_SIGMOID,
        activations::log_softmax::LOG_SOFTMAX,
        activations::mish::MISH,
        activations::prelu::PRELU,
        activations::relu::RELU,
        activations::relu6::RELU6,
        activations::selu::SELU,
        activations::sigmoid::SIGMOID,
        activations::silu::SILU,
        activations::softmax::SOFTMAX,
        activations::softplus::SOFTPLUS,
        activations::softsign::SOFTSIGN,
        activations::swiglu::SWIGLU,
        activations::tanh::TANH,
        combinators::concat::CONCAT,
        combinators::residual::RESIDUAL,
        combinators::squeeze_excite::SQUEEZE_EXCITE,
        combinators::sum::SUM,
        normalisation::batchnorm1d::BATCHNORM1D,
        normalisation::batchnorm2d::BATCHNORM2D,
        normalisation::groupnorm::GROUPNORM,
        normalisation::layernorm::LAYERNORM,
        normalisation::layernorm2d::LAYERNORM2D,
        normalisation::rmsnorm::RMSNORM,
        points::add::ADD,
        points::concat_with::CONCAT_WITH,
        points::save::SAVE,
        pooling::adaptive_avgpool2d::ADAPTIVE_AVGPOOL2D,
        pooling::avgpool1d::AVGPOOL1D,
        pooling::avgpool2d::AVGPOOL2D,
        pooling::global_avgpool2d::GLOBAL_AVGPOOL2D,
        pooling::maxpool1d::MAXPOOL1D,
        pooling::maxpool2d::MAXPOOL2D,
        products::conv1d::CONV1D,
        products::conv2d::CONV2D,
        products::highway::HIGHWAY,
        products::linear::LINEAR,
        products::maxout::MAXOUT,
        products::scale::SCALE,
        regularisation::alpha_dropout::ALPHA_DROPOUT,
        regularisation::drop_path::DROP_PATH,
        regularisation::dropout::DROPOUT,
        regularisation::dropout2d::DROPOUT2D,
        regularisation::gaussian_noise::GAUSSIAN_NOISE,
        sequences::attention::ATTENTION,
        sequences::class_token::CLASS_TOKEN,
        sequences::first::FIRST,
        sequences::image::IMAGE,
        sequences::last::LAST,
        sequences::mean::MEAN,
        sequences::patches::PATCHES,
        sequences::position::POSITION,
        sequences::rows::ROWS,
        sequences::sincos_position::SINCOS_POSITION,
        sequences::tokens::TOKENS,
        sequences::transpose::TRANSPOSE,
        sequences::gru::GRU,
        sequences::lstm::LSTM,
        sequences::rnn::RNN,
        shapes::flatten::FLATTEN,
        shapes::reshape::RESHAPE,
        shapes::shape::SHAPE,
        shapes::upsample2d::UPSAMPLE2D,
        shapes::zero_pad2d::ZERO_PAD2D,
    ];
    all.into_iter()
        .fold(Registry::new("layer"), |registry, def| {
            registry
                .with(def)
                .unwrap_or_else(|e| unreachable!("the names of built-in layers are unique: {e}"))
        })
}

/// The maximum value of a layer's size arguments.
pub(crate) const MAX_SIZE: usize = 1 << 20;
