//! Optimizers go by what a parameter is, not by its shape: for every layer that has parameters.

use tapeline_layers::{Plan, layers};
use tapeline_optim::{Optimizer, optimizers};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Grads, Params, Role, Tensor};

/// The plan of each example of each registered layer, and of a network where scales have three dimensions.
fn plans() -> Vec<(String, Plan)> {
    let registry = layers();
    let mut texts: Vec<(&str, &[usize])> = Vec::new();
    for def in registry.iter() {
        texts.extend(def.examples);
    }
    texts.push(("layernorm rmsnorm prelu", &[2, 3]));
    texts.push((
        "layernorm rmsnorm conv2d(2, 1) prelu squeeze_excite",
        &[2, 3, 3],
    ));
    let plans = texts.into_iter().map(|(text, shape)| {
        let spec = read(text, &registry, &Presets::new()).unwrap();
        (text.to_string(), Plan::build(&spec, shape).unwrap())
    });
    plans
        .filter(|(_, plan)| !plan.declared.is_empty())
        .collect()
}

/// The layers that have matrices or kernels, the names of all of which contain `weight`.
const PRODUCTS: [&str; 12] = [
    "attention",
    "linear",
    "maxout",
    "highway",
    "conv1d",
    "conv2d",
    "patches",
    "gru",
    "lstm",
    "rnn",
    "residual",
    "squeeze_excite",
];

/// Whether a parameter is a matrix or kernels, by its name and the layer that has it.
fn mixes(plan: &Plan, name: &str) -> bool {
    let of_row = |path: &str| {
        name.strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let rows = plan.rows.iter().filter(|row| of_row(&row.path));
    let owner = rows.max_by_key(|row| row.path.len()).unwrap();
    let layer = owner.text.split(['(', '[']).next().unwrap();
    name.contains("weight") && PRODUCTS.contains(&layer)
}

fn stepped(optimizer: &str, params: &Params, gradient: impl Fn(&Tensor) -> Tensor) -> Params {
    let optimizers = optimizers();
    let mut stepped = params.clone();
    let grads = Grads {
        params: params
            .iter()
            .map(|p| p.role.is_learned().then(|| gradient(&p.value)))
            .collect(),
        inputs: vec![],
    };
    let optimizer = Optimizer::read(optimizer, &optimizers).unwrap();
    let step = optimizer.init(params).step(&mut stepped, grads, 1.0);
    step.expect("finite gradients and weights");
    stepped
}

#[test]
fn with_decay_biases_off_exactly_matrices_and_kernels_decay() {
    let plans = plans();
    assert!(plans.len() > 12, "{}", plans.len());
    for (text, plan) in plans {
        // Nothing is zero, which no decay changes.
        let mut params = plan.init::<f32>(1);
        params
            .values_mut()
            .for_each(|mut value| value.mapv_inplace(|x| x + 2.0));
        for name in ["sgd", "adam", "adamw", "lion", "muon", "rmsprop", "adagrad"] {
            let optimizer = format!("{name}(lr=0.5, weight_decay=1000, decay_biases=false)");
            let after = stepped(&optimizer, &params, |p| Tensor::zeros(p.raw_dim()));
            for (before, after) in params.iter().zip(&after) {
                let (name, shape) = (&before.name, before.value.shape());
                let changed = before.value != after.value;
                assert_eq!(
                    changed,
                    mixes(&plan, name),
                    "{optimizer}: {text}: {name} {shape:?}"
                );
                assert_eq!(
                    changed,
                    before.role == Role::Weight,
                    "{optimizer}: {text}: {name}"
                );
            }
        }
    }
}

/// A gradient of one value everywhere has rank 1: made orthogonal, its norm is about 1, scaled for the shape of its matrix. Adam makes each element 1.
#[test]
fn muon_makes_exactly_matrices_and_kernels_orthogonal() {
    for (text, plan) in plans() {
        let params = plan.init::<f32>(1);
        let optimizer = "muon(lr=1, weight_decay=0, adamw_lr=1)";
        let after = stepped(optimizer, &params, |p| Tensor::from_elem(p.raw_dim(), 3.0));
        for (before, after) in params
            .iter()
            .zip(&after)
            .filter(|(p, _)| p.role.is_learned())
        {
            let (name, shape) = (&before.name, before.value.shape());
            let step = (&before.value - &after.value).mapv(f64::from);
            let is_orthogonal = mixes(&plan, name);
            let (norm, expected) = match is_orthogonal {
                true => {
                    let (rows, all) = (shape[0] as f64, before.value.len() as f64);
                    (
                        step.mapv(|x| x * x).sum().sqrt(),
                        (rows * rows / all).max(1.0).sqrt(),
                    )
                }
                false => (
                    step.iter().fold(0.0f64, |m, x| m.max((x - 1.0).abs())) + 1.0,
                    1.0,
                ),
            };
            // Five steps of the iteration bring a singular value to between 0.68 and 1.13.
            let bounds = if is_orthogonal {
                0.65..1.2
            } else {
                0.999..1.001
            };
            assert!(
                bounds.contains(&(norm / expected)),
                "{text}: {name} {shape:?}: {norm}, {expected}"
            );
        }
    }
}
