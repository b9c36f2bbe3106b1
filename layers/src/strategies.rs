//! Proptest strategies for networks, layers, shapes and tensors. (feature `proptest`)
//!
//! They sample from a registry, which may contain layers of your own besides those of this crate.
//!
//! | item | contents |
//! |---|---|
//! | [`network`], [`Network`] | random valid networks |
//! | [`network_with`] | random valid networks that contain a given layer |
//! | [`layer`] | one layer with random arguments, as a spec |
//! | [`shape`] | shapes of a sample |
//! | [`any_shape`] | shapes of a sample, and invalid ones |
//! | [`tensor`] | values in a shape, with either memory order |
//!
//! The strategies map numbers that proptest shrinks, so failing cases are reduced to small ones:
//!
//! ```
//! use proptest::prelude::*;
//! use tapeline_layers::{Ctx, Layer, Mode, Plan, layers, strategies::{layer, network, shape, tensor}};
//! use tapeline_spec::{Presets, read};
//! use tapeline_tensor::no_grad;
//!
//! let registry = layers();
//! proptest!(|(network in network(&registry, 1..=4))| {
//!     let spec = read(&network.text, &registry, &Presets::new())?;
//!     prop_assert_eq!(Plan::build(&spec, &network.input)?.output.len(), 1);
//! });
//!
//! // A layer works on a shape, or says why not.
//! let batches = shape().prop_flat_map(|shape| tensor([&[2], &shape[..]].concat()));
//! proptest!(|(text in layer(&registry), x in batches)| {
//!     let spec = read(&text, &registry, &Presets::new())?;
//!     if let Ok(plan) = Plan::build(&spec, &x.shape()[1..]) {
//!         let y = no_grad(&plan.init::<f64>(0), |tape, params| {
//!             let cx = Ctx::new(tape, params, Mode::Evaluation);
//!             plan.chain.forward(&cx, tape.constant(x)).value()
//!         });
//!         prop_assert_eq!(&y.shape()[1..], &plan.output[..]);
//!     }
//! });
//! ```

use std::ops::RangeInclusive;

use proptest::{collection::vec, prelude::*};
use tapeline_spec::{Args, Body, Presets, Registry, read};
use tapeline_tensor::Tensor;

use crate::{LayerDef, Plan};

/// A valid network: its spec and the shape of its input.
#[derive(Clone, Debug)]
pub struct Network {
    /// The spec, which ends with `flatten linear(…)`.
    pub text: String,
    /// `[channels, height, width]`.
    pub input: Vec<usize>,
}

/// Generates networks of registered layers with random arguments. A quarter of them begin with
/// `tokens`.
///
/// `depth` is the number of random layers before the final `flatten linear(…)`; those that don't
/// fit are left out. The registry must contain the layers of this crate.
pub fn network(
    registry: &Registry<LayerDef>,
    depth: RangeInclusive<usize>,
) -> impl Strategy<Value = Network> + use<> {
    let registry = registry.clone();
    parts(depth).prop_map(move |parts| {
        let layers = parts.choices.iter().map(|&choice| drawn(&registry, choice));
        parts.network(&registry, layers)
    })
}

/// Generates networks like [`network`] that contain the layer `name` with random arguments, at a
/// random place where it fits.
///
/// # Panics
/// When `name` is not registered.
#[track_caller]
pub fn network_with(
    registry: &Registry<LayerDef>,
    name: &str,
    depth: RangeInclusive<usize>,
) -> impl Strategy<Value = Network> + use<> {
    let registry = registry.clone();
    let def = registry.get(name);
    let def = *def.unwrap_or_else(|| panic!("network_with: `{name}` is not registered"));
    (parts(depth), any::<u64>()).prop_filter_map("the layer doesn't fit", move |(parts, choice)| {
        let given = drawn_of(&def, choice);
        let others = parts.choices.iter().map(|&choice| drawn(&registry, choice));
        let mut layers: Vec<_> = others.collect();
        let place = (choice % (layers.len() as u64 + 1)) as usize;
        layers.insert(place, given.clone());
        let network = parts.network(&registry, layers.into_iter());
        network.text.contains(&given).then_some(network)
    })
}

/// Generates the spec of a registered layer with random arguments from the ranges declared for
/// tests.
///
/// A combinator contains small layers.
pub fn layer(registry: &Registry<LayerDef>) -> impl Strategy<Value = String> + use<> {
    let registry = registry.clone();
    any::<u64>().prop_map(move |choice| drawn(&registry, choice))
}

/// Generates shapes of a sample, without the batch dimension: `[features]`, `[tokens, features]` or
/// `[channels, height, width]`, including sizes of 1.
pub fn shape() -> impl Strategy<Value = Vec<usize>> {
    let size = || prop_oneof![1 => Just(1usize), 3 => 1..=7usize];
    vec(size(), 1..=3)
}

