//! The settings of a training run: one description for the Rust API, for the options of the command
//! line, for `config.toml` and for the files of comparisons.
//!
//! | module | contents |
//! |---|---|
//! | [`limits`] | valid ranges of the numbers |
//! | [`text`] | a setting as text: reads an option, writes a command |
//! | [`fold`] | one of several equal parts of the training images |
//! | [`held`] | the images held out for validation: a number or a fraction |
//! | [`normalize`] | how pixels are normalized |
//! | [`patterns`] | patterns that select parameters by name or place |
//! | [`alternatives`] | expands `{1, 2}` in the text of a setting |
//! | [`specs`] | parses the specs in the settings |
//! | [`source`] | the spec of the model, and where it comes from |
//! | [`named`](mod@named) | a file of named specs |
//! | [`origin`] | where settings come from, for error messages |

pub mod alternatives;
pub mod fold;
pub mod held;
pub mod limits;
pub mod named;
pub mod normalize;
pub mod origin;
pub mod patterns;
pub mod source;
pub mod specs;
pub mod text;

use serde::{Deserialize, Serialize};

use crate::{
    settings::{fold::Fold, held::Held, normalize::Normalize},
    stored_path::StoredPath,
};

/// The settings of a training run, except the dataset. [`Default`] is the recipe of the report, on
/// which all defaults of the command line are based.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Spec of the model.
    #[serde(rename = "spec", alias = "model")]
    pub model: String,
    /// Spec of the loss.
    pub loss: String,
    /// Spec of the optimizer.
    pub optimizer: String,
    /// Spec of the learning-rate schedule.
    pub schedule: String,
    /// Spec of the augmentation of the training images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<String>,
    /// Number of passes over the training data, 1 to 1,000,000.
    #[serde(deserialize_with = "limits::epochs")]
    pub epochs: u64,
    /// Batch size, 1 to 65,536; the last batch of an epoch may be smaller.
    #[serde(deserialize_with = "limits::batch_size")]
    pub batch_size: usize,
    /// Random seed, up to 2⁶³ − 1.
    #[serde(default, deserialize_with = "limits::seed")]
    pub seed: u64,
    /// How pixels are normalized.
    #[serde(
        default,
        skip_serializing_if = "Normalize::is_default",
        deserialize_with = "normalize::normalize"
    )]
    pub normalize: Normalize,
    /// The part of the training images to test on; the other parts are trained on. The test images of
    /// the dataset are not used.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fold::fold"
    )]
    pub fold: Option<Fold>,
    /// Images held out from the training data for validation, with the classes in the same
    /// proportions.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "held::val"
    )]
    pub val: Option<Held>,
    /// Number of epochs without a smaller validation loss after which the run ends, 1 to 1,000,000.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::patience"
    )]
    pub patience: Option<u64>,
    /// Number of images to train on, from the start of the training data.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::limit"
    )]
    pub limit: Option<usize>,
    /// Model file with the initial weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<StoredPath>,
    /// Whether the file may lack parameters of the model and have others: only those whose name and
    /// shape fit are taken.
    #[serde(
        default,
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "limits::partial"
    )]
    pub partial: bool,
    /// Patterns of the parameters that are frozen; see [`patterns`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "patterns::freeze"
    )]
    pub freeze: Option<String>,
    /// Patterns of parameters with factors on their learning rates, like `0-6: 0.1`. Where several
    /// match, the last one counts.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "patterns::lr_scale"
    )]
    pub lr_scale: Option<String>,
    /// Learning rate; replaces the optimizer's own.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::lr"
    )]
    pub lr: Option<f64>,
    /// Maximum of the global gradient norm; larger gradients are clipped.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "limits::max_grad_norm"
    )]
    pub max_grad_norm: Option<f64>,
}

/// A setting as an option: `--batch-size N`. The model and the seed are not among them, because
/// they are given in their own ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SettingDef {
    /// Name of the field; the option has hyphens instead of underscores.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// What it does, in one line.
    pub about: &'static str,
    /// Its name in descriptions of a run.
    pub title: &'static str,
    /// Its name as a column of a comparison.
    pub column: &'static str,
}

