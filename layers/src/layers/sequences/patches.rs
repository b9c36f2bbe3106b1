//! The patch embedding of vision transformers.

use tapeline_spec::Arg;
use tapeline_tensor::{Conv2d, ParamId, Var, conv2d};

use super::tokens::{self, tokens};
use crate::{
    Built, Ctx, Element, Graph, GraphValue, Init, Layer, LayerDef, NoNodes, Refusal,
    layers::MAX_SIZE, sizes::product,
};

const SIZE: Arg<[usize; 2]> = Arg::new("size", "height and width of a patch")
    .range(1..=MAX_SIZE)
    .tried(1..=2);
const FEATURES: Arg<usize> = Arg::new("features", "number of features of a token")
    .range(1..=MAX_SIZE)
    .tried(1..=5);

/// A linear function of each patch of an image, as a token: `[channels, h, w]` to `[h/size · w/size,
/// features]`, in row-major order. It is a convolution whose kernel and stride are the patch, so
/// `weight` is `[features, channels, size, size]` and `bias` is `[features]`; both are sampled from
/// U(±1/√(channels·size·size)). (`PatchEmbed` of timm; Dosovitskiy et al. 2021)
pub const PATCHES: LayerDef = LayerDef {
    name: "patches",
    about: "makes a sequence of an image, with a token for each patch: a linear function of it",
    args: &[SIZE.info(), FEATURES.info()],
    examples: &[
        ("patches(2, 3)", &[1, 4, 6]),
        ("patches((1, 2), 4)", &[3, 2, 4]),
        ("patches(3, 2)", &[2, 3, 3]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let ([down, across], features) = (args.get(SIZE), args.get(FEATURES));
        if height % down != 0 || width % across != 0 {
            let message = format!("{down}x{across} patches don't divide {height}x{width}");
            return Err(Refusal::from(message).arg("size"));
        }
        let output = [height / down * (width / across), features];
        let cells = product(&[channels, down, across]);
        let (shape, init) = ([features, channels, down, across], Init::fan_in(cells));
        let layer = Patches {
            weight: build.weight("weight", &shape, init)?.id(),
            bias: build.bias("bias", &[features], init)?,
            stride: [down, across],
            output,
        };
        build.cost(&[output[0], features, cells]);
        Ok(Built::new(layer, output))
    },
    ..LayerDef::BASE
};

struct Patches {
    weight: ParamId,
    bias: ParamId,
    stride: [usize; 2],
    output: [usize; 2],
}

impl Patches {
    fn options(&self) -> Conv2d {
        Conv2d {
            stride: self.stride,
            ..Conv2d::default()
        }
    }
}

impl<T: Element> Layer<T> for Patches {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let [weight, bias] = [self.weight, self.bias].map(|id| cx.param(id));
        tokens(conv2d(x, weight, Some(bias), self.options()))
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let y = graph.conv2d(x, self.weight, Some(self.bias), self.options());
        Ok(tokens::nodes(graph, y, self.output))
    }
}
