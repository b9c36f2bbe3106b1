//! The PyTorch module of each layer, as a Python expression.

use std::collections::HashMap;

use tapeline_layers::{LayerDef, Plan};
use tapeline_spec::{Call, Value};

/// The classes of layers whose arguments have the same names in PyTorch, or are translated by
/// [`keyword`].
const MODULES: [(&str, &str); 45] = [
    ("adaptive_avgpool2d", "nn.AdaptiveAvgPool2d"),
    ("alpha_dropout", "nn.AlphaDropout"),
    ("avgpool1d", "AvgPool1d"),
    ("avgpool2d", "nn.AvgPool2d"),
    ("batchnorm1d", "nn.BatchNorm1d"),
    ("batchnorm2d", "nn.BatchNorm2d"),
    ("conv1d", "Conv1d"),
    ("conv2d", "nn.Conv2d"),
    ("drop_path", "DropPath"),
    ("dropout", "nn.Dropout"),
    ("dropout2d", "nn.Dropout2d"),
    ("elu", "nn.ELU"),
    ("flatten", "nn.Flatten"),
    ("gaussian_noise", "GaussianNoise"),
    ("gelu", "nn.GELU"),
    ("glu", "nn.GLU"),
    ("groupnorm", "nn.GroupNorm"),
    ("gru", "GRU"),
    ("hard_sigmoid", "nn.Hardsigmoid"),
    ("hard_swish", "nn.Hardswish"),
    ("hard_tanh", "nn.Hardtanh"),
    ("highway", "Highway"),
    ("layernorm", "nn.LayerNorm"),
    ("leaky_relu", "nn.LeakyReLU"),
    ("linear", "nn.Linear"),
    ("log_sigmoid", "nn.LogSigmoid"),
    ("log_softmax", "nn.LogSoftmax"),
    ("lstm", "LSTM"),
    ("maxout", "Maxout"),
    ("maxpool1d", "MaxPool1d"),
    ("maxpool2d", "nn.MaxPool2d"),
    ("mish", "nn.Mish"),
    ("prelu", "nn.PReLU"),
    ("relu", "nn.ReLU"),
    ("relu6", "nn.ReLU6"),
    ("rmsnorm", "nn.RMSNorm"),
    ("rnn", "RNN"),
    ("selu", "nn.SELU"),
    ("sigmoid", "nn.Sigmoid"),
    ("silu", "nn.SiLU"),
    ("softmax", "nn.Softmax"),
    ("softplus", "nn.Softplus"),
    ("softsign", "nn.Softsign"),
    ("tanh", "nn.Tanh"),
    ("upsample2d", "nn.Upsample"),
];

/// The shapes of a model: of the output of each layer, by its path.
struct Shapes<'p>(HashMap<&'p str, &'p [usize]>);

/// Returns the modules of a model, or the path of the first layer without a counterpart.
pub fn chain(calls: &[Call<LayerDef>], plan: &Plan) -> Result<Vec<String>, String> {
    let rows = plan.rows.iter();
    let shapes = Shapes(rows.map(|row| (&*row.path, &*row.output)).collect());
    Ok(shapes.chain(calls, &plan.input, "")?.0)
}

/// Indents all lines of an expression.
pub fn indented(text: &str, columns: usize) -> String {
    let space = " ".repeat(columns);
    let lines = text.lines().map(|line| format!("{space}{line}"));
    lines.collect::<Vec<_>>().join("\n")
}

