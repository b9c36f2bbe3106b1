//! Layers that multiply by learned weights: linear layers and convolutions.

pub mod conv1d;
pub mod conv2d;
pub mod highway;
pub mod linear;
pub mod maxout;
pub mod scale;

use tapeline_spec::Arg;
use tapeline_tensor::ParamId;

use crate::{Build, Init, Refusal};

const BIAS: Arg<bool> = Arg::new("bias", "whether to learn a bias")
    .keyword_only()
    .inferred(0, "PyTorch's `in_features`")
    .default(true);

const INIT: Arg<&str> = Arg::new("init", "initialization of the weights")
    .keyword_only()
    .choices(&[
        "uniform",
        "kaiming_uniform",
        "kaiming_normal",
        "xavier_uniform",
        "xavier_normal",
        "orthogonal",
        "zeros",
    ])
    .default("uniform");

/// Returns the initialization that a choice of [`INIT`] stands for, with `fan_in` inputs to each
/// output and `fan_out` outputs of each input.
fn init(word: &str, fan_in: usize, fan_out: usize) -> Init {
    let (a, b) = (fan_in as f64, fan_in as f64 + fan_out as f64);
    match word {
        "kaiming_uniform" => Init::Uniform((6.0 / a).sqrt()),
        "kaiming_normal" => Init::Normal((2.0 / a).sqrt()),
        "xavier_uniform" => Init::Uniform((6.0 / b).sqrt()),
        "xavier_normal" => Init::Normal((2.0 / b).sqrt()),
        "orthogonal" => Init::Orthogonal,
        "zeros" => Init::Constant(0.0),
        _ => Init::fan_in(fan_in),
    }
}

/// Declares the bias of `outputs` outputs, if wanted. It is sampled from U(±1/√fan_in), whatever
/// the initialization of the weights.
fn bias(
    wanted: bool,
    build: &mut Build,
    outputs: usize,
    fan_in: usize,
) -> Result<Option<ParamId>, Refusal> {
    match wanted {
        true => Ok(Some(build.bias(
            "bias",
            &[outputs],
            Init::fan_in(fan_in),
        )?)),
        false => Ok(None),
    }
}
