//! Attention, one query after another.

use ndarray::ArrayD;

use super::{narrow, widen};
use crate::{Attention, Scalar, Tensor};

/// `y[i] = Σ_j f[i, j] p[i, j] v[j]` for each head, with the softmax `p` over the keys `j` of `q[i]
/// k[j] / √size`, and the factors `f`.
pub fn attention<T: Scalar>(x: &Tensor<T>, options: &Attention<T>) -> Tensor<T> {
    let mut y = ArrayD::zeros(vec![x.shape()[0], x.shape()[1], x.shape()[2] / 3]);
    for_each_query(x, options, |head, at_query, p, factors| {
        for (key, (p, f)) in p.iter().zip(factors).enumerate() {
            for c in 0..head.size {
                y[at_query(c)] += p * f * head.x[head.at(2, key, c)];
            }
        }
    });
    narrow(y)
}

/// Returns the gradient of `x`, given that of the result: with `d[i, j] = f[i, j] g[i] v[j]`, that
/// of a score is `s[i, j] = p[i, j] (d[i, j] − Σ_l p[i, l] d[i, l]) / √size`.
pub fn attention_gradient<T: Scalar>(
    x: &Tensor<T>,
    options: &Attention<T>,
    g: &Tensor<T>,
) -> Tensor<T> {
    let (mut dx, g) = (ArrayD::zeros(x.shape()), widen(g));
    for_each_query(x, options, |head, at_query, p, factors| {
        let flow = |key: usize| {
            let terms = (0..head.size).map(|c| g[at_query(c)] * head.x[head.at(2, key, c)]);
            factors[key] * terms.sum::<f64>()
        };
        let along: f64 = p.iter().enumerate().map(|(key, p)| p * flow(key)).sum();
        for (key, &p) in p.iter().enumerate() {
            let s = p * (flow(key) - along) / (head.size as f64).sqrt();
            for c in 0..head.size {
                dx[at_query(c)] += s * head.x[head.at(1, key, c)];
                dx[head.at(1, key, c)] += s * head.x[at_query(c)];
                dx[head.at(2, key, c)] += p * factors[key] * g[at_query(c)];
            }
        }
    });
    narrow(dx)
}

/// A head of a sample.
struct Head {
    x: ArrayD<f64>,
    sample: usize,
    head: usize,
    heads: usize,
    size: usize,
}

impl Head {
    /// The place of feature `c` of a token: of its query, its key or its value.
    fn at(&self, part: usize, token: usize, c: usize) -> [usize; 3] {
        let first = (part * self.heads + self.head) * self.size;
        [self.sample, token, first + c]
    }
}

/// Calls `f` with each head, the places of each query, which are those of its result, too, its
/// probabilities and their factors.
fn for_each_query<T: Scalar>(
    x: &Tensor<T>,
    options: &Attention<T>,
    mut f: impl FnMut(&Head, &dyn Fn(usize) -> [usize; 3], &[f64], &[f64]),
) {
    let &[n, tokens, all] = x.shape() else {
        panic!("plain::attention: shape {:?}", x.shape());
    };
    let mut head = Head {
        x: widen(x),
        sample: 0,
        head: 0,
        heads: options.heads,
        size: all / (3 * options.heads),
    };
    for (sample, h) in (0..n).flat_map(|n| (0..options.heads).map(move |h| (n, h))) {
        (head.sample, head.head) = (sample, h);
        for query in 0..tokens {
            let keys = if options.causal { query + 1 } else { tokens };
            let score = |key: usize| {
                let terms = (0..head.size)
                    .map(|c| head.x[head.at(0, query, c)] * head.x[head.at(1, key, c)]);
                terms.sum::<f64>() / (head.size as f64).sqrt()
            };
            let scores: Vec<f64> = (0..keys).map(score).collect();
            let max = scores.iter().fold(f64::NEG_INFINITY, |max, &x| max.max(x));
            let sum: f64 = scores.iter().map(|x| (x - max).exp()).sum();
            let p: Vec<f64> = scores.iter().map(|x| (x - max).exp() / sum).collect();
            let factor = |key: usize| match &options.factors {
                Some(factors) => {
                    let mut factor = [T::one()];
                    factors(
                        options.position(tokens, sample, h, [query, key]),
                        &mut factor,
                    );
                    factor[0].widen()
                }
                None => 1.0,
            };
            let factors: Vec<f64> = (0..keys).map(factor).collect();
            f(&head, &|c| head.at(0, query, c), &p, &factors);
        }
    }
}
