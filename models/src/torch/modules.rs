//! The PyTorch module of each layer, as a Python expression.

use std::collections::HashMap;

use tapeline_layers::{LayerDef, Plan};
use tapeline_spec::{Call, Value};

/// The classes of layers whose arguments have the same names in PyTorch, or are translated by
/// [`keyword`].
const MODULES: &[(&str, &str)] = &[
    ("adaptive_avgpool2d", "nn.AdaptiveAvgPool2d"),
    ("alpha_dropout", "nn.AlphaDropout"),
    ("attention", "Attention"),
    ("avgpool1d", "AvgPool1d"),
    ("avgpool2d", "nn.AvgPool2d"),
    ("batchnorm1d", "nn.BatchNorm1d"),
    ("batchnorm2d", "nn.BatchNorm2d"),
    ("class_token", "ClassToken"),
    ("conv1d", "Conv1d"),
    ("conv2d", "nn.Conv2d"),
    ("drop_path", "DropPath"),
    ("dropout", "nn.Dropout"),
    ("dropout2d", "nn.Dropout2d"),
    ("elu", "nn.ELU"),
    ("flatten", "nn.Flatten"),
    ("first", "Select"),
    ("gaussian_noise", "GaussianNoise"),
    ("geglu", "GEGLU"),
    ("gelu", "nn.GELU"),
    ("glu", "nn.GLU"),
    ("groupnorm", "nn.GroupNorm"),
    ("gru", "GRU"),
    ("hard_sigmoid", "nn.Hardsigmoid"),
    ("hard_swish", "nn.Hardswish"),
    ("hard_tanh", "nn.Hardtanh"),
    ("highway", "Highway"),
    ("image", "Image"),
    ("last", "Select"),
    ("layernorm", "nn.LayerNorm"),
    ("layernorm2d", "LayerNorm2d"),
    ("leaky_relu", "nn.LeakyReLU"),
    ("linear", "nn.Linear"),
    ("log_sigmoid", "nn.LogSigmoid"),
    ("log_softmax", "nn.LogSoftmax"),
    ("lstm", "LSTM"),
    ("maxout", "Maxout"),
    ("maxpool1d", "MaxPool1d"),
    ("maxpool2d", "nn.MaxPool2d"),
    ("mean", "Mean"),
    ("mish", "nn.Mish"),
    ("patches", "Patches"),
    ("position", "Position"),
    ("prelu", "nn.PReLU"),
    ("relu", "nn.ReLU"),
    ("relu6", "nn.ReLU6"),
    ("rmsnorm", "nn.RMSNorm"),
    ("rnn", "RNN"),
    ("rows", "Rows"),
    ("scale", "Scale"),
    ("selu", "nn.SELU"),
    ("sigmoid", "nn.Sigmoid"),
    ("silu", "nn.SiLU"),
    ("sincos_position", "SinCos"),
    ("softmax", "nn.Softmax"),
    ("softplus", "nn.Softplus"),
    ("softsign", "nn.Softsign"),
    ("swiglu", "SwiGLU"),
    ("tanh", "nn.Tanh"),
    ("tokens", "Tokens"),
    ("transpose", "Transpose"),
    ("upsample2d", "nn.Upsample"),
];

/// The shapes of a model, and the saved values.
struct Shapes<'p> {
    /// The shape of the output of each layer, by its path.
    outputs: HashMap<&'p str, &'p [usize]>,
    /// The names that are visible, with the keys of their values.
    saved: Vec<(Value, String)>,
}

