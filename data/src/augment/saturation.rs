use tapeline_spec::{Args, Diagnostic};

use super::{AugmentDef, Change, colour};

/// Blends the image with its grey form, by a factor drawn from *U(max(0, 1 − amount), 1 + amount)*: 0 gives a grey image, 1 the image itself. Images that don't have three channels are left unchanged.
///
/// This is `saturation` of
/// [`ColorJitter`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.ColorJitter.html).
pub(super) const SATURATION: AugmentDef = AugmentDef {
    name: "saturation",
    about: "changes the saturation of colours by a random factor",
    args: &[colour::AMOUNT.info()],
    examples: &["saturation(0.4)", "hflip saturation(amount=0.2)"],
    build,
    ..AugmentDef::BASE
};

fn build(args: &Args) -> Result<Change, Diagnostic> {
    let amount = args.get(colour::AMOUNT);
    Ok(Change::pixels(move |image, random| {
        colour::saturate(image, colour::factor(amount, random));
    }))
}
