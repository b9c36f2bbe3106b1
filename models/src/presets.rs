//! Named specs.

use tapeline_layers::with_input_sizes;
use tapeline_spec::{Preset, Presets};

/// The multilayer perceptron of the report.
pub const MLP: Preset = Preset {
    name: "mlp",
    text: "flatten linear(456) relu linear(128) relu linear(classes)",
    about: "three fully connected layers; 92.0 % test accuracy on MNIST after 10 epochs with the default recipe",
};

/// The convolutional network of the report.
pub const CNN: Preset = Preset {
    name: "cnn",
    text: "conv2d(8, 5, padding=2) relu maxpool2d(2) conv2d(16, 5, padding=2) relu maxpool2d(2) flatten linear(128) relu linear(classes)",
    about: "two convolutions, two fully connected layers; 97.3 % test accuracy on MNIST after 10 epochs with the default recipe",
};

/// A single linear layer: multinomial logistic regression.
pub const SOFTMAX_REGRESSION: Preset = Preset {
    name: "softmax_regression",
    text: "flatten linear(classes)",
    about: "one fully connected layer; 90.2 % test accuracy on MNIST after 10 epochs with the default recipe",
};

/// LeNet-5 with plain average pooling for subsampling, and a second convolution that connects all
/// channels. (LeCun et al. 1998)
pub const LENET5: Preset = Preset {
    name: "lenet5",
    text: "conv2d(6, 5, padding=2) tanh avgpool2d(2) conv2d(16, 5) tanh avgpool2d(2) flatten linear(120) tanh linear(84) tanh linear(classes)",
    about: "LeCun's network of 1998; 98.9 % test accuracy on MNIST after 10 epochs with adam(lr=0.002) and cosine",
};

/// A deep multilayer perceptron: ten linear layers, eight of them with a residual connection.
pub const DEEP_MLP: Preset = Preset {
    name: "deep_mlp",
    text: "flatten linear(128) relu 8*residual[ linear(128) relu ] linear(classes)",
    about: "ten fully connected layers, eight of them residual; 96.8 % test accuracy on MNIST after 10 epochs with the default recipe",
};

/// A small residual network: three blocks of two convolutions, each convolution followed by batch
/// normalization. (He et al. 2016)
///
/// It reaches 99.57 % with `--optimizer "adam(lr=0.003)" --schedule "warmup(300) cosine" --augment
/// "shift(2) rotate(10) scale(0.9, 1.1)" --epochs 15`, in 14 minutes on two cores.
pub const RESNET_SMALL: Preset = Preset {
    name: "resnet_small",
    text: "conv2d(16, 3, padding=1, bias=false) batchnorm2d relu \
           residual(projection=true)[ conv2d(32, 3, stride=2, padding=1, bias=false) batchnorm2d relu conv2d(32, 3, padding=1, bias=false) batchnorm2d ] relu \
           residual[ conv2d(32, 3, padding=1, bias=false) batchnorm2d relu conv2d(32, 3, padding=1, bias=false) batchnorm2d ] relu \
           residual(projection=true)[ conv2d(64, 3, stride=2, padding=1, bias=false) batchnorm2d relu conv2d(64, 3, padding=1, bias=false) batchnorm2d ] relu \
           global_avgpool2d linear(classes)",
    about: "three residual blocks of convolutions; 99.6 % test accuracy on MNIST after 15 epochs with adam(lr=0.003), \"warmup(300) cosine\" and --augment \"shift(2) rotate(10) scale(0.9, 1.1)\"",
};

/// A small MLP-Mixer: linear layers mix, in turn, the tokens and the features of the patches of an
/// image. (Tolstikhin et al. 2021)
pub const MLP_MIXER: Preset = Preset {
    name: "mlp_mixer",
    text: "patches(4, 64) \
           4*[ residual[ layernorm transpose linear(2*features) gelu linear(features/2) transpose ] \
           residual[ layernorm linear(2*features) gelu linear(features/2) ] ] \
           layernorm mean linear(classes)",
    about: "four blocks of linear layers that mix the patches of an image, and their features, in turn; 98.4 % test accuracy on MNIST after 3 epochs with adam(lr=0.003) and \"warmup(300) cosine\"",
};

/// A small vision transformer: patches of 4×4 pixels, a class token, learned positions, and four
/// blocks of attention and two linear layers, each after layer normalization. (Dosovitskiy et al.
/// 2021)
pub const VIT_TINY: Preset = Preset {
    name: "vit_tiny",
    text: "let block = [ residual[ layernorm attention(4) ] residual[ layernorm linear(2*features) gelu linear(features/2) ] ]; \
           patches(4, 64) class_token position 4*block layernorm first linear(classes)",
    about: "a small vision transformer: attention among patches of 4x4; 97.2 % test accuracy on MNIST after 3 epochs with adam(lr=0.003) and \"warmup(300) cosine\"",
};

