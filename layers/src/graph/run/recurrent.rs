//! Recurrent operators.

use ndarray::{ArrayD, ArrayView1, ArrayView2, ArrayView3, Axis, Ix3, s};

use super::operands::{Operands, Output};

/// Long short-term memory, with the gates *i*, *o*, *f* and the new values *c*.
pub fn lstm(on: &Operands<'_>) -> Output {
    scan(on, 4, |_, a, s, state| {
        let hidden = state[0].len();
        for k in 0..hidden {
            let sum = |gate: usize| a[gate * hidden + k] + s[gate * hidden + k];
            let (i, o, f) = (sigmoid(sum(0)), sigmoid(sum(1)), sigmoid(sum(2)));
            state[1][k] = f * state[1][k] + i * sum(3).tanh();
            state[0][k] = o * state[1][k].tanh();
        }
    })
}

/// The gated recurrent unit, with the gates *z*, *r* and the new values *h*. `linear_before_reset`
/// applies *r* to the recurrent product; nothing else is supported.
pub fn gru(on: &Operands<'_>) -> Output {
    if on.size_named("linear_before_reset") == 0 {
        return Err("attribute `linear_before_reset` must not be 0".into());
    }
    scan(on, 3, |_, a, s, state| {
        let hidden = state[0].len();
        for k in 0..hidden {
            let sum = |gate: usize| a[gate * hidden + k] + s[gate * hidden + k];
            let (z, r) = (sigmoid(sum(0)), sigmoid(sum(1)));
            let new = (a[2 * hidden + k] + r * s[2 * hidden + k]).tanh();
            state[0][k] = (1.0 - z) * new + z * state[0][k];
        }
    })
}

/// A function of the sum of both products.
pub fn rnn(on: &Operands<'_>) -> Output {
    let words = on.words_named("activations", directions(on))?;
    scan(on, 1, |direction, a, s, state| {
        for (k, state) in state[0].iter_mut().enumerate() {
            *state = match words[direction] {
                "Relu" => (a[k] + s[k]).max(0.0),
                _ => (a[k] + s[k]).tanh(),
            };
        }
    })
}

fn directions(on: &Operands<'_>) -> usize {
    match on.word_named("direction") {
        "bidirectional" => 2,
        _ => 1,
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Returns the states after all tokens, `[tokens, directions, n, hidden]`, of inputs `[tokens, n,
/// features]`. The second direction starts at the last token. `step` gets the direction, both
/// products with their biases, and the state and another vector, which it replaces.
fn scan(
    on: &Operands<'_>,
    gates: usize,
    step: impl Fn(usize, &[f64], &[f64], &mut [Vec<f64>; 2]),
) -> Output {
    let ([x, w, r], b) = ([cube(on, 0)?, cube(on, 1)?, cube(on, 2)?], on.optional(3)?);
    let (directions, hidden) = (directions(on), on.size_named("hidden_size"));
    let (tokens, batch, features) = x.dim();
    let width = hidden.saturating_mul(gates);
    let biases = [directions, width.saturating_mul(2)];
    if w.dim() != (directions, width, features)
        || r.dim() != (directions, width, hidden)
        || b.is_some_and(|b| b.shape() != biases)
    {
        let biases = b.map(|b| b.shape());
        return Err(format!(
            "weights {:?} and {:?} and biases {biases:?} don't fit {directions} directions, \
             {features} features and a state of {hidden}",
            w.shape(),
            r.shape()
        ));
    }
    let mut y = ArrayD::zeros(vec![tokens, directions, batch, hidden]);
    for direction in 0..directions {
        let [w, r] = [&w, &r].map(|x| x.index_axis(Axis(0), direction));
        let bias = |k: usize| b.map_or(0.0, |b| b[[direction, k]]);
        for sample in 0..batch {
            let mut state = [vec![0.0; hidden], vec![0.0; hidden]];
            for turn in 0..tokens {
                let token = if direction == 0 {
                    turn
                } else {
                    tokens - 1 - turn
                };
                let x = x.slice(s![token, sample, ..]);
                let product = |rows: &ArrayView2<f64>, by: ArrayView1<f64>, first: usize| {
                    let rows = rows.outer_iter().enumerate();
                    rows.map(|(k, row)| row.dot(&by) + bias(first + k))
                        .collect::<Vec<_>>()
                };
                let a = product(&w, x, 0);
                let s = product(&r, ArrayView1::from(&state[0]), width);
                step(direction, &a, &s, &mut state);
                for (k, &value) in state[0].iter().enumerate() {
                    y[[token, direction, sample, k]] = value;
                }
            }
        }
    }
    Ok(y.into())
}

fn cube<'a>(on: &'a Operands<'_>, i: usize) -> Result<ArrayView3<'a, f64>, String> {
    let x = on.numbers(i)?;
    let cube = x.view().into_dimensionality::<Ix3>();
    cube.map_err(|_| {
        format!(
            "input {i} must have 3 dimensions, but has shape {:?}",
            x.shape()
        )
    })
}
