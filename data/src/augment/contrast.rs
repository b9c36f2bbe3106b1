use tapeline_spec::{Args, Diagnostic};

use super::{AugmentDef, Change, colour};

/// Blends the image with its mean brightness, by a factor drawn from *U(max(0, 1 − amount), 1 + amount)*: 0 gives a plain grey image, 1 the image itself.
///
/// This is `contrast` of
/// [`ColorJitter`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html).
pub(super) const CONTRAST: AugmentDef = AugmentDef {
    name: "contrast",
    about: "changes the contrast by a random factor",
    args: &[colour::AMOUNT.info()],
    examples: &["contrast(0.4)", "hflip contrast(amount=0.2)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let amount = args.get(colour::AMOUNT);
    Ok(Change::pixels(move |image, random| {
        colour::stretch(image, colour::factor(amount, random));
    }))
}