/// A recurrent network that reads an image row by row. (Hochreiter, Schmidhuber 1997)
pub const LSTM_ROWS: Preset = Preset {
    name: "lstm_rows",
    text: "rows lstm(128) last linear(classes)",
    about: "an LSTM that reads an image row by row; 98.3 % test accuracy on MNIST after 3 epochs with adam(lr=0.003) and \"warmup(300) cosine\"",
};

/// A small network of few parameters: six convolutions with batch normalization, and the mean of
/// the last one.
pub const TINY: Preset = Preset {
    name: "tiny",
    text: "let unit(n) = [ conv2d(n, 3, padding=1, bias=false) batchnorm2d relu ]; \
           2*unit(8) maxpool2d(2) 2*unit(12) maxpool2d(2) unit(18) conv2d(16, 3, bias=false) batchnorm2d relu \
           global_avgpool2d linear(classes)",
    about: "six convolutions with 7662 parameters in all; 99.4 % test accuracy on MNIST after 30 epochs with batch size 64, adam(lr=0.01), \"warmup(300) cosine\" and --augment \"shift(2) rotate(10) scale(0.9, 1.1)\"",
};

/// Patches of 2×2 pixels, then convolutions of each channel in turn with convolutions of each place:
/// ConvMixer-64/4 with kernels of 5×5. (Trockman, Kolter 2022)
pub const CONVMIXER: Preset = Preset {
    name: "convmixer",
    text: "let mix(k) = [ residual[ conv2d(channels, k, padding=same, groups=channels) gelu batchnorm2d ] conv2d(channels, 1) gelu batchnorm2d ]; \
           conv2d(64, 2, stride=2) gelu batchnorm2d 4*mix(5) global_avgpool2d linear(classes)",
    about: "patches, then depthwise and pointwise convolutions; 99.3 % test accuracy on MNIST after 3 epochs with adam(lr=0.003) and \"warmup(300) cosine\"",
};

/// A small ConvNeXt: stages of two blocks with 32 and 64 channels, without stochastic depth. (Liu et
/// al. 2022)
pub const CONVNEXT_TINY: Preset = Preset {
    name: "convnext_tiny",
    text: "let block = [ residual[ conv2d(channels, 7, padding=same, groups=channels) layernorm2d conv2d(4*channels, 1) gelu conv2d(channels/4, 1) scale ] ]; \
           conv2d(32, 2, stride=2) layernorm2d 2*block layernorm2d conv2d(64, 2, stride=2) 2*block \
           global_avgpool2d layernorm(eps=1e-6) linear(classes)",
    about: "a small ConvNeXt: depthwise convolutions of 7x7, layer normalization, residual blocks; 98.5 % test accuracy on MNIST after 3 epochs with adam(lr=0.003) and \"warmup(300) cosine\"",
};

/// A small DenseNet-BC without bottlenecks: two blocks of four layers, each of which adds 12
/// channels, and a transition that halves size and channels. (Huang et al. 2017)
pub const DENSENET_SMALL: Preset = Preset {
    name: "densenet_small",
    text: "let grow(k) = [ save(x) batchnorm2d relu conv2d(k, 3, padding=1, bias=false) concat_with(x) ]; \
           let transition = [ batchnorm2d relu conv2d(channels/2, 1, bias=false) avgpool2d(2) ]; \
           conv2d(24, 3, stride=2, padding=1, bias=false) 4*grow(12) transition 4*grow(12) \
           batchnorm2d relu global_avgpool2d linear(classes)",
    about: "a small DenseNet: each convolution sees the outputs of all before it; 99.3 % test accuracy on MNIST after 3 epochs with adam(lr=0.003) and \"warmup(300) cosine\"",
};

/// The word that stands for the number of classes in a spec, as in `linear(classes)`.
pub const CLASSES: &str = "classes";

/// Returns the presets of this crate. Specs read with them can use the
/// [sizes of inputs](tapeline_layers::INPUT_SIZES), and [`CLASSES`], which is 10, as in MNIST; for
/// other data, set it to their number of classes:
///
/// ```
/// use tapeline_layers::layers;
/// use tapeline_models::{CLASSES, Model, presets};
///
/// let presets = presets().with_integer(CLASSES, Some(4));
/// let model = Model::build("cnn", &[3, 32, 32], &layers(), &presets)?;
/// assert_eq!(model.plan.output, [4]);
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub fn presets() -> Presets {
    let none = with_input_sizes(Presets::new()).with_integer(CLASSES, Some(10));
    let all = [
        MLP,
        CNN,
        SOFTMAX_REGRESSION,
        LENET5,
        RESNET_SMALL,
        DEEP_MLP,
        MLP_MIXER,
        CONVMIXER,
        CONVNEXT_TINY,
        DENSENET_SMALL,
        VIT_TINY,
        LSTM_ROWS,
        TINY,
    ];
    all.into_iter().fold(none, |presets, preset| {
        presets
            .with(preset)
            .unwrap_or_else(|e| unreachable!("our presets can be read: {e}"))
    })
}
