//! Building a layer never overflows, whatever its arguments and its input: it returns a plan or a
//! refusal. Tests run with overflow checks.

use tapeline_layers::{LayerDef, Plan, layers};
use tapeline_spec::{ArgInfo, Args, Presets, Value, read};

const SIZE: usize = 1 << 20;

/// The most values that an input may have.
const INPUT: usize = 1 << 24;

const SHAPES: [&[usize]; 9] = [
    &[1],
    &[INPUT],
    &[1, 1, 1],
    &[INPUT, 1, 1],
    &[1, INPUT, 1],
    &[SIZE, 4, 4],
    &[usize::MAX],
    &[usize::MAX, usize::MAX, 1],
    &[1 << 32, 1 << 32, 1],
];

/// The values to try for an argument, as text; an empty one leaves it out.
fn values(info: &ArgInfo) -> Vec<String> {
    let sizes = [0, 1, SIZE as i64, i64::MAX].map(Value::Int);
    let tuple = Value::Tuple(vec![Value::Int(SIZE as i64); 4]);
    let words = ["same", "replicate"].map(|word| Value::Word(word.into()));
    let values = sizes.into_iter().chain([tuple]).chain(words);
    let accepted = values.filter(|value| Args::of(&[*info], &[(info.name, value.clone())]).is_ok());
    let texts = accepted.map(|value| format!("{}={value}", info.name));
    let absent = (!info.required()).then(String::new);
    absent.into_iter().chain(texts).collect()
}

/// Every combination of these values as a call.
fn calls(def: &LayerDef) -> Vec<String> {
    let mut calls = vec![Vec::new()];
    for info in def.args {
        let values = values(info);
        calls = calls
            .iter()
            .flat_map(|call| {
                values
                    .iter()
                    .map(|value| [&call[..], std::slice::from_ref(value)].concat())
            })
            .collect();
    }
    let text = |args: Vec<String>| {
        let args: Vec<_> = args.into_iter().filter(|arg| !arg.is_empty()).collect();
        format!("{}({})", def.name, args.join(", "))
    };
    calls.into_iter().map(text).collect()
}

#[test]
fn extreme_sizes_are_built_or_refused() {
    let (registry, presets) = (layers(), Presets::new());
    let (mut built, mut refused) = (0, 0);
    for def in registry.iter() {
        for call in calls(def) {
            let bodies = match def.body {
                tapeline_spec::Body::None => vec![String::new()],
                _ => [
                    "linear(1048576)",
                    "conv2d(1048576, 1048576, padding=1048576)",
                ]
                .map(|body| format!("[ {body} ]"))
                .to_vec(),
            };
            for text in bodies.iter().map(|body| format!("{call}{body}")) {
                let spec = read(&text, &registry, &presets).unwrap();
                for shape in SHAPES {
                    match Plan::build(&spec, shape) {
                        Ok(plan) => built += usize::from(plan.multiply_adds() < u64::MAX),
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(
        built > 100 && refused > 100,
        "{built} built, {refused} refused"
    );
}
