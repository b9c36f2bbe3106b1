//! No argument of a layer makes building it take much memory: what is too large is refused first.

use peak_alloc::PeakAlloc;
use tapeline_layers::{LayerDef, Plan, layers};
use tapeline_spec::{Args, Body, Presets, Registry, Value, read};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Tables of 32 MiB, and what is small beside them.
const LIMIT: usize = 40 << 20;

const SHAPES: [&[usize]; 5] = [&[5], &[65536, 4], &[1, 8, 8], &[3, 1, 2000], &[1, 65536, 1]];

/// Calls of a layer in which each argument in turn is large, in all its forms, and the others are as small as they may be.
fn large(def: &LayerDef) -> Vec<String> {
    let least = |name: &str| {
        let info = def.args.iter().find(|info| info.name == name)?;
        [0, 1]
            .map(Value::Int)
            .into_iter()
            .find(|value| info.required() && Args::of(&[*info], &[(name, value.clone())]).is_ok())
    };
    let mut calls = Vec::new();
    for info in def.args {
        for size in [1000, 60_000, 1 << 18, 1 << 20].map(Value::Int) {
            for length in [1, 2, 4] {
                let large = match length {
                    1 => size.clone(),
                    _ => Value::Tuple(vec![size.clone(); length]),
                };
                if Args::of(&[*info], &[(info.name, large.clone())]).is_err() {
                    continue;
                }
                let others = def.args.iter().filter(|other| other.name != info.name);
                let others = others
                    .filter_map(|other| Some(format!("{}={}", other.name, least(other.name)?)));
                let mut args = vec![format!("{}={large}", info.name)];
                args.extend(others);
                let args = args.join(", ");
                calls.push(format!("{}({args})", def.name));
                // What takes a table of its own in another mode.
                if def.args.iter().any(|other| other.name == "padding_mode") {
                    calls.push(format!("{}({args}, padding_mode=replicate)", def.name));
                }
            }
        }
    }
    calls
}

fn build(text: &str, shape: &[usize], registry: &Registry<LayerDef>) -> bool {
    let spec = read(text, registry, &Presets::new());
    Plan::build(&spec.unwrap(), shape).is_ok()
}

/// One test, since memory is counted for the whole program.
#[test]
fn what_is_too_large_is_refused_before_memory_is_taken() {
    let registry = layers();
    let mut built = 0;
    for def in registry.iter().filter(|def| def.body == Body::None) {
        for call in large(def) {
            for shape in SHAPES {
                // Alone, one after another, and side by side.
                let branches = vec![&*call; 20].join(" | ");
                for text in [&call, &format!("20*{call}"), &format!("sum[ {branches} ]")] {
                    let before = ALLOCATOR.current_usage();
                    ALLOCATOR.reset_peak_usage();
                    built += usize::from(build(text, shape, &registry));
                    let peak = ALLOCATOR.peak_usage() - before;
                    assert!(peak < LIMIT, "{text} on {shape:?}: {} MiB", peak >> 20);
                }
            }
        }
    }
    assert!(built > 20, "only {built} built");
}