/// Generates shapes of 0 to 5 dimensions, including sizes of 0 and 1.
///
/// Not all of them are valid shapes of a sample.
pub fn any_shape() -> impl Strategy<Value = Vec<usize>> {
    let size = || prop_oneof![1 => Just(0usize), 6 => Just(1usize), 18 => 2..=6usize];
    prop_oneof![
        1 => vec(size(), 0..=5),
        1 => vec(size(), 1),
        1 => vec(size(), 2),
        3 => vec(size(), 3),
    ]
}

/// Generates tensors of a shape with values between −2 and 2, in row-major or column-major memory
/// order.
pub fn tensor(shape: Vec<usize>) -> impl Strategy<Value = Tensor<f64>> {
    let count = shape.iter().product::<usize>();
    (vec(-2.0..2.0, count), any::<bool>()).prop_map(move |(values, reversed)| {
        let mut memory = shape.clone();
        if reversed {
            memory.reverse();
        }
        let tensor = Tensor::from_shape_vec(memory, values).expect("as many numbers");
        if reversed {
            tensor.reversed_axes()
        } else {
            tensor
        }
    })
}

/// The arguments of a layer that saves or uses a value, as they are sampled.
const NAME: &str = "(name=a)";

/// The random parts of a network.
#[derive(Clone, Debug)]
struct Parts {
    input: [usize; 3],
    /// Whether it is made a sequence first.
    sequence: bool,
    /// A number for each layer that determines its definition and arguments.
    choices: Vec<u64>,
    outputs: usize,
}

fn parts(depth: RangeInclusive<usize>) -> impl Strategy<Value = Parts> {
    let input = (1usize..=3, 1usize..=7, 1usize..=7);
    let sequence = proptest::bool::weighted(0.25);
    let parts = (input, sequence, vec(any::<u64>(), depth), 1usize..=5);
    parts.prop_map(|((c, h, w), sequence, choices, outputs)| Parts {
        input: [c, h, w],
        sequence,
        choices,
        outputs,
    })
}

impl Parts {
    /// Returns the network of those layers that fit.
    fn network(
        &self,
        registry: &Registry<LayerDef>,
        layers: impl Iterator<Item = String>,
    ) -> Network {
        let mut fitting = Vec::new();
        if self.sequence {
            fitting.push("tokens".to_string());
        }
        for layer in layers {
            let mut longer = fitting.clone();
            longer.push(layer);
            // A layer that uses a saved value may need one.
            let places = match longer.last() {
                Some(layer) if layer.ends_with(NAME) => 0..longer.len(),
                _ => 0..0,
            };
            let saving = places.map(|place| {
                let mut saving = longer.clone();
                saving.insert(place, format!("save{NAME}"));
                saving
            });
            let fits = |layers: &Vec<String>| builds(registry, &layers.join(" "), &self.input);
            if let Some(longer) = [longer.clone()].into_iter().chain(saving).find(fits) {
                fitting = longer;
            }
        }
        let end = format!("flatten linear({})", self.outputs);
        fitting.push(end);
        Network {
            text: fitting.join(" "),
            input: self.input.to_vec(),
        }
    }
}

fn builds(registry: &Registry<LayerDef>, text: &str, input: &[usize]) -> bool {
    read(text, registry, &Presets::new()).is_ok_and(|spec| Plan::build(&spec, input).is_ok())
}

/// Returns the spec of a random layer determined by `choice`.
fn drawn(registry: &Registry<LayerDef>, choice: u64) -> String {
    let defs: Vec<_> = registry.iter().collect();
    drawn_of(defs[(choice % defs.len() as u64) as usize], choice)
}

/// Returns the spec of a layer with random arguments determined by `choice`.
fn drawn_of(def: &LayerDef, choice: u64) -> String {
    let values = def.args.iter().zip(1..).filter_map(|(info, place)| {
        let value = info.draw(choice.wrapping_mul(place))?;
        Some((info.name, value))
    });
    let values: Vec<_> = values.collect();
    assert!(
        Args::of(def.args, &values).is_ok(),
        "{}: {values:?} can be sampled, but is rejected",
        def.name
    );
    let args: Vec<_> = values
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let args = if args.is_empty() {
        String::new()
    } else {
        format!("({})", args.join(", "))
    };
    let body = match (def.body, choice >> 62) {
        (Body::None, _) => "",
        (Body::One, 0) => "[ save(name=a) tanh save(name=b) sigmoid add(name=a) ]",
        (Body::One, _) => "[ tanh 2*sigmoid ]",
        (Body::Branches, 0) => "[ tanh save(name=a) sigmoid add(name=a) | sigmoid ]",
        (Body::Branches, _) => "[ tanh | sigmoid ]",
    };
    format!("{}{args}{body}", def.name)
}
