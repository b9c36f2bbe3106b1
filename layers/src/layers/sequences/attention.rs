//! Multi-head self-attention.

use std::sync::Arc;

use tapeline_spec::{Arg, Args};
use tapeline_tensor::{Attention, ParamId, Var, attention, linear};

use crate::{
    Batch, Build, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, Refusal, Stream,
    layers::{
        MAX_SIZE,
        regularisation::{kept, sampler},
    },
};

const HEADS: Arg<usize> = Arg::new("heads", "number of heads; it must divide the features")
    .range(1..=MAX_SIZE)
    .tried(1..=3);
const DROPOUT: Arg<f64> = Arg::new(
    "dropout",
    "probability of dropping an attention weight in training",
)
.range(0.0..=1.0)
.default(0.0)
.tried(0.0..=1.0);
const CAUSAL: Arg<bool> = Arg::new(
    "causal",
    "whether a token attends only to itself and the tokens before it",
)
.keyword_only()
.default(false);
const BIAS: Arg<bool> = Arg::new("bias", "whether to learn biases")
    .keyword_only()
    .default(true);

/// Multi-head self-attention, `[tokens, features]` to the same. `x Wᵀ + b` with `in_proj_weight`,
/// `[3 · features, features]`, and `in_proj_bias` gives queries, keys and values, which the heads
/// divide among them. Each computes `softmax(q kᵀ / √d) v` with its `d = features / heads` features;
/// `out_proj.weight`, `[features, features]`, and `out_proj.bias` combine the results. With
/// `dropout`, attention weights are dropped in training.
///
/// `in_proj_weight` is sampled from U(±√(6 / (4 · features))), `out_proj.weight` from
/// U(±1/√features); the biases are 0. (`torch.nn.MultiheadAttention(batch_first=True)`; Vaswani et
/// al. 2017)
pub const ATTENTION: LayerDef = LayerDef {
    name: "attention",
    about: "multi-head self-attention of the tokens of a sequence",
    args: &[HEADS.info(), DROPOUT.info(), CAUSAL.info(), BIAS.info()],
    examples: &[
        ("attention(2)", &[5, 6]),
        ("attention(1, causal=true)", &[4, 3]),
        ("attention(2, 0.25)", &[3, 4]),
        ("attention(3, bias=false)", &[2, 3]),
        ("attention(2, causal=true)", &[35, 4]),
    ],
    batch: Batch::MixedInTraining,
    build: |args, build| {
        let [tokens, features] = build.sequence()?;
        let heads = args.get(HEADS);
        if features % heads != 0 {
            return Err(
                Refusal::from(format!("{heads} heads don't divide {features} features"))
                    .help(divisors(features))
                    .arg("heads"),
            );
        }
        build.fits(&[tokens, 3 * features])?;
        // The products of queries and keys, and those of their probabilities and the values.
        build.cost(&[2, tokens, tokens, features]);
        let xavier = Init::Uniform((6.0 / (4 * features) as f64).sqrt());
        let sizes = [tokens, features];
        let plain = Init::fan_in(features);
        let layer = SelfAttention {
            in_proj: Projection::declare(build, "in_proj_", sizes, 3 * features, xavier, args)?,
            heads,
            causal: args.get(CAUSAL),
            dropout: args.get(DROPOUT),
            stream: build.stream(),
            out_proj: Projection::declare(build, "out_proj.", sizes, features, plain, args)?,
        };
        Ok(build.same_shape(layer))
    },
    ..LayerDef::BASE
};

/// Names the numbers of heads that divide the features.
fn divisors(features: usize) -> String {
    let divisors: Vec<_> = (1..=features.min(64))
        .filter(|heads| features.is_multiple_of(*heads))
        .map(|heads| heads.to_string())
        .collect();
    format!(
        "numbers of heads that divide {features}: {}",
        divisors.join(", ")
    )
}

struct SelfAttention {
    in_proj: Projection,
    heads: usize,
    causal: bool,
    dropout: f64,
    stream: Stream,
    out_proj: Projection,
}

