//! Proptest strategies for networks, layers, shapes and tensors, a synthetic dataset, and fuzz
//! targets.
//!
//! Authors of custom layers can use this crate as a git dependency.
//!
//! | item | contents |
//! |---|---|
//! | [`network`], [`Network`] | random valid networks of registered layers |
//! | [`layer`] | one layer with random arguments, as a spec |
//! | [`shape`] | shapes of a sample |
//! | [`any_shape`] | shapes of a sample, and invalid ones |
//! | [`tensor`] | values in a shape, with either memory order |
//! | [`bright_or_dark`] | a dataset that any network can learn |
//! | [`photos`] | pictures like photos of digits |
//! | [`fuzz`] | fuzz targets for everything that reads external input |
//!
//! The strategies map numbers that proptest shrinks, so failing cases are reduced to small ones:
//!
//! ```
//! use proptest::prelude::*;
//! use tapeline_layers::{Ctx, Mode, layers};
//! use tapeline_models::{Model, presets};
//! use tapeline_tensor::no_grad;
//! use tapeline_tests::{layer, network, shape, tensor};
//!
//! proptest!(|(network in network(1..=4))| {
//!     let model = Model::build(&network.text, &network.input, &layers(), &presets())?;
//!     prop_assert_eq!(model.plan.output.len(), 1);
//! });
//!
//! // A layer works on a shape, or says why not.
//! let batches = shape().prop_flat_map(|shape| tensor([&[2], &shape[..]].concat()));
//! proptest!(|(text in layer(&layers()), x in batches)| {
//!     if let Ok(model) = Model::build(&text, &x.shape()[1..], &layers(), &presets()) {
//!         let y = no_grad(&model.init::<f64>(0), |tape, params| {
//!             model.forward(&Ctx::new(tape, params, Mode::Evaluation), tape.constant(x)).value()
//!         });
//!         prop_assert_eq!(&y.shape()[1..], &model.plan.output[..]);
//!     }
//! });
//! ```

pub mod fuzz;
pub mod photos;

use std::ops::RangeInclusive;

use proptest::{collection::vec, prelude::*};
use tapeline_data::{Dataset, Images};
use tapeline_layers::{LayerDef, Plan, layers};
use tapeline_spec::{Args, Body, Presets, Registry, read};
use tapeline_tensor::Tensor;

/// A valid network: its spec and the shape of its input.
#[derive(Clone, Debug)]
pub struct Network {
    /// The spec, which ends with `flatten linear(…)`.
    pub text: String,
    /// `[channels, height, width]`.
    pub input: Vec<usize>,
}

/// Generates networks of registered layers with random arguments.
///
/// `depth` is the number of random layers before the final `flatten linear(…)`; those that don't
/// fit are left out.
pub fn network(depth: RangeInclusive<usize>) -> impl Strategy<Value = Network> {
    let input = (1usize..=3, 1usize..=7, 1usize..=7);
    (
        input,
        prop::collection::vec(any::<u64>(), depth),
        1usize..=5,
    )
        .prop_map(|((c, h, w), choices, outputs)| {
            let registry = layers();
            let input = vec![c, h, w];
            let mut text = String::new();
            for choice in choices {
                let longer = format!("{text} {}", drawn(&registry, choice));
                // Leave out layers that don't fit here.
                if builds(&registry, &longer, &input) {
                    text = longer;
                }
            }
            Network {
                text: format!("{} flatten linear({outputs})", text.trim_start()),
                input,
            }
        })
}

fn builds(registry: &Registry<LayerDef>, text: &str, input: &[usize]) -> bool {
    read(text, registry, &Presets::new()).is_ok_and(|spec| Plan::build(&spec, input).is_ok())
}

/// Generates the spec of a registered layer with random arguments from the ranges declared for
/// tests.
///
/// A combinator contains small layers.
pub fn layer(registry: &Registry<LayerDef>) -> impl Strategy<Value = String> {
    let registry = registry.clone();
    any::<u64>().prop_map(move |choice| drawn(&registry, choice))
}

/// Generates shapes of a sample, without the batch dimension: `[features]` or `[channels, height,
/// width]`, including sizes of 1.
pub fn shape() -> impl Strategy<Value = Vec<usize>> {
    let size = || prop_oneof![1 => Just(1usize), 3 => 1..=7usize];
    prop_oneof![vec(size(), 1), vec(size(), 3)]
}

/// Generates shapes of 0 to 5 dimensions, including sizes of 0 and 1.
///
/// Not all of them are valid shapes of a sample.
pub fn any_shape() -> impl Strategy<Value = Vec<usize>> {
    let size = || prop_oneof![1 => Just(0usize), 6 => Just(1usize), 18 => 2..=6usize];
    prop_oneof![
        1 => vec(size(), 0..=5),
        1 => vec(size(), 1),
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

/// Returns the spec of a random layer determined by `choice`.
fn drawn(registry: &Registry<LayerDef>, choice: u64) -> String {
    let defs: Vec<_> = registry.iter().collect();
    let def = defs[(choice % defs.len() as u64) as usize];
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
    let body = match def.body {
        Body::None => "",
        Body::One => "[ tanh 2*sigmoid ]",
        Body::Branches => "[ tanh | sigmoid ]",
    };
    format!("{}{args}{body}", def.name)
}

/// Creates a dataset of two classes, dark and bright images, with some variation.
pub fn bright_or_dark(count: usize, [channels, height, width]: [usize; 3]) -> Dataset {
    let area = channels * height * width;
    let pixel = |image: usize, place: usize| {
        let noise = (image * 31 + place * 17) % 60;
        (if image.is_multiple_of(2) {
            20 + noise
        } else {
            170 + noise
        }) as u8
    };
    let pixels = (0..count)
        .flat_map(|image| (0..area).map(move |place| pixel(image, place)))
        .collect();
    let labels: Vec<u8> = (0..count).map(|image| (image % 2) as u8).collect();
    let images = Images::new(pixels, [count, channels, height, width]);
    Dataset::new(images, labels, ["dark", "bright"].map(String::from))
        .expect("as many labels as images, all of them classes")
}

/// The examples in README.md and in the pages of `docs`.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/write-a-layer.md")]
    struct WriteALayer;

    #[doc = include_str!("../../docs/single-crates.md")]
    struct SingleCrates;
}
