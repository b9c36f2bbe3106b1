//! A synthetic dataset, pictures and fuzz targets, for tests of the whole system.
//!
//! | item | contents |
//! |---|---|
//! | [`bright_or_dark`] | a dataset that any network can learn |
//! | [`photos`] | pictures like photos of digits |
//! | [`fuzz`] | fuzz targets for everything that reads external input |
//!
//! Strategies for random networks are in `tapeline_layers::strategies`.

pub mod fuzz;
pub mod photos;

use tapeline_data::{Dataset, Images};

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

/// The examples in the README files and in the pages of `docs`.
#[cfg(doctest)]
mod pages {
    macro_rules! pages {
        ($($name:ident $file:literal)*) => {$(
            #[doc = include_str!(concat!("../../", $file))]
            struct $name;
        )*};
    }

    pages! {
        Readme "README.md"
        Cli "cli/README.md"
        Data "data/README.md"
        Experiments "experiments/README.md"
        Layers "layers/README.md"
        Models "models/README.md"
        Optim "optim/README.md"
        Plots "plots/README.md"
        Spec "spec/README.md"
        Tensor "tensor/README.md"
        WriteALayer "docs/write-a-layer.md"
    }
}
