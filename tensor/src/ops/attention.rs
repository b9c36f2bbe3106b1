//! Attention.

use std::fmt;

use crate::{
    Scalar, Var,
    buffer::give_back,
    kernels::{
        attention::{BLOCK, Factors, Heads, block_position},
        layout::{slice, standard},
    },
};

/// How tokens attend to each other.
#[derive(Clone)]
pub struct Attention<T> {
    /// Number of heads, among which the features are divided.
    pub heads: usize,
    /// Whether a token sees only itself and the tokens before it.
    pub causal: bool,
    /// Factors of the probabilities, such as zeros for dropout: fills a slice with those at adjacent
    /// [positions](Attention::position), given the first of them. The backward pass calls it
    /// again.
    pub factors: Option<Factors<T>>,
}

impl<T> Attention<T> {
    /// Returns the position that the factor of a probability has in the order of
    /// [`factors`](Self::factors).
    pub fn position(
        &self,
        tokens: usize,
        sample: usize,
        head: usize,
        [query, key]: [usize; 2],
    ) -> usize {
        let head = sample * self.heads + head;
        block_position(tokens, head, query / BLOCK) + key * BLOCK + query % BLOCK
    }
}

impl<T> fmt::Debug for Attention<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attention")
            .field("heads", &self.heads)
            .field("causal", &self.causal)
            .field("factors", &self.factors.is_some())
            .finish()
    }
}

/// Computes `softmax(q kᵀ / √size) v` of each head: `x` is `[n, tokens, 3 · features]`, the queries
/// of all heads, then their keys, then their values, `size = features / heads` each. Returns `[n,
/// tokens, features]`. (`torch.nn.functional.scaled_dot_product_attention`; Vaswani et al. 2017)
///
/// The scores are never stored as a whole: the backward pass computes them again, block by block
/// (Dao et al. 2022).
///
/// ```
/// use tapeline_tensor::{Attention, Params, Tensor, attention, no_grad};
///
/// let options = Attention { heads: 1, causal: true, factors: None };
/// let y = no_grad(&Params::<f64>::new(), |tape, _| {
///     // Queries and keys of 0: each token gets the mean of the values so far.
///     let x = Tensor::from_shape_vec(vec![1, 3, 3], vec![0., 0., 6., 0., 0., 8., 0., 0., 1.]);
///     attention(tape.constant(x.unwrap()), options).value()
/// });
/// assert!(y.iter().zip([6.0, 7.0, 5.0]).all(|(y, mean)| (y - mean).abs() < 1e-12));
/// ```
///
/// # Panics
/// When `x` has another number of dimensions, or the heads don't divide the features.
#[track_caller]
pub fn attention<'t, T: Scalar>(x: Var<'t, T>, options: Attention<T>) -> Var<'t, T> {
    let shape = x.shape();
    let heads = options.heads;
    let &[n, tokens, all] = &shape[..] else {
        panic!("attention: [n, tokens, 3 · features] is wanted, not {shape:?}");
    };
    assert!(
        all > 0 && heads > 0 && all % (3 * heads) == 0,
        "attention: {heads} heads of 3 · features = {all}"
    );
    let by = Heads {
        tokens,
        heads,
        size: all / (3 * heads),
        causal: options.causal,
        factors: options.factors,
    };
    let input = standard(x.value());
    let (y, moments) = T::attention(&by, slice(&input));
    let y = y.into_tensor(&[n, tokens, all / 3]);
    x.tape().op("attention", y, [x], move |g, _| {
        let g = standard(g);
        let dx = T::attention_backward(&by, slice(&g), slice(&input), &moments);
        give_back(g);
        [Some(dx.into_tensor(&shape))]
    })
}