impl Shapes<'_> {
    /// Returns the modules of a chain, and the shape of its output.
    fn chain(
        &self,
        calls: &[Call<LayerDef>],
        input: &[usize],
        prefix: &str,
    ) -> Result<(Vec<String>, Vec<usize>), String> {
        let (mut modules, mut shape) = (Vec::new(), input.to_vec());
        for (i, call) in calls.iter().enumerate() {
            let path = format!("{prefix}{i}");
            let output = self.0.get(&*path).ok_or_else(|| path.clone())?;
            modules.push(self.module(call, [&shape, output], &path)?);
            shape = output.to_vec();
        }
        Ok((modules, shape))
    }

    fn module(
        &self,
        call: &Call<LayerDef>,
        [input, output]: [&[usize]; 2],
        path: &str,
    ) -> Result<String, String> {
        let values: HashMap<_, _> = call.args.changed().into_iter().collect();
        let is_set = |name: &str| values.get(name) == Some(&Value::Bool(true));
        let branches = |class: &str| {
            let bodies = call.bodies.iter().enumerate();
            let branches = bodies.map(|(i, body)| {
                let (modules, _) = self.chain(body, input, &format!("{path}.{i}."))?;
                Ok(block("nn.Sequential(", &modules, ")"))
            });
            Ok(block(
                &format!("{class}(["),
                &branches.collect::<Result<Vec<_>, String>>()?,
                "])",
            ))
        };
        // Sizes that are inferred here are the first arguments there.
        let sizes = match call.def.name {
            "concat" => return branches("Concat"),
            "sum" => return branches("Sum"),
            "residual" => {
                let (mut body, inside) = self.chain(
                    call.bodies.first().map_or(&[], Vec::as_slice),
                    input,
                    &format!("{path}."),
                )?;
                body.extend(shortcut(input, &inside));
                return Ok(block("Residual(", &body, ")"));
            }
            "squeeze_excite" => {
                let Some(&Value::Int(reduction)) = call.args.value("reduction") else {
                    return Err(path.into());
                };
                let channels = input[0];
                let hidden = (channels / (reduction as usize).max(1)).max(1);
                return Ok(format!("SqueezeExcite({channels}, {hidden})"));
            }
            "global_avgpool2d" => {
                return Ok("nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())".into());
            }
            // Keeps the indices of the layers after it.
            "shape" => return Ok("nn.Identity()".into()),
            "zero_pad2d" => {
                let padding = values.get("padding").map(python).unwrap_or_default();
                return Ok(format!("nn.ZeroPad2d({padding})"));
            }
            "reshape" => {
                return Ok(match output {
                    [_] => "nn.Flatten()".into(),
                    _ => format!(
                        "nn.Sequential(nn.Flatten(), nn.Unflatten(1, {}))",
                        tuple(output)
                    ),
                });
            }
            "linear" | "maxout" | "conv2d" => vec![input[0].to_string(), output[0].to_string()],
            "conv1d" => vec![input[1].to_string(), output[1].to_string()],
            "gru" | "lstm" | "rnn" => {
                let Some(hidden) = call.args.value("hidden_size") else {
                    return Err(path.into());
                };
                vec![
                    input[1].to_string(),
                    hidden.to_string(),
                    "batch_first=True".into(),
                ]
            }
            "batchnorm1d" | "batchnorm2d" | "highway" => vec![input[0].to_string()],
            "groupnorm" => vec![format!("num_channels={}", input[0])],
            "layernorm" | "rmsnorm" => vec![tuple(input)],
            "prelu" if is_set("per_channel") => vec![input[0].to_string()],
            "softmax" | "log_softmax" | "glu" => vec!["dim=1".into()],
            _ => Vec::new(),
        };
        let class = MODULES.iter().find(|(name, _)| *name == call.def.name);
        let (_, class) = class.ok_or_else(|| path.to_string())?;
        let changed = call.args.changed();
        let keywords = changed.iter().filter_map(|(name, value)| {
            let name = keyword(call.def.name, name)?;
            Some(format!("{name}={}", python(value)))
        });
        let args: Vec<_> = sizes.into_iter().chain(keywords).collect();
        Ok(format!("{class}({})", args.join(", ")))
    }
}

/// Returns the shortcut of a residual connection, unless it is the identity.
fn shortcut(input: &[usize], output: &[usize]) -> Option<String> {
    match (input, output) {
        _ if input == output => None,
        (&[from, h, w], &[to, height, width]) => {
            let stride = [h.div_ceil(height), w.div_ceil(width)];
            Some(format!(
                "shortcut=nn.Conv2d({from}, {to}, 1, stride={}, bias=False)",
                tuple(&stride)
            ))
        }
        _ => Some(format!(
            "shortcut=nn.Linear({}, {}, bias=False)",
            input[0], output[0]
        )),
    }
}

/// Returns the name of an argument in PyTorch; `None` if it isn't passed by name.
fn keyword<'n>(layer: &str, name: &'n str) -> Option<&'n str> {
    match (layer, name) {
        // Initial values are replaced by the weights of the file.
        (
            _,
            "init" | "gate_bias" | "out_features" | "out_channels" | "hidden_size" | "per_channel",
        ) => None,
        ("hard_tanh", "min") => Some("min_val"),
        ("hard_tanh", "max") => Some("max_val"),
        ("rnn", "activation") => Some("nonlinearity"),
        ("layernorm" | "rmsnorm", "affine") => Some("elementwise_affine"),
        _ => Some(name),
    }
}

/// Writes a value in Python; two equal sizes as one.
fn python(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Word(word) => format!("\"{word}\""),
        Value::Tuple(all) if all.iter().all(|size| *size == all[0]) => all[0].to_string(),
        value => value.to_string(),
    }
}

fn tuple(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
    match &sizes[..] {
        [one] => one.clone(),
        sizes => format!("({})", sizes.join(", ")),
    }
}

/// Returns a call whose arguments are on lines of their own.
fn block(open: &str, args: &[String], close: &str) -> String {
    if args.is_empty() {
        return format!("{open}{close}");
    }
    let lines: String = args.iter().map(|arg| indented(arg, 4) + ",\n").collect();
    format!("{open}\n{lines}{close}")
}
