//! Random augmentation of training images, described in the spec language: `shift(2) rotate(10)
//! elastic(34, 4)`.
//!
//! | module | contents |
//! |---|---|
//! | [`augmentation`] | [`Augmentation`]: a chain read from a spec; [`AugmentDef`], [`Change`] |
//! | [`draws`] | [`Draws`]: the random changes of an epoch |
//! | [`mix`] | [`Mix`], [`Mixture`]: two images in one |
//! | [`warp`] | [`Warp`]: composed geometric transforms with a single resampling |
//!
//! Each entry of the registry has its own file.

pub mod augmentation;
mod blur;
mod brightness;
mod colour;
mod contrast;
mod crop;
mod cutmix;
pub mod draws;
mod elastic;
mod erase;
mod hflip;
pub mod mix;
mod mixup;
mod resized_crop;
mod rotate;
mod saturation;
mod scale;
mod shear;
mod shift;
#[cfg(test)]
mod torchvision;
mod vflip;
pub mod warp;

use tapeline_spec::{Diagnostic, Registry, Span};

pub use augmentation::{AugmentDef, Augmentation, Change};
pub use draws::Draws;
pub use mix::{Mix, Mixture};
pub use warp::Warp;

/// Returns the registry of all augmentations, which [`Registry::with`] extends with custom ones.
///
/// ```
/// let names: Vec<_> = tapeline_data::augmentations().iter().map(|def| def.name).collect();
/// assert_eq!(names[..4], ["blur", "brightness", "contrast", "crop"]);
/// ```
pub fn augmentations() -> Registry<AugmentDef> {
    let all = [
        blur::BLUR,
        brightness::BRIGHTNESS,
        contrast::CONTRAST,
        crop::CROP,
        cutmix::CUTMIX,
        elastic::ELASTIC,
        erase::ERASE,
        hflip::HFLIP,
        mixup::MIXUP,
        resized_crop::RESIZED_CROP,
        rotate::ROTATE,
        saturation::SATURATION,
        scale::SCALE,
        shear::SHEAR,
        shift::SHIFT,
        vflip::VFLIP,
    ];
    all.into_iter()
        .try_fold(Registry::new("augmentation"), Registry::with)
        .expect("definitions that differ in name")
}

/// Rejects a descending range; `what` is its name.
fn ascending(what: &str, [from, to]: [f64; 2]) -> Result<(), Diagnostic> {
    if from <= to {
        return Ok(());
    }
    let message = format!("{what} goes from {from} down to {to}");
    Err(Diagnostic::error(Span::default(), message).help("put the smaller number first"))
}
