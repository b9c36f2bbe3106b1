//! The same numbers as PyTorch's modules and losses: `fixtures/layers.py` and `losses.py` have made them.

use std::collections::BTreeSet;

use serde_json::Value;
use tapeline_layers::{Ctx, Element, Layer, Mode, NamedLoss, Plan, layers, losses};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Params, Tensor, value_and_grad};

fn fixtures() -> Vec<Value> {
    let modules: Vec<_> = serde_json::from_str(include_str!("../fixtures/layers.json")).unwrap();
    // Faults seen in programs like this one; by PyTorch, too.
    let cases: Vec<_> = serde_json::from_str(include_str!("../fixtures/cases.json")).unwrap();
    [modules, cases].concat()
}

fn loss_fixtures() -> Vec<Value> {
    serde_json::from_str(include_str!("../fixtures/losses.json")).unwrap()
}

fn tensor<T: Element>(value: &Value) -> Tensor<T> {
    let shape = value["shape"].as_array().unwrap().iter();
    let shape: Vec<_> = shape.map(|n| n.as_u64().unwrap() as usize).collect();
    let values = value["values"].as_array().unwrap().iter();
    let values = values.map(|x| T::of(x.as_f64().unwrap())).collect();
    Tensor::from_shape_vec(shape, values).unwrap()
}

/// Whether two tensors are near, relative to the largest number.
fn near<T: Element>(
    what: &str,
    found: &Tensor<T>,
    wanted: &Tensor<T>,
    tolerance: f64,
) -> Result<(), String> {
    let largest = wanted.iter().fold(1.0f64, |m, x| m.max(x.widen().abs()));
    let apart =
        |(a, b): (&T, &T)| a.is_nan() || (a.widen() - b.widen()).abs() > tolerance * largest;
    if found.shape() != wanted.shape() || found.iter().zip(wanted).any(apart) {
        return Err(format!("{what} is\n{found}\nand not\n{wanted}"));
    }
    Ok(())
}

fn reproduce<T: Element>(entry: &Value, tolerance: f64) -> Result<(), String> {
    let (registry, x) = (layers(), tensor::<T>(&entry["input"]));
    let spec = read(entry["spec"].as_str().unwrap(), &registry, &Presets::new());
    let plan = Plan::build(&spec.unwrap(), &x.shape()[1..]).unwrap();
    let mut params = Params::<T>::new();
    for (declared, first) in plan.declared.iter().zip(&plan.init::<T>(0)) {
        let given = &entry["state"][&declared.name];
        assert!(given.is_object(), "PyTorch has no `{}`", declared.name);
        let mut value = first.value.clone();
        value.assign(&tensor(given));
        params.push(&declared.name, declared.role, value);
    }
    let mode = match entry["training"].as_bool().unwrap() {
        true => Mode::Training { seed: 0, step: 0 },
        false => Mode::Evaluation,
    };
    let (_, grads, (y, updates)) = value_and_grad(&params, &[x], |tape, on_tape, x| {
        let cx = Ctx::new(tape, on_tape, mode);
        let y = plan.chain.forward(&cx, x[0]);
        let loss = (y * tape.constant(tensor(&entry["upstream"]))).sum();
        (loss, (y.value(), cx.take_updates()))
    });
    near("the output", &y, &tensor(&entry["output"]), tolerance)?;
    // What no path leads to is zeros to PyTorch.
    let dx = grads.inputs[0].clone();
    let wanted = tensor(&entry["dx"]);
    let dx = dx.unwrap_or_else(|| Tensor::zeros(wanted.shape()));
    near("the gradient of the input", &dx, &wanted, tolerance)?;
    for (param, grad) in params.iter().zip(&grads.params) {
        let wanted = &entry["grads"][&param.name];
        if let (Some(grad), true) = (grad, wanted.is_object()) {
            near(
                &format!("the gradient of {}", param.name),
                grad,
                &tensor(wanted),
                tolerance,
            )?;
        } else if wanted.is_object() {
            return Err(format!("{} has no gradient", param.name));
        }
    }
    for (id, value) in &updates {
        let name = &params.get(*id).name;
        near(name, value, &tensor(&entry["after"][name]), tolerance)?;
    }
    let moved = entry["after"].as_object().unwrap().len();
    if mode != Mode::Evaluation && updates.len() != moved {
        return Err(format!(
            "{} buffers updated, and not {moved}",
            updates.len()
        ));
    }
    Ok(())
}

