//! The first token, and the selection of one token.

use crate::{Build, Built, LayerDef, Refusal, layers::activations::pointwise};

/// The first token: `[tokens, features]` to `[features]`. After `class_token`, it is the token that
/// has collected what the others know about the class. (`x[:, 0]` in PyTorch; Dosovitskiy et al.
/// 2021)
pub const FIRST: LayerDef = LayerDef {
    name: "first",
    about: "the first token of a sequence",
    examples: &[("first", &[3, 4]), ("first", &[2, 5])],
    build: |_, build| select(build, |_| 0),
    ..LayerDef::BASE
};

/// Builds the selection of the token at a place, which depends on the number of tokens.
pub(super) fn select(build: &Build, place: impl Fn(usize) -> usize) -> Result<Built, Refusal> {
    let [tokens, features] = build.sequence()?;
    let place = place(tokens);
    let token = pointwise!(move |x| x.select(1, place), move |graph, x| {
        let [start, end, axis] = [place, place + 1, 1].map(|number| graph.sizes(&[number]));
        let token = graph.node("Slice", &[x, start, end, axis]);
        graph.reshape(token, &[features])
    });
    Ok(Built::new(token, [features]).means(build.input_meaning()))
}
