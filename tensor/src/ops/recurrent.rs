//! Recurrent layers.

use crate::{
    Scalar, Tensor, Var,
    buffer::{Buffer, give_back},
    kernels::{
        layout::{slice, standard},
        recurrent::{Sizes, Weights},
        sum,
    },
    ops::linear::{matrix, tensor},
    pool,
};

pub use crate::kernels::recurrent::RecurrentCell;

/// Samples whose states a task copies.
const SAMPLES: usize = 16;

/// The parameters of a recurrent layer, named as in PyTorch. The rows of the weights are those of
/// the first gate, then those of the second, and so on.
#[derive(Clone, Copy, Debug)]
pub struct RecurrentWeights<'t, T: Scalar> {
    /// The factor of the tokens, `[gates · hidden, features]`.
    pub weight_ih: Var<'t, T>,
    /// The factor of the states, `[gates · hidden, hidden]`.
    pub weight_hh: Var<'t, T>,
    /// Added to the product of the tokens, `[gates · hidden]`.
    pub bias_ih: Var<'t, T>,
    /// Added to the product of the states, `[gates · hidden]`.
    pub bias_hh: Var<'t, T>,
}

/// Computes the states of a recurrent cell after each token of `x`, `[n, tokens, features]`:
/// returns `[n, tokens, hidden]`. The first state is 0. With `reverse`, the last token comes first.
/// (`torch.nn.LSTM`, `GRU` and `RNN` with one layer and `batch_first=True`)
///
/// With `a = x W_ihᵀ + b_ih` and `s = h W_hhᵀ + b_hh`, each divided into gates:
///
/// | cell | next state |
/// |---|---|
/// | [`Lstm`](RecurrentCell::Lstm) | `i, f, o = σ(a + s)`, `g = tanh(a + s)`, `c' = f c + i g`, `h' = o tanh(c')` |
/// | [`Gru`](RecurrentCell::Gru) | `r, z = σ(a + s)`, `n = tanh(a + r s)`, `h' = (1 − z) n + z h` |
/// | [`Tanh`](RecurrentCell::Tanh) | `h' = tanh(a + s)` |
/// | [`Relu`](RecurrentCell::Relu) | `h' = max(a + s, 0)` |
///
/// # Panics
/// When the shapes don't fit each other, or a size other than `n` is 0.
#[track_caller]
pub fn recurrent<'t, T: Scalar>(
    cell: RecurrentCell,
    x: Var<'t, T>,
    weights: RecurrentWeights<'t, T>,
    reverse: bool,
) -> Var<'t, T> {
    let parents = [
        x,
        weights.weight_ih,
        weights.weight_hh,
        weights.bias_ih,
        weights.bias_hh,
    ];
    let name = cell.name();
    let [input, w_ih, w_hh, b_ih, b_hh] = parents.map(|parent| standard(parent.value()));
    let (&[samples, steps, features], &[width, hidden]) = (input.shape(), w_hh.shape()) else {
        panic!(
            "{name}: input {:?} and weight {:?} must have 3 and 2 dimensions",
            input.shape(),
            w_hh.shape()
        );
    };
    let fits = width == cell.gates() * hidden
        && w_ih.shape() == [width, features]
        && [&b_ih, &b_hh].iter().all(|b| b.shape() == [width])
        && steps * features * hidden > 0;
    assert!(
        fits,
        "{name}: input {:?}, weights {:?} and {:?} and biases {:?} and {:?} do not fit",
        input.shape(),
        w_ih.shape(),
        w_hh.shape(),
        b_ih.shape(),
        b_hh.shape()
    );

    let sizes = Sizes {
        cell,
        samples,
        steps,
        features,
        hidden,
        reverse,
    };
    let given = Weights {
        input: matrix(&w_ih),
        hidden: matrix(&w_hh),
        biases: [slice(&b_ih), slice(&b_hh)],
    };
    let (y, saved) = T::recurrent(slice(&input), given, &sizes);
    let y = y.into_tensor(&[samples, steps, hidden]);
    let states = y.clone();
    let vjp = move |g: Tensor<T>, need: [bool; 5]| {
        let g = standard(g);
        let of_w_hh = matrix(&w_hh);
        let (d_input, d_sums) =
            T::recurrent_backward(slice(&g), slice(&states), &saved, of_w_hh, &sizes);
        give_back(g);
        let tokens = [samples * steps, width];
        let d_input = d_input.into_tensor(&tokens);
        let d_sums = d_sums.map(|d_sums| d_sums.into_tensor(&tokens));
        let x = need[0].then(|| {
            let dx = T::matmul(matrix(&d_input), matrix(&w_ih), None);
            reshaped(tensor(dx), input.shape())
        });
        let w_ih = need[1].then(|| {
            let x = reshaped(input.clone(), &[samples * steps, features]);
            tensor(T::matmul(
                matrix(&d_input).reversed_axes(),
                matrix(&x),
                None,
            ))
        });
        let w_hh = need[2].then(|| {
            let before =
                states_before(slice(&states), &sizes).into_tensor(&[samples * steps, hidden]);
            let d_sums = matrix(d_sums.as_ref().unwrap_or(&d_input));
            let dw = T::matmul(d_sums.reversed_axes(), matrix(&before), None);
            give_back(before);
            tensor(dw)
        });
        let b_ih = need[3].then(|| sum::over(&d_input, 0..1));
        let b_hh = need[4].then(|| match (&d_sums, &b_ih) {
            (None, Some(same)) => same.clone(),
            _ => sum::over(d_sums.as_ref().unwrap_or(&d_input), 0..1),
        });
        if let Some(d_sums) = d_sums {
            give_back(d_sums);
        }
        give_back(d_input);
        [x, w_ih, w_hh, b_ih, b_hh]
    };
    x.tape().op(name, y, parents, vjp)
}

/// Returns the state before each step, in the order of the tokens.
fn states_before<T: Scalar>(states: &[T], sizes: &Sizes) -> Buffer<T> {
    let sample = sizes.steps * sizes.hidden;
    let (from, to) = match sizes.reverse {
        true => (sizes.hidden..sample, 0..sample - sizes.hidden),
        false => (0..sample - sizes.hidden, sizes.hidden..sample),
    };
    let first = match sizes.reverse {
        true => sample - sizes.hidden..sample,
        false => 0..sizes.hidden,
    };
    let mut before = Buffer::any(states.len());
    let task = SAMPLES * sample;
    let tasks = before.chunks_mut(task).zip(states.chunks(task));
    pool::each(tasks, |_, (before, states)| {
        for (before, states) in before.chunks_mut(sample).zip(states.chunks(sample)) {
            before[first.clone()].fill(T::zero());
            before[to.clone()].copy_from_slice(&states[from.clone()]);
        }
    });
    before
}

fn reshaped<T: Scalar>(x: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    x.into_shape_with_order(shape)
        .unwrap_or_else(|e| unreachable!("as many elements in row-major order: {e}"))
}
