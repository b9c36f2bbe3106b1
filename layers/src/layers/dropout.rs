//! Dropout.

use rand::Rng;
use tapeline_spec::Arg;
use tapeline_tensor::{Tensor, Var};

use crate::{Ctx, Element, Layer, LayerDef, Stream};

const P: Arg<f64> = Arg::new("p", "probability of dropping a value")
    .default(0.5)
    .range(0.0..=1.0);

/// While training, each value becomes 0 with probability `p`, and what is kept is scaled by `1 / (1 − p)`; in evaluation, the identity.
/// (`torch.nn.Dropout`; Srivastava et al. 2014)
pub const DROPOUT: LayerDef = LayerDef {
    name: "dropout",
    about: "drops values at random while training",
    args: &[P.info()],
    examples: &[
        ("dropout", &[7]),
        ("dropout(0.2)", &[2, 3, 4]),
        ("dropout(0)", &[3]),
        ("dropout(1)", &[3]),
    ],
    build: |args, build| {
        let stream = build.stream();
        Ok(build.same_shape(Dropout {
            p: args.get(P),
            stream,
        }))
    },
    ..LayerDef::BASE
};

struct Dropout {
    p: f64,
    stream: Stream,
}

impl<T: Element> Layer<T> for Dropout {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        if !cx.training() || self.p == 0.0 {
            return x;
        }
        let mut rng = cx.rng(self.stream);
        let kept = if self.p < 1.0 {
            T::of(1.0 / (1.0 - self.p))
        } else {
            T::zero()
        };
        let p = self.p as f32;
        let mask = Tensor::from_shape_simple_fn(x.shape(), || {
            if rng.random::<f32>() < p {
                T::zero()
            } else {
                kept
            }
        });
        x * cx.tape().constant(mask)
    }
}
