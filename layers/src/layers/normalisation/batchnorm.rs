//! Batch normalization over features or channels, shared by the 1d and 2d layers.

use tapeline_spec::{Arg, Args};
use tapeline_tensor::{Moments, ParamId, Tensor, Var, batch_norm, batch_norm_relu};

use super::{AFFINE, Affine};
use crate::{
    Build, Built, ByChannel, Ctx, Element, Epilogue, Graph, GraphValue, Layer, NoNodes, Refusal,
    features::by_token,
};

pub const EPS: Arg<f64> = super::EPS.inferred(0, "PyTorch's `num_features`");
pub const MOMENTUM: Arg<f64> = Arg::new(
    "momentum",
    "weight of each batch in the running mean and variance",
)
.keyword_only()
.default(0.1)
.range(0.0..=1.0)
.tried(0.0..=1.0);

/// Builds a batch normalization of `channels` channels.
pub fn build(args: &Args, build: &mut Build, channels: usize) -> Result<Built, Refusal> {
    if build.shape().iter().product::<usize>() == channels {
        build.want_several();
    }
    let affine = match args.get(AFFINE) {
        true => Some(Affine::declare(build, &[channels])?),
        false => None,
    };
    let layer = BatchNorm {
        eps: args.get(EPS),
        momentum: args.get(MOMENTUM),
        affine,
        mean: build.buffer("running_mean", &[channels], 0.0)?,
        var: build.buffer("running_var", &[channels], 1.0)?,
        relu: false,
    };
    let shape = build.shape().to_vec();
    let built = build.same_shape(layer.clone());
    Ok(built.join(move |epilogue| {
        let relu = matches!(epilogue, Epilogue::Relu);
        relu.then(|| {
            Built::new(
                BatchNorm {
                    relu,
                    ..layer.clone()
                },
                shape.clone(),
            )
        })
    }))
}

#[derive(Clone)]
struct BatchNorm {
    eps: f64,
    momentum: f64,
    affine: Option<Affine>,
    mean: ParamId,
    var: ParamId,
    /// Whether `relu` is applied to the result.
    relu: bool,
}

impl<T: Element> Layer<T> for BatchNorm {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        by_token(x, |x| self.normalized(cx, x))
    }

    fn by_channel(&self, cx: &Ctx<'_, '_, T>) -> Option<ByChannel<T>> {
        if cx.training() {
            return None;
        }
        let numbers = |id| cx.param(id).value().iter().map(|x| x.widen()).collect();
        let [mean, var]: [Vec<f64>; 2] = [self.mean, self.var].map(numbers);
        let [weight, bias] = match self.affine {
            Some(affine) => [affine.weight, affine.bias].map(numbers),
            None => [1.0, 0.0].map(|number| vec![number; mean.len()]),
        };
        let scale = weight.iter().zip(&var);
        let scale: Vec<f64> = scale.map(|(w, var)| w / (var + self.eps).sqrt()).collect();
        let shift = bias.iter().zip(&mean).zip(&scale);
        Some(ByChannel {
            shift: shift
                .map(|((b, mean), scale)| T::of(b - mean * scale))
                .collect(),
            scale: scale.into_iter().map(T::of).collect(),
            relu: self.relu,
        })
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let channels = graph.shape()[graph.feature_axis()];
        let x = graph.channels_first(x);
        let [weight, bias] = match self.affine {
            Some(affine) => [affine.weight, affine.bias].map(|id| graph.param(id)),
            None => [1.0, 0.0].map(|number| graph.numbers(&[channels], vec![number; channels])),
        };
        let [mean, var] = [self.mean, self.var].map(|id| graph.param(id));
        let inputs = [x, weight, bias, mean, var];
        let eps = [("epsilon", self.eps.into())];
        let y = graph.node_with("BatchNormalization", &inputs, &eps);
        let y = graph.channels_first(y);
        Ok(match self.relu {
            true => graph.node("Relu", &[y]),
            false => y,
        })
    }
}

impl BatchNorm {
    /// Normalizes a batch `[n, channels]` or `[n, channels, h, w]`.
    fn normalized<'t, T: Element>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let affine = self.affine.map(|affine| affine.params(cx));
        let running = Moments {
            mean: cx.param(self.mean).value().iter().copied().collect(),
            var: cx.param(self.var).value().iter().copied().collect(),
        };
        let normalize = |given| match self.relu {
            true => batch_norm_relu(x, affine, given, self.eps),
            false => batch_norm(x, affine, given, self.eps),
        };
        if !cx.training() {
            return normalize(Some(running)).0;
        }
        let (y, batch) = normalize(None);
        let shape = x.shape();
        let values = shape.iter().product::<usize>() / shape[1];
        // The unbiased variance of a single value is undefined.
        if values > 1 {
            let unbiased = values as f64 / (values - 1) as f64;
            cx.update(self.mean, self.moved(&running.mean, &batch.mean, 1.0));
            cx.update(self.var, self.moved(&running.var, &batch.var, unbiased));
        }
        y
    }

    /// Computes `(1 − momentum) · old + momentum · new · factor`.
    fn moved<T: Element>(&self, old: &[T], new: &[T], factor: f64) -> Tensor<T> {
        let (kept, share) = (1.0 - self.momentum, self.momentum * factor);
        let pairs = old.iter().zip(new);
        let moved = pairs.map(|(old, new)| T::of(kept * old.widen() + share * new.widen()));
        tapeline_tensor::tensor(moved.collect::<Vec<_>>())
    }
}
