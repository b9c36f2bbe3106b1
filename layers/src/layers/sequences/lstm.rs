//! Long short-term memory.

use tapeline_tensor::RecurrentCell;

use super::recurrent::{BIDIRECTIONAL, HIDDEN_SIZE, build};
use crate::LayerDef;

/// Long short-term memory, `[tokens, features]` to `[tokens, hidden]`: the state after each token,
/// from a state and a cell of 0. With `i`, `f`, `g`, `o` the four parts of `x W_ihᵀ + b_ih + h W_hhᵀ
/// + b_hh`:
///
/// `c' = σ(f) c + σ(i) tanh(g)`, `h' = σ(o) tanh(c')`
///
/// `weight_ih_l0` is `[4·hidden, features]`, `weight_hh_l0` is `[4·hidden, hidden]`, `bias_ih_l0` and
/// `bias_hh_l0` are `[4·hidden]`, all sampled from U(±1/√hidden). `bidirectional` appends the states
/// of a second cell, with parameters of its own, that starts at the last token: `[tokens,
/// 2·hidden]`. (`torch.nn.LSTM` with `batch_first=True`; Hochreiter, Schmidhuber 1997)
pub const LSTM: LayerDef = LayerDef {
    name: "lstm",
    about: "long short-term memory, the state after each token",
    args: &[HIDDEN_SIZE.info(), BIDIRECTIONAL.info()],
    examples: &[
        ("lstm(4)", &[5, 3]),
        ("lstm(2, bidirectional=true)", &[4, 3]),
        ("lstm(3)", &[1, 2]),
    ],
    build: |args, context| build(context, args, RecurrentCell::Lstm),
    ..LayerDef::BASE
};