/// Returns the modules of a model, or the path of the first layer without a counterpart.
pub fn chain(calls: &[Call<LayerDef>], plan: &Plan) -> Result<Vec<String>, String> {
    let rows = plan.rows.iter();
    let mut shapes = Shapes {
        outputs: rows.map(|row| (&*row.path, &*row.output)).collect(),
        saved: Vec::new(),
    };
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
        &mut self,
        calls: &[Call<LayerDef>],
        input: &[usize],
        prefix: &str,
    ) -> Result<(Vec<String>, Vec<usize>), String> {
        let (mut modules, mut shape) = (Vec::new(), input.to_vec());
        let visible = self.saved.len();
        for (i, call) in calls.iter().enumerate() {
            let path = format!("{prefix}{i}");
            let output = *self.outputs.get(&*path).ok_or_else(|| path.clone())?;
            modules.push(self.module(call, [&shape, output], &path)?);
            shape = output.to_vec();
        }
        self.saved.truncate(visible);
        Ok((modules, shape))
    }

    fn module(
        &mut self,
        call: &Call<LayerDef>,
        [input, output]: [&[usize]; 2],
        path: &str,
    ) -> Result<String, String> {
        let values: HashMap<_, _> = call.args.changed().into_iter().collect();
        let is_set = |name: &str| values.get(name) == Some(&Value::Bool(true));
        let is_sequence = input.len() == 2;
        let channels = |shape: &[usize]| match shape {
            [_, features] => features.to_string(),
            _ => shape[0].to_string(),
        };
        let mut branches = |class: &str, end: &str| {
            let bodies = call.bodies.iter().enumerate();
            let branches = bodies.map(|(i, body)| {
                let (modules, _) = self.chain(body, input, &format!("{path}.{i}."))?;
                Ok(block("nn.Sequential(", &modules, ")"))
            });
            Ok(block(
                &format!("{class}(["),
                &branches.collect::<Result<Vec<_>, String>>()?,
                end,
            ))
        };
        // Sizes that are inferred here are the first arguments there.
        let sizes = match call.def.name {
            "concat" if output.len() == 2 => return branches("Concat", "], dim=2)"),
            "concat" => return branches("Concat", "])"),
            "sum" => return branches("Sum", "])"),
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
            "save" => {
                let name = values.get("name").ok_or_else(|| path.to_string())?;
                // A body may save a value under a name that it can see.
                let body = path.rsplit_once('.').map(|(body, _)| format!("{body}."));
                let key = format!("{}{name}", body.unwrap_or_default());
                self.saved.push((name.clone(), key.clone()));
                return Ok(format!("Save(saved, \"{key}\")"));
            }
            "add" | "concat_with" => {
                let name = values.get("name");
                let mut visible = self.saved.iter().rev();
                let found = visible.find(|(saved, _)| Some(saved) == name);
                let (_, key) = found.ok_or_else(|| path.to_string())?;
                return Ok(match (call.def.name, input) {
                    ("add", _) => format!("Add(saved, \"{key}\")"),
                    (_, [_, _]) => format!("ConcatWith(saved, \"{key}\", 2)"),
                    _ => format!("ConcatWith(saved, \"{key}\")"),
                });
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
            "gru" | "lstm" | "rnn" => {
                let Some(hidden) = call.args.value("hidden_size") else {
                    return Err(path.into());
                };
                vec![
                    channels(input),
                    hidden.to_string(),
                    "batch_first=True".into(),
                ]
            }
            "attention" => {
                let heads = values.get("heads").map(python).unwrap_or_default();
                vec![channels(input), heads]
            }
            "linear" | "maxout" | "conv1d" | "conv2d" => vec![channels(input), channels(output)],
            "patches" => {
                let size = values.get("size").map(python).unwrap_or_default();
                vec![channels(input), channels(output), size]
            }
            "batchnorm1d" | "batchnorm2d" | "highway" | "class_token" => vec![channels(input)],
            "groupnorm" => vec![format!("num_channels={}", channels(input))],
            "layernorm2d" => vec![channels(input)],
            "scale" if is_sequence => vec![channels(input), "dim=2".into()],
            "scale" => vec![channels(input)],
            "layernorm" | "rmsnorm" if is_sequence => vec![channels(input)],
            "layernorm" | "rmsnorm" => vec![tuple(input)],
            "position" | "sincos_position" => input.iter().map(usize::to_string).collect(),
            "first" => vec!["0".into()],
            "last" => vec!["-1".into()],
            "prelu" if is_set("per_channel") => vec![channels(input)],
            "softmax" | "log_softmax" | "glu" | "geglu" | "swiglu" if is_sequence => {
                vec!["dim=2".into()]
            }
            "softmax" | "log_softmax" | "glu" | "geglu" | "swiglu" => vec!["dim=1".into()],
            _ => Vec::new(),
        };
        let class = MODULES.iter().find(|(name, _)| *name == call.def.name);
        let (_, class) = class.ok_or_else(|| path.to_string())?;
        // These take the channels in the second dimension of a batch.
        let class = match call.def.name {
            "batchnorm1d" if is_sequence => "TokenBatchNorm",
            "groupnorm" if is_sequence => "TokenGroupNorm",
            "prelu" if is_sequence && is_set("per_channel") => "TokenPReLU",
            _ => class,
        };
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
            input[input.len() - 1],
            output[output.len() - 1]
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
        ("patches", _) => None,
        ("attention", "heads") => None,
        ("hard_tanh", "min") => Some("min_val"),
        ("hard_tanh", "max") => Some("max_val"),
        ("layernorm" | "layernorm2d" | "rmsnorm", "affine") => Some("elementwise_affine"),
        ("rnn", "activation") => Some("nonlinearity"),
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
