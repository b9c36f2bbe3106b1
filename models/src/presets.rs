//! Models under a word.

use tapeline_spec::{Preset, Presets};

/// The report's multilayer perceptron.
pub const MLP: Preset = Preset {
    name: "mlp",
    text: "flatten linear(456) relu linear(128) relu linear(10)",
    about: "three fully connected layers; 92.0 % of MNIST's test set after 10 epochs of the default recipe",
};

/// The report's convolutional network.
pub const CNN: Preset = Preset {
    name: "cnn",
    text: "conv2d(8, 5, padding=2) relu maxpool2d(2) conv2d(16, 5, padding=2) relu maxpool2d(2) flatten linear(128) relu linear(10)",
    about: "two convolutions, two fully connected layers; 97.3 % of MNIST's test set after 10 epochs of the default recipe",
};

/// The presets of this crate.
pub fn presets() -> Presets {
    [MLP, CNN]
        .into_iter()
        .fold(Presets::new(), |presets, preset| {
            presets
                .with(preset)
                .unwrap_or_else(|e| unreachable!("our presets can be read: {e}"))
        })
}
