//! What whole-system tests draw from: strategies for networks, layers, shapes and tensors, and a data set. Whoever writes layers of their own can
//! take this crate as a git dependency.
//!
//! | | |
//! |---|---|
//! | [`network`], [`Network`] | random networks of registered layers that build |
//! | [`layer`] | one layer with drawn arguments, as a spec |
//! | [`shape`] | shapes of a sample |
//! | [`any_shape`] | those, and ones that a sample can't have |
//! | [`tensor`] | numbers in a shape, in any order in memory |
//! | [`bright_or_dark`] | a data set that any network learns |
//! | [`fuzz`] | everything that reads input from outside, as targets for fuzzers |
//!
//! A strategy is a function of numbers that proptest shrinks, so a failing case is a small one:
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

use std::ops::RangeInclusive;

use proptest::{collection::vec, prelude::*};
use tapeline_data::{Dataset, Images};
use tapeline_layers::{LayerDef, Plan, layers};
use tapeline_spec::{Args, Body, Presets, Registry, read};
use tapeline_tensor::Tensor;

/// A network that builds: its spec, and the shape of its input.
#[derive(Clone, Debug)]
pub struct Network {
    /// The spec; it ends with `flatten linear(…)`.
    pub text: String,
    /// `[channels, height, width]`.
    pub input: Vec<usize>,
}

/// Networks of registered layers with drawn arguments, with up to a number of layers before the last two.
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
                // A layer that doesn't fit here is left out.
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
    read(text, registry, &Presets::new())
        .is_ok_and(|spec| Plan::build(&spec.calls(), input).is_ok())
}

/// A registered layer with arguments that its keys say are to be tried, as a spec; a combinator has small layers in its brackets.
pub fn layer(registry: &Registry<LayerDef>) -> impl Strategy<Value = String> {
    let registry = registry.clone();
    any::<u64>().prop_map(move |choice| drawn(&registry, choice))
}

/// Shapes of a sample, without the batch: `[features]` or `[channels, height, width]`, sizes of 1 among them.
pub fn shape() -> impl Strategy<Value = Vec<usize>> {
    let size = || prop_oneof![1 => Just(1usize), 3 => 1..=7usize];
    prop_oneof![vec(size(), 1), vec(size(), 3)]
}

/// Shapes of 0 to 5 dimensions, with sizes of 0 and 1 among them: not all of them are ones that a sample can have.
pub fn any_shape() -> impl Strategy<Value = Vec<usize>> {
    let size = || prop_oneof![1 => Just(0usize), 6 => Just(1usize), 18 => 2..=6usize];
    prop_oneof![
        1 => vec(size(), 0..=5),
        1 => vec(size(), 1),
        3 => vec(size(), 3),
    ]
}

/// Numbers between −2 and 2 in a shape, in row-major order or with the dimensions the other way round in memory.
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

/// The layer of a number.
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
        "{}: {values:?} can be drawn, but is refused",
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

/// Images of one shape in two classes, dark and bright, each a little different.
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