/// `x Wᵀ + b` of each token.
struct Projection {
    weight: ParamId,
    bias: Option<ParamId>,
}

impl Projection {
    fn declare(
        build: &mut Build,
        prefix: &str,
        [tokens, from]: [usize; 2],
        to: usize,
        init: Init,
        args: &Args,
    ) -> Result<Self, Refusal> {
        build.cost(&[tokens, from, to]);
        let weight = build.weight(&format!("{prefix}weight"), &[to, from], init)?;
        let weight = weight.column_major();
        let bias = || build.bias(&format!("{prefix}bias"), &[to], Init::Constant(0.0));
        let bias = args.get(BIAS).then(bias).transpose()?;
        Ok(Projection { weight, bias })
    }

    /// Computes the product for `x`, `[n, tokens, from]`.
    fn forward<'t, T: Element>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        let (weight, bias) = (cx.param(self.weight), self.bias.map(|bias| cx.param(bias)));
        let rows = x.reshape(&[shape[0] * shape[1], shape[2]]);
        let y = linear(rows, weight, bias);
        y.reshape(&[shape[0], shape[1], weight.shape()[0]])
    }

    /// Appends the same as nodes.
    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> GraphValue {
        let weight = graph.param(self.weight);
        let weight = transposed(graph, weight, [1, 0]);
        let y = graph.node("MatMul", &[x, weight]);
        match self.bias {
            Some(bias) => {
                let bias = graph.param(bias);
                graph.node("Add", &[y, bias])
            }
            None => y,
        }
    }
}

/// Appends a node that reorders the dimensions, with the batch.
fn transposed<const N: usize>(graph: &mut Graph, x: GraphValue, axes: [usize; N]) -> GraphValue {
    graph.node_with("Transpose", &[x], &[("perm", axes.into())])
}

impl<T: Element> Layer<T> for SelfAttention {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let drops = cx.training() && self.dropout > 0.0;
        let options = Attention {
            heads: self.heads,
            causal: self.causal,
            factors: drops.then(|| {
                let kept = kept(self.dropout);
                Arc::new(sampler(cx, self.stream, self.dropout, kept)) as _
            }),
        };
        let x = self.in_proj.forward(cx, x);
        self.out_proj.forward(cx, attention(x, options))
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let &[tokens, features] = graph.shape() else {
            return Err(graph.no_nodes());
        };
        let (heads, size) = (self.heads, features / self.heads);
        let x = self.in_proj.nodes(graph, x);
        // [n, tokens, 3 · heads, size], then [n, 3 · heads, tokens, size].
        let x = graph.reshape(x, &[tokens, 3 * heads, size]);
        let x = transposed(graph, x, [0, 2, 1, 3]);
        let [queries, keys, values] = [0, 1, 2].map(|part| {
            let [start, end, axis] =
                [part * heads, (part + 1) * heads, 1].map(|size| graph.sizes(&[size]));
            graph.node("Slice", &[x, start, end, axis])
        });
        let keys = transposed(graph, keys, [0, 1, 3, 2]);
        let scores = graph.node("MatMul", &[queries, keys]);
        let scale = graph.number(1.0 / (size as f64).sqrt());
        let mut scores = graph.node("Mul", &[scores, scale]);
        if self.causal {
            let places = (0..tokens).flat_map(|query| (0..tokens).map(move |key| (query, key)));
            let mask = places.map(|(query, key)| if key > query { f64::NEG_INFINITY } else { 0.0 });
            let mask = graph.numbers(&[tokens, tokens], mask.collect());
            scores = graph.node("Add", &[scores, mask]);
        }
        let weights = graph.node_with("Softmax", &[scores], &[("axis", 3.into())]);
        let y = graph.node("MatMul", &[weights, values]);
        let y = transposed(graph, y, [0, 2, 1, 3]);
        let y = graph.reshape(y, &[tokens, features]);
        Ok(self.out_proj.nodes(graph, y))
    }
}
