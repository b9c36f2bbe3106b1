//! The gated recurrent unit.

use tapeline_tensor::RecurrentCell;

use super::recurrent::{BIDIRECTIONAL, HIDDEN_SIZE, build};
use crate::LayerDef;

/// A gated recurrent unit, `[tokens, features]` to `[tokens, hidden]`: the state after each token,
/// from a state of 0. With `r`, `z`, `n` the three parts of `x W_ihᵀ + b_ih`, and `r'`, `z'`, `n'`
/// those of `h W_hhᵀ + b_hh`:
///
/// `h' = (1 − σ(z + z')) tanh(n + σ(r + r') n') + σ(z + z') h`
///
/// `weight_ih_l0` is `[3·hidden, features]`, `weight_hh_l0` is `[3·hidden, hidden]`, `bias_ih_l0` and
/// `bias_hh_l0` are `[3·hidden]`, all sampled from U(±1/√hidden). `bidirectional` appends the states
/// of a second cell, with parameters of its own, that starts at the last token: `[tokens,
/// 2·hidden]`. (`torch.nn.GRU` with `batch_first=True`; Cho et al. 2014)
pub const GRU: LayerDef = LayerDef {
    name: "gru",
    about: "gated recurrent unit, the state after each token",
    args: &[HIDDEN_SIZE.info(), BIDIRECTIONAL.info()],
    examples: &[
        ("gru(4)", &[5, 3]),
        ("gru(2, bidirectional=true)", &[4, 3]),
        ("gru(3)", &[1, 2]),
    ],
    build: |args, context| build(context, args, RecurrentCell::Gru),
    ..LayerDef::BASE
};
