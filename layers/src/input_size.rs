//! Arguments that depend on the input of their layer.

use tapeline_spec::{Call, Diagnostic, Presets, Span};

use crate::LayerDef;

/// The names of the sizes of the input in the arguments of a layer: `features` of an input
/// `[features]` or `[tokens, features]`, `tokens` of an input `[tokens, features]`, `channels` of an
/// input `[channels, height, width]`.
pub const INPUT_SIZES: [&str; 3] = ["features", "tokens", "channels"];

/// Lets the specs that are read with these presets use [`INPUT_SIZES`].
///
/// ```
/// use tapeline_layers::{Plan, layers, with_input_sizes};
/// use tapeline_spec::{Presets, read};
///
/// let presets = with_input_sizes(Presets::new());
/// let spec = read("2*[ conv2d(2*channels, 3) relu ]", &layers(), &presets)?;
/// let plan = Plan::build(&spec, &[3, 8, 8])?;
/// assert_eq!(plan.output, [12, 4, 4]);
/// assert_eq!(plan.resolve_sizes(&spec).short(), "conv2d(6, 3) relu conv2d(12, 3) relu");
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub fn with_input_sizes(presets: Presets) -> Presets {
    INPUT_SIZES
        .into_iter()
        .fold(presets, Presets::with_deferred)
}

/// Computes the arguments of a call that depend on the shape of its input.
pub(crate) fn bind(
    call: &Call<LayerDef>,
    shape: &[usize],
) -> Result<Call<LayerDef>, Vec<Diagnostic>> {
    let bound = call.bind(|name| match (name, shape) {
        ("features", [features] | [_, features]) => Ok(*features),
        ("tokens", [tokens, _]) => Ok(*tokens),
        ("channels", [channels, _, _]) => Ok(*channels),
        ("features", _) => Err(wrong(name, "[features]", shape, "put `flatten` before it")),
        ("tokens", _) => {
            let help = "`tokens`, `rows` and `patches` make a sequence of an image";
            Err(wrong(name, "[tokens, features]", shape, help))
        }
        ("channels", _) => {
            let takes = "[channels, height, width]";
            Err(wrong(name, takes, shape, "it cannot follow `flatten`"))
        }
        _ => Err(Diagnostic::error(
            Span::default(),
            format!("the value of `{name}` is not known"),
        )),
    });
    bound.map_err(|error| vec![error])
}

fn wrong(name: &str, takes: &str, shape: &[usize], help: &str) -> Diagnostic {
    let message = format!("`{name}` is a size of an input {takes}, but the input is {shape:?}");
    Diagnostic::error(Span::default(), message).help(help)
}
