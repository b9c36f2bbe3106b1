//! What whole-system tests draw from: strategies for networks and data sets.
//!
//! | | |
//! |---|---|
//! | [`network`], [`Network`] | random networks of registered layers that build |
//! | [`bright_or_dark`] | a data set that any network learns |
//!
//! A strategy is a function of numbers that proptest shrinks, so a failing case is a small network:
//!
//! ```
//! use proptest::prelude::*;
//! use tapeline_layers::layers;
//! use tapeline_models::{Model, presets};
//! use tapeline_tests::network;
//!
//! proptest!(|(network in network(1..=4))| {
//!     let model = Model::build(&network.text, &network.input, &layers(), &presets())?;
//!     prop_assert_eq!(model.plan.output.len(), 1);
//! });
//! ```

use std::ops::RangeInclusive;

use proptest::prelude::*;
use tapeline_data::{Dataset, Images};
use tapeline_layers::{LayerDef, Plan, layers};
use tapeline_spec::{Args, Body, Presets, Registry, read};

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
                let longer = format!("{text} {}", layer(&registry, choice));
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

/// One layer with drawn arguments; a combinator has small layers in its brackets.
fn layer(registry: &Registry<LayerDef>, choice: u64) -> String {
    let defs: Vec<_> = registry.iter().collect();
    let def = defs[(choice % defs.len() as u64) as usize];
    let drawn = def.args.iter().zip(1..).filter_map(|(info, place)| {
        let value = info.draw(choice.wrapping_mul(place))?;
        Some((info.name, value))
    });
    let drawn: Vec<_> = drawn.collect();
    assert!(
        Args::of(def.args, &drawn).is_ok(),
        "{}: {drawn:?} can be drawn, but is refused",
        def.name
    );
    let args: Vec<_> = drawn
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
