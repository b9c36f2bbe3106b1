//! The fully connected layer.

use tapeline_spec::Arg;
use tapeline_tensor::{ParamId, Var, linear};

use super::MAX_SIZE;
use crate::{Ctx, Element, Init, Layer, LayerDef};

const OUT_FEATURES: Arg<usize> = Arg::new("out_features", "size of the output")
    .range(1..=MAX_SIZE)
    .tried(1..=5);
const BIAS: Arg<bool> = Arg::new("bias", "whether a bias is added").default(true);

/// `y = x Wᵀ + b`: `[in]` gives `[out]`. `weight` is `[out, in]`, `bias` is `[out]`, both drawn from U(±1/√in).
/// (`torch.nn.Linear`)
pub const LINEAR: LayerDef = LayerDef {
    name: "linear",
    aliases: &["dense", "fc"],
    about: "fully connected: every output sees every input",
    args: &[OUT_FEATURES.info(), BIAS.info()],
    examples: &[("linear(10)", &[7]), ("linear(3, bias=false)", &[1])],
    build: |args, build| {
        let (inputs, outputs) = (build.features()?, args.get(OUT_FEATURES));
        build.cost((inputs * outputs) as u64);
        let init = Init::fan_in(inputs);
        // The weights of one input lie together, as products with Wᵀ want them.
        let weight = build
            .weight("weight", &[outputs, inputs], init)?
            .column_major();
        let bias = match args.get(BIAS) {
            true => Some(build.weight("bias", &[outputs], init)?.id()),
            false => None,
        };
        Ok(crate::Built::new(Linear { weight, bias }, [outputs]))
    },
    ..LayerDef::BASE
};

struct Linear {
    weight: ParamId,
    bias: Option<ParamId>,
}

impl<T: Element> Layer<T> for Linear {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let bias = self.bias.map(|bias| cx.param(bias));
        linear(x, cx.param(self.weight), bias)
    }
}
