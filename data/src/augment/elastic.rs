use rand::Rng;
use tapeline_spec::{Arg, Args, Diagnostic};

use super::{AugmentDef, Change};

const ALPHA: Arg<f64> = Arg::new("alpha", "scaling factor of the displacements")
    .range(0.0..=10_000.0)
    .tried(0.0..=40.0);
const SIGMA: Arg<f64> = Arg::new(
    "sigma",
    "standard deviation of the smoothing Gaussian, in pixels",
)
.range(0.1..=100.0)
.tried(0.5..=6.0);

/// Random elastic deformation.
///
/// Each pixel is read at a displacement of *α·(G ∗ u)*, where *u* has two values of *U(−1, 1)* for
/// each pixel and *G* is a Gaussian of standard deviation *σ* with sum 1. Outside the image, *u* is
/// 0, so displacements are smaller at the edges.
///
/// Away from the edges, and for *σ* of one pixel or more, the standard deviation of a displacement
/// is about *α / (σ·√(12·π))* pixels: 1.4 for `elastic(34, 4)`.
///
/// Source: Simard, Steinkraus, Platt 2003, [*Best Practices for Convolutional Neural Networks
/// Applied to Visual Document Analysis*](https://doi.org/10.1109/ICDAR.2003.1227801).
pub(super) const ELASTIC: AugmentDef = AugmentDef {
    name: "elastic",
    about: "random elastic deformation",
    args: &[ALPHA.info(), SIGMA.info()],
    examples: &["elastic(34, 4)", "rotate(10) elastic(34, sigma=4)"],
    build,
    ..AugmentDef::BASE
};

/// The Gaussian is truncated at this number of standard deviations.
const REACH: f64 = 4.0;

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let alpha = args.get(ALPHA) as f32;
    let weights = gaussian(args.get(SIGMA));
    Ok(Change::warp(move |warp, random| {
        let [rows, cols] = warp.size();
        let noise = |_| [(); 2].map(|()| alpha * random.random_range(-1.0..=1.0f32));
        let mut field: Vec<[f32; 2]> = (0..rows * cols).map(noise).collect();
        smooth(field.as_flattened_mut(), cols, &weights);
        warp.displace(&field);
    }))
}

/// Returns the weights of a Gaussian from its centre outwards.
fn gaussian(sigma: f64) -> Vec<f32> {
    let weight = |i: usize| (-0.5 * (i as f64 / sigma).powi(2)).exp();
    let half: Vec<_> = (0..=(REACH * sigma).ceil() as usize).map(weight).collect();
    let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    half.iter().map(|weight| (weight / sum) as f32).collect()
}

/// Convolves a field, `[rows, cols, 2]`, with the weights: along its columns, then along its rows.
fn smooth(field: &mut [f32], cols: usize, weights: &[f32]) {
    let mut half = vec![0.0; field.len()];
    convolve(field, 2 * cols, weights, &mut half);
    let rows = half.chunks_exact(2 * cols);
    for (half, field) in rows.zip(field.chunks_exact_mut(2 * cols)) {
        convolve(half, 2, weights, field);
    }
}

/// Convolves a sequence with a symmetric kernel, whose taps are `gap` elements apart.
fn convolve(from: &[f32], gap: usize, weights: &[f32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = weights[0] * from;
    }
    for (&weight, away) in weights[1..].iter().zip((gap..from.len()).step_by(gap)) {
        for (to, from) in to[away..].iter_mut().zip(from) {
            *to += weight * from;
        }
        for (to, from) in to.iter_mut().zip(&from[away..]) {
            *to += weight * from;
        }
    }
}