fn reproduce_loss<T: Element>(entry: &Value, tolerance: f64) -> Result<(), String> {
    let named = NamedLoss::read(entry["spec"].as_str().unwrap(), &losses()).unwrap();
    let numbers = |key: &str| -> Vec<usize> {
        let numbers = entry[key].as_array().into_iter().flatten();
        numbers.map(|n| n.as_u64().unwrap() as usize).collect()
    };
    let named = named.for_counts(&numbers("counts"));
    let targets = entry["targets"].as_array().into_iter().flatten();
    let targets: Vec<_> = targets.map(|t| t.as_u64().unwrap() as usize).collect();
    let output = tensor::<T>(&entry["output"]);
    named.expect_classes(output.shape()[1]).unwrap();
    let (_, grads, value) = value_and_grad(&Params::new(), &[output], |tape, _, output| {
        let loss = T::loss(&*named.loss);
        let y = match &entry["shares"] {
            Value::Null => loss.value(output[0], &targets),
            shares => {
                let soft = loss.soft().expect("a loss of mixed targets");
                soft.value(output[0], tape.constant(tensor(shares)))
            }
        };
        (y, y.value())
    });
    near("the loss", &value, &tensor(&entry["value"]), tolerance)?;
    let gradient = grads.inputs[0].clone().unwrap();
    near(
        "its gradient",
        &gradient,
        &tensor(&entry["gradient"]),
        tolerance,
    )
}

fn all_losses<T: Element>(tolerance: f64) {
    let failures: Vec<_> = loss_fixtures()
        .iter()
        .filter_map(|entry| {
            let reason = reproduce_loss::<T>(entry, tolerance).err()?;
            Some(format!("{} {}: {reason}", entry["spec"], entry["case"]))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn losses_in_f64() {
    all_losses::<f64>(1e-10);
}

#[test]
fn losses_in_f32() {
    all_losses::<f32>(1e-5);
}

fn all<T: Element>(tolerance: f64) {
    let failures: Vec<_> = fixtures()
        .iter()
        .filter_map(|entry| {
            let reason = reproduce::<T>(entry, tolerance).err()?;
            Some(format!(
                "{} training={}: {reason}",
                entry["spec"], entry["training"]
            ))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn in_f64() {
    all::<f64>(1e-10);
}

#[test]
fn in_f32() {
    all::<f32>(1e-5);
}

/// Layers that PyTorch doesn't have, or whose numbers are random.
const WITHOUT: [&str; 4] = ["drop_path", "gaussian_noise", "reshape", "shape"];

/// The layers of the specs, outside of bodies.
fn layers_of(fixtures: &[Value]) -> BTreeSet<&'static str> {
    let registry = layers();
    let specs = fixtures.iter().map(|entry| entry["spec"].as_str().unwrap());
    let calls = specs.flat_map(|spec| {
        let spec = read(spec, &registry, &Presets::new());
        spec.unwrap().calls()
    });
    calls.map(|call| call.def.name).collect()
}

/// The names in front of the specs.
fn names(fixtures: &[Value]) -> BTreeSet<&str> {
    let specs = fixtures.iter().map(|entry| entry["spec"].as_str().unwrap());
    specs
        .map(|spec| spec.split(['(', '[']).next().unwrap())
        .collect()
}

#[test]
fn every_loss_is_compared() {
    let (fixtures, registry) = (loss_fixtures(), losses());
    let registered: BTreeSet<_> = registry.iter().map(|def| def.name).collect();
    assert_eq!(names(&fixtures), registered);
}

#[test]
fn every_layer_is_compared() {
    let fixtures = fixtures();
    let mut compared = layers_of(&fixtures);
    compared.extend(WITHOUT);
    let registry = layers();
    let registered: BTreeSet<_> = registry.iter().map(|def| def.name).collect();
    assert_eq!(compared, registered);
}
