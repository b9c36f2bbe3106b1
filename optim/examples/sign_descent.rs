//! A custom optimizer: a transform, a definition, and a registry.
#![allow(clippy::print_stdout)]

use std::error::Error;

use tapeline_optim::{
    Chain, Optimizer, OptimizerDef, Piece, Transform, optimizers, transforms::ScaleByLr,
};
use tapeline_spec::{Arg, Args, Diagnostic};
use tapeline_tensor::{Params, Role, Scalar, tensor, value_and_grad};

/// The sign of a running mean of the gradients: *m = β·m + (1 − β)·g*, *g = sign(m)*.
struct SignOfMean {
    beta: f64,
}

impl<T: Scalar> Transform<T> for SignOfMean {
    fn moments(&self) -> &'static [&'static str] {
        &["mean"]
    }

    fn apply(&self, mut piece: Piece<'_, T>) {
        let (keep, fresh) = (T::of(self.beta), T::of(1.0 - self.beta));
        let [mean] = piece.moments();
        for (g, m) in piece.gradient.iter_mut().zip(mean) {
            *m = keep * *m + fresh * *g;
            *g = m.signum();
        }
    }
}

const LR: Arg<f64> = Arg::new("lr", "learning rate").default(0.001).above(0.0);
const BETA: Arg<f64> = Arg::new("beta", "decay rate of the mean")
    .default(0.9)
    .from(0.0)
    .below(1.0);

const SIGN: OptimizerDef = OptimizerDef {
    name: "sign",
    about: "steps of constant size, from the sign of a running mean of the gradients",
    args: &[LR.info(), BETA.info()],
    examples: &["sign(lr=0.01)"],
    build,
    ..OptimizerDef::BASE
};

fn build(args: &Args) -> Result<Chain, Diagnostic> {
    let sign = SignOfMean {
        beta: args.get(BETA),
    };
    Ok(Chain::new().then(sign).then(ScaleByLr(args.get(LR))))
}

fn main() -> Result<(), Box<dyn Error>> {
    let optimizers = optimizers().with(SIGN)?;
    let optimizer = Optimizer::read("clip_norm(1) sign(lr=0.01)", &optimizers)?;
    println!("{}", optimizer.full());

    let mut params = Params::<f32>::new();
    params.push("x", Role::Weight, tensor([1.0, -2.0]));
    let mut stepper = optimizer.init(&params);
    for step in 0..=250 {
        let (loss, grads, ()) =
            value_and_grad(&params, &[], |_, params, _| (params[0].square().sum(), ()));
        if step % 50 == 0 {
            println!("step {step}: loss {loss:.4}");
        }
        stepper.step(&mut params, grads, 1.0)?;
    }
    Ok(())
}
