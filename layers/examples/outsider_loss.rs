//! A custom loss: registered under a name, checked with one line, read from a spec, and used for
//! training.
#![allow(clippy::print_stdout)]

use tapeline_layers::{
    Ctx, Element, Layer, Loss, LossDef, Mode, NamedLoss, Plan, Takes, check, layers, losses,
    one_hot,
};
use tapeline_optim::{Optimizer, optimizers};
use tapeline_spec::{Arg, Presets, read};
use tapeline_tensor::{Tensor, Var, cross_entropy, value_and_grad};

const EPSILON: Arg<f64> = Arg::new("epsilon", "weight of the term 1 − p")
    .default(1.0)
    .from(-1.0)
    .tried(-1.0..=4.0);

/// `−ln p_t + ε (1 − p_t)`, averaged over the batch, with `p` the softmax of the output and `t` the
/// target class. (Leng et al. 2022)
const POLY1: LossDef = LossDef {
    name: "poly1",
    about: "cross-entropy of logits plus a multiple of 1 − p",
    args: &[EPSILON.info()],
    examples: &["poly1", "poly1(epsilon=2)"],
    takes: Takes::Logits,
    build: |args| {
        Box::new(Poly1 {
            epsilon: args.get(EPSILON),
        })
    },
    ..LossDef::BASE
};

struct Poly1 {
    epsilon: f64,
}

impl<T: Element> Loss<T> for Poly1 {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        let right = (output.softmax(1) * one_hot(output, targets)).sum_axis(1);
        cross_entropy(output, targets, 0.0) + self.epsilon * (1.0 - right).mean()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let report = check::loss(&POLY1)?;
    println!(
        "poly1: {} cases checked, worst difference {:.1e}",
        report.cases, report.worst
    );
    let registry = losses().with(POLY1)?;
    let loss = NamedLoss::read("poly1(epsilon=2)", &registry)?;
    loss.expect_classes(3)?;

    let spec = read("linear(24) tanh linear(3)", &layers(), &Presets::new())?;
    let plan = Plan::build(&spec, &[2])?;

    // A spiral with three arms, one per class.
    let targets: Vec<usize> = (0..180).map(|i| i % 3).collect();
    let point = |(i, &arm): (usize, &usize)| {
        let radius = 0.2 + i as f32 / 180.0;
        let angle = 3.0 * radius + arm as f32 * std::f32::consts::TAU / 3.0;
        [radius * angle.cos(), radius * angle.sin()]
    };
    let points = targets.iter().enumerate().flat_map(point).collect();
    let points = Tensor::from_shape_vec(vec![180, 2], points)?;

    let mut params = plan.init::<f32>(0);
    let mut stepper = Optimizer::read("adam(lr=0.02)", &optimizers())?.init(&params);
    let (mut first, mut last) = (None, f32::NAN);
    for step in 0..400 {
        let (value, grads, ()) = value_and_grad(&params, &[], |tape, params, _| {
            let cx = Ctx::new(tape, params, Mode::Training { seed: 0, step });
            let output = plan.chain.forward(&cx, tape.constant(points.clone()));
            (f32::loss(&*loss.loss).value(output, &targets), ())
        });
        stepper.step(&mut params, grads, 1.0)?;
        first.get_or_insert(value);
        last = value;
    }
    println!(
        "{}: {:.4} at first, {last:.4} at last",
        loss.text,
        first.unwrap_or(last)
    );
    assert!(last < 0.05, "the network has not learned the spiral");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
