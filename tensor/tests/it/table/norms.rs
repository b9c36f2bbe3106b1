//! Normalization, next to its definition.

use std::collections::BTreeMap;

use ndarray::Dimension;
use proptest::prelude::*;
use tapeline_tensor::{
    Moments, Scalar, Tensor, Var, batch_norm, batch_norm_relu, group_norm, layer_norm,
    layer_norm2d, rms_norm,
};

use super::{
    Case, Input, Numbers, Op, Ways, case,
    draw::{input, shape},
    fast, twin,
};

const EPS: f64 = 1e-5;

/// Which values are normalized together, and how.
#[derive(Clone, Copy, Debug)]
enum Norm {
    /// The values of a channel.
    Batch { given: bool, relu: bool },
    /// The values of this many groups of channels of a sample.
    Group(usize),
    /// Those of a sample.
    Layer,
    /// Those of the channels at a place of an image.
    Layer2d,
    /// Those of a sample, by the root mean square.
    Rms,
}

impl Norm {
    fn name(self) -> &'static str {
        match self {
            Norm::Batch { relu: false, .. } => "batch_norm",
            Norm::Batch { relu: true, .. } => "batch_norm_relu",
            Norm::Group(_) => "group_norm",
            Norm::Layer => "layer_norm",
            Norm::Layer2d => "layer_norm2d",
            Norm::Rms => "rms_norm",
        }
    }

    /// The set that the value at `place` is normalized with.
    fn set(self, place: &[usize], channels: usize) -> usize {
        match self {
            Norm::Batch { .. } => place[1],
            Norm::Group(groups) => place[0] * groups + place[1] * groups / channels,
            Norm::Layer | Norm::Rms => place[0],
            Norm::Layer2d => (place[0] * 1000 + place[2]) * 1000 + place[3],
        }
    }

    /// The place of its weight.
    fn column(self, place: &[usize]) -> &[usize] {
        match self {
            Norm::Batch { .. } | Norm::Group(_) | Norm::Layer2d => &place[1..2],
            Norm::Layer | Norm::Rms => &place[1..],
        }
    }

    fn apply<'t, T: Scalar>(self, x: &[Var<'t, T>]) -> Var<'t, T> {
        let affine = (x.len() > 1).then(|| [x[1], *x.last().unwrap()]);
        match self {
            Norm::Batch { given, relu } => {
                let norm = if relu { batch_norm_relu } else { batch_norm };
                let channels = x[0].shape()[1];
                norm(x[0], affine, given.then(|| moments(channels)), EPS).0
            }
            Norm::Group(groups) => group_norm(x[0], groups, affine, EPS),
            Norm::Layer => layer_norm(x[0], affine, EPS),
            Norm::Layer2d => layer_norm2d(x[0], affine, EPS),
            Norm::Rms => rms_norm(x[0], x.get(1).copied(), EPS),
        }
    }

    /// The definition, and the gradients by the formulas of the papers, in `f64`.
    fn plain<T: Scalar>(self, x: &[Tensor<T>], g: &Tensor<T>) -> (Tensor<T>, Vec<Tensor<T>>) {
        let channels = x[0].shape().get(1).copied().unwrap_or(1);
        let mut sets = BTreeMap::<usize, Vec<Vec<usize>>>::new();
        for (place, _) in x[0].indexed_iter() {
            let place = place.slice().to_vec();
            sets.entry(self.set(&place, channels))
                .or_default()
                .push(place);
        }
        let at = |x: &Tensor<T>, place: &[usize]| x[place].widen();
        let parameter = |i: usize, place: &[usize], default: f64| {
            x.get(i).map_or(default, |x| at(x, self.column(place)))
        };
        let mut y = Tensor::zeros(x[0].shape());
        let mut grads: Vec<_> = x
            .iter()
            .map(|x| ndarray::ArrayD::<f64>::zeros(x.shape()))
            .collect();
        for (set, places) in sets {
            let mean_of = |f: &dyn Fn(&[usize]) -> f64| {
                places.iter().map(|place| f(place)).sum::<f64>() / places.len() as f64
            };
            let given = match self {
                Norm::Batch { given: true, .. } => Some(moments::<f64>(channels)),
                _ => None,
            };
            let centered = !matches!(self, Norm::Rms);
            let (mean, var) = match &given {
                Some(moments) => (moments.mean[set], moments.var[set]),
                None => {
                    let mean = if centered {
                        mean_of(&|place| at(&x[0], place))
                    } else {
                        0.0
                    };
                    (mean, mean_of(&|place| (at(&x[0], place) - mean).powi(2)))
                }
            };
            let deviation = (var + EPS).sqrt();
            let standard = |place: &[usize]| (at(&x[0], place) - mean) / deviation;
            let result = |place: &[usize]| {
                standard(place) * parameter(1, place, 1.0) + parameter(2, place, 0.0)
            };
            let is_cut = |place: &[usize]| {
                matches!(self, Norm::Batch { relu: true, .. }) && result(place) <= 0.0
            };
            let upstream = |place: &[usize]| if is_cut(place) { 0.0 } else { at(g, place) };
            let weighted = |place: &[usize]| upstream(place) * parameter(1, place, 1.0);
            let flows = given.is_none();
            let through_mean = if flows && centered {
                mean_of(&weighted)
            } else {
                0.0
            };
            let through_var = match flows {
                true => mean_of(&|place| weighted(place) * standard(place)),
                false => 0.0,
            };
            for place in &places {
                let place = &place[..];
                y[place] = T::of(if is_cut(place) { 0.0 } else { result(place) });
                grads[0][place] =
                    (weighted(place) - through_mean - standard(place) * through_var) / deviation;
                if let Some(dw) = grads.get_mut(1) {
                    dw[self.column(place)] += upstream(place) * standard(place);
                }
                if let Some(db) = grads.get_mut(2) {
                    db[self.column(place)] += upstream(place);
                }
            }
        }
        let grads = grads
            .into_iter()
            .map(|g| g.map(|&g| T::of(g)).into_shared());
        (y, grads.collect())
    }

    fn case(self, inputs: Vec<Input>) -> Case {
        let arguments = self;
        case!(
            self.name(),
            inputs,
            arguments,
            |x| arguments.apply(x),
            |x, g| arguments.plain(x, g)
        )
    }

    /// A case of `x` of a shape, with weights or without.
    fn drawn(self, shape: Vec<usize>) -> impl Strategy<Value = Case> {
        let parameter = || input(self.parameter_shape(&shape), Numbers::Any);
        let inputs = (input(shape.clone(), Numbers::Any), parameter(), parameter());
        (inputs, any::<bool>()).prop_map(move |((x, weight, bias), affine)| {
            self.case(self.inputs(x, weight, bias, affine))
        })
    }

    fn large(self, shape: &[usize]) -> Case {
        let parameter = self.parameter_shape(shape);
        self.case(self.inputs(
            Input::new(shape, Numbers::Any),
            Input::new(&parameter, Numbers::Any),
            Input::new(&parameter, Numbers::Positive),
            true,
        ))
    }

    fn parameter_shape(self, shape: &[usize]) -> Vec<usize> {
        self.column(shape).to_vec()
    }

    fn inputs(self, x: Input, weight: Input, bias: Input, affine: bool) -> Vec<Input> {
        match (affine, self) {
            (false, _) => vec![x],
            (true, Norm::Rms) => vec![x, weight],
            (true, _) => vec![x, weight, bias],
        }
    }
}

