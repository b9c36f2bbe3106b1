use tapeline_spec::{Args, Diagnostic};

use super::{AugmentDef, Change, colour};

/// Multiplies the image by a factor drawn from *U(max(0, 1 − amount), 1 + amount)*.
///
/// This is `brightness` of
/// [`ColorJitter`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html).
pub(super) const BRIGHTNESS: AugmentDef = AugmentDef {
    name: "brightness",
    about: "multiplies the image by a random factor",
    args: &[colour::AMOUNT.info()],
    examples: &["brightness(0.4)", "hflip brightness(amount=0.2)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let amount = args.get(colour::AMOUNT);
    Ok(Change::pixels(move |image, random| {
        colour::brighten(image, colour::factor(amount, random));
    }))
}
