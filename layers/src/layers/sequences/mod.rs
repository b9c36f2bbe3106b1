//! Sequences of tokens, `[tokens, features]`.

pub mod attention;
pub mod class_token;
pub mod first;
pub mod gru;
pub mod image;
pub mod last;
pub mod lstm;
pub mod mean;
pub mod patches;
pub mod position;
mod recurrent;
pub mod rnn;
pub mod rows;
pub mod sincos_position;
pub mod tokens;
pub mod transpose;

use tapeline_tensor::{Scalar, Var, Window};

use crate::Refusal;

/// Views sequences, `[n, tokens, features]`, as images of one row, `[n, features, 1, tokens]`,
/// without moving elements.
pub(super) fn to_images<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
    x.unsqueeze(1).permute(&[0, 3, 1, 2])
}

/// Views images of one row as sequences: the inverse of [`to_images`].
pub(super) fn from_images<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
    let shape = x.shape();
    let x = x.permute(&[0, 2, 3, 1]);
    x.reshape(&[shape[0], shape[3], shape[1]])
}

/// Returns the number of windows over the tokens of a sequence, which is an image of one row.
pub(super) fn windows(window: &Window) -> Result<usize, Refusal> {
    let ([_, extent], [_, padded]) = (window.extent(), window.padded());
    let count = match extent > padded {
        true => Err(format!(
            "a window of {extent} tokens is larger than the {}sequence of {padded}",
            if padded == window.input[1] {
                ""
            } else {
                "padded "
            }
        )),
        false => window.output(),
    };
    match count {
        Ok([_, count]) => Ok(count),
        Err(reason) => Err(Refusal::from(reason).arg("kernel_size")),
    }
}