/// Moments of the channels.
fn moments<T: Scalar>(channels: usize) -> Moments<T> {
    let of = |first: f64| (0..channels).map(move |c| T::of(first + c as f64 / 8.0));
    Moments {
        mean: of(-0.5).collect(),
        var: of(0.25).collect(),
    }
}

pub fn ops() -> Vec<Op> {
    let batches = || {
        prop_oneof![
            3 => prop_oneof![shape(2..=2), shape(4..=4)],
            // More channels than a vector has lanes, and not a multiple.
            1 => (1..7usize, 1..70usize).prop_map(|(n, channels)| vec![n, channels]),
        ]
    };
    let batch = |relu: bool| {
        let cases = (batches(), any::<bool>()).prop_flat_map(move |(mut shape, given)| {
            // Two values a channel at the least: of one, the gradient is 0 whatever it is.
            shape[0] += 1;
            Norm::Batch { given, relu }.drawn(shape)
        });
        cases.boxed()
    };
    // Two values a set at the least, here too.
    let of_samples = |norm: Norm| {
        let shapes = prop_oneof![batches(), shape(2..=5)];
        let cases = shapes.prop_flat_map(move |mut shape| {
            shape[1] += 1;
            norm.drawn(shape)
        });
        cases.boxed()
    };
    let places = shape(4..=4).prop_flat_map(|mut shape| {
        shape[1] += 1;
        Norm::Layer2d.drawn(shape)
    });
    let samples = prop_oneof![batches(), shape(2..=5)];
    let groups = (samples, 1..4usize).prop_flat_map(|(mut shape, groups)| {
        shape[1] = (shape[1] + 1) * groups;
        Norm::Group(groups).drawn(shape)
    });
    let plain = Norm::Batch {
        given: false,
        relu: false,
    };
    let relu = Norm::Batch {
        given: false,
        relu: true,
    };
    let op = |small, large| Op { small, large };
    vec![
        op(batch(false), plain.large(&[21, 8, 17, 19])),
        op(batch(true), relu.large(&[21, 37, 9, 10])),
        op(groups.boxed(), Norm::Group(4).large(&[33, 12, 9, 10])),
        op(of_samples(Norm::Layer), Norm::Layer.large(&[67, 1500])),
        op(places.boxed(), Norm::Layer2d.large(&[9, 37, 11, 13])),
        op(of_samples(Norm::Rms), Norm::Rms.large(&[35, 11, 9, 10])),
    ]
}