/// The kind of the values of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// An integer, or a fraction between 0 and 1.
    Amount,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A part and the number of parts, like `2/5`.
    Part,
    /// A spec.
    Spec,
    /// The path of a file.
    File,
    /// `true` or `false`; the option alone means `true`.
    Flag,
    /// A list separated by commas; the option may be repeated.
    List,
}

/// All settings that are options, in the order of the help.
pub const SETTINGS: [SettingDef; 17] = [
    SettingDef {
        name: "epochs",
        kind: Kind::Integer,
        about: "Number of passes over the training data",
        title: "epochs",
        column: "epochs",
    },
    SettingDef {
        name: "batch_size",
        kind: Kind::Integer,
        about: "Batch size; the last batch of an epoch may be smaller",
        title: "batch size",
        column: "batch size",
    },
    SettingDef {
        name: "optimizer",
        kind: Kind::Spec,
        about: "Optimizer",
        title: "optimizer",
        column: "optimizer",
    },
    SettingDef {
        name: "lr",
        kind: Kind::Number,
        about: "Learning rate; overrides the optimizer's own",
        title: "learning rate override",
        column: "lr",
    },
    SettingDef {
        name: "max_grad_norm",
        kind: Kind::Number,
        about: "Clip the global gradient norm to this maximum",
        title: "max grad norm",
        column: "max grad norm",
    },
    SettingDef {
        name: "loss",
        kind: Kind::Spec,
        about: "Loss function",
        title: "loss",
        column: "loss",
    },
    SettingDef {
        name: "schedule",
        kind: Kind::Spec,
        about: "Learning-rate schedule",
        title: "schedule",
        column: "schedule",
    },
    SettingDef {
        name: "augment",
        kind: Kind::Spec,
        about: "Augment the training images, like \"shift(2) rotate(10)\"",
        title: "augmentation",
        column: "augment",
    },
    SettingDef {
        name: "normalize",
        kind: Kind::Word(normalize::WORDS),
        about: "Normalize pixels: scale to 0…1, or standardize each channel",
        title: "normalization",
        column: "normalize",
    },
    SettingDef {
        name: "fold",
        kind: Kind::Part,
        about: "Test on part I of K of the training images, train on the rest",
        title: "fold",
        column: "fold",
    },
    SettingDef {
        name: "val",
        kind: Kind::Amount,
        about: "Hold out N images or a fraction; best.safetensors: best epoch on them",
        title: "validation images",
        column: "val",
    },
    SettingDef {
        name: "patience",
        kind: Kind::Integer,
        about: "End when the validation loss hasn't improved for N epochs",
        title: "patience in epochs",
        column: "patience",
    },
    SettingDef {
        name: "limit",
        kind: Kind::Integer,
        about: "Train on the first N images only",
        title: "training images used",
        column: "images",
    },
    SettingDef {
        name: "weights",
        kind: Kind::File,
        about: "Initial weights: a safetensors file with PyTorch's names",
        title: "initial weights",
        column: "weights",
    },
    SettingDef {
        name: "partial",
        kind: Kind::Flag,
        about: "Take what fits from --weights, and list what doesn't",
        title: "weights in part",
        column: "partial",
    },
    SettingDef {
        name: "freeze",
        kind: Kind::List,
        about: "Freeze parameters by place or name, like \"0-6, *.bias\"",
        title: "frozen parameters",
        column: "freeze",
    },
    SettingDef {
        name: "lr_scale",
        kind: Kind::List,
        about: "Scale learning rates by place or name, like \"0-6: 0.1\"",
        title: "scaled learning rates",
        column: "lr scale",
    },
];

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: "mlp".into(),
            loss: "cross_entropy".into(),
            optimizer: "sgd(lr=0.001, momentum=0.9, weight_decay=0.005)".into(),
            schedule: "constant".into(),
            augment: None,
            normalize: Normalize::default(),
            epochs: 10,
            batch_size: 100,
            seed: 0,
            fold: None,
            val: None,
            patience: None,
            limit: None,
            weights: None,
            partial: false,
            freeze: None,
            lr_scale: None,
            lr: None,
            max_grad_norm: None,
        }
    }
}
