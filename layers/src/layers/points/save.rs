//! Saving of a value under a name.

use tapeline_spec::{Arg, Name};
use tapeline_tensor::Var;

use crate::{Ctx, Element, Graph, GraphValue, Layer, LayerDef, NoNodes, SavedId};

const NAME: Arg<Name> = Arg::new(
    "name",
    "name of the value; used again, it names the newer one",
);

/// The identity. It saves its input under a name for `add` and `concat_with`, which are further on in
/// the same chain, or in a body there. (U-Net: Ronneberger et al. 2015)
pub const SAVE: LayerDef = LayerDef {
    name: "save",
    about: "names its input for later layers, and changes nothing",
    args: &[NAME.info()],
    examples: &[
        ("save(a) tanh add(a)", &[5]),
        (
            "save(a) maxpool2d(2) save(b) tanh add(b) upsample2d(scale_factor=2) concat_with(a)",
            &[2, 4, 6],
        ),
    ],
    build: |args, build| {
        let id = build.save(&args.get(NAME).0);
        Ok(build.same_shape(Save { id }).means(build.input_meaning()))
    },
    ..LayerDef::BASE
};

struct Save {
    id: SavedId,
}

impl<T: Element> Layer<T> for Save {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        cx.save(self.id, x);
        x
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        graph.save(self.id, x);
        Ok(x)
    }
}
