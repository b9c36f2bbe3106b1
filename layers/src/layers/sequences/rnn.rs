//! The simple recurrent layer.

use tapeline_spec::Arg;
use tapeline_tensor::RecurrentCell;

use super::recurrent::{BIDIRECTIONAL, HIDDEN_SIZE, build};
use crate::LayerDef;

const ACTIVATION: Arg<&str> = Arg::new("activation", "function of the sum")
    .keyword_only()
    .choices(&["tanh", "relu"])
    .default("tanh");

/// `h' = f(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh)`, `[tokens, features]` to `[tokens, hidden]`: the state
/// after each token, from a state of 0, with `f` the `activation`.
///
/// `weight_ih_l0` is `[hidden, features]`, `weight_hh_l0` is `[hidden, hidden]`, `bias_ih_l0` and
/// `bias_hh_l0` are `[hidden]`, all sampled from U(±1/√hidden). `bidirectional` appends the states of
/// a second cell, with parameters of its own, that starts at the last token: `[tokens, 2·hidden]`.
/// (`torch.nn.RNN` with `batch_first=True`; Elman 1990)
pub const RNN: LayerDef = LayerDef {
    name: "rnn",
    about: "simple recurrent layer, the state after each token",
    args: &[HIDDEN_SIZE.info(), BIDIRECTIONAL.info(), ACTIVATION.info()],
    examples: &[
        ("rnn(4)", &[5, 3]),
        ("rnn(4, activation=relu)", &[5, 3]),
        ("rnn(2, bidirectional=true)", &[4, 3]),
        ("rnn(2, bidirectional=true, activation=relu)", &[1, 2]),
    ],
    build: |args, context| {
        let cell = match args.get(ACTIVATION) {
            "relu" => RecurrentCell::Relu,
            _ => RecurrentCell::Tanh,
        };
        build(context, args, cell)
    },
    ..LayerDef::BASE
};
