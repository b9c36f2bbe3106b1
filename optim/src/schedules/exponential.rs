use tapeline_spec::{Arg, Args, Diagnostic};

use crate::{Phase, ScheduleDef};

const FACTOR: Arg<f64> = Arg::new("factor", "multiplier of each step")
    .above(0.0)
    .up_to(1.0)
    .tried(0.9..=1.0);

/// *factorˢ*, for the rest of the training run: [PyTorch's
/// `ExponentialLR`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html),
/// counted in steps.
pub(crate) const EXPONENTIAL: ScheduleDef = ScheduleDef {
    name: "exponential",
    about: "multiplies the learning rate by `factor` in each step",
    args: &[FACTOR.info()],
    examples: &["exponential(0.9995)", "warmup(100) exponential(0.999)"],
    build,
    ..ScheduleDef::BASE
};

fn build(args: &Args) -> Result<Phase, Diagnostic> {
    let factor = args.get(FACTOR);
    Ok(Phase::new(None, move |step, _| factor.powf(step as f64)))
}
