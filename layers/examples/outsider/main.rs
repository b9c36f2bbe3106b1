//! A custom layer: registered under a name, checked with one line, and trained in a network read
//! from a spec.
#![allow(clippy::print_stdout)]

mod swish;

use tapeline_layers::{Ctx, Layer, Mode, Plan, check, layers};
use tapeline_optim::{Optimizer, optimizers};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Tensor, mse, value_and_grad};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let report = check::layer(&swish::SWISH)?;
    println!(
        "swish: {} cases checked, worst difference {:.1e}",
        report.cases,
        report.worst()
    );

    let layers = layers().with(swish::SWISH)?;
    let text = "linear(16) swish linear(16) swish linear(1)";
    let plan = Plan::build(&read(text, &layers, &Presets::new())?, &[1])?;

    // sin on [-3, 3].
    let inputs: Vec<f32> = (0..64).map(|i| i as f32 * 6.0 / 63.0 - 3.0).collect();
    let column = |values: Vec<f32>| Tensor::from_shape_vec(vec![64, 1], values);
    let targets = column(inputs.iter().map(|x| x.sin()).collect())?;
    let inputs = column(inputs)?;

    let mut params = plan.init::<f32>(0);
    let mut stepper = Optimizer::read("adam(lr=0.01)", &optimizers())?.init(&params);
    let mut last = f32::NAN;
    for step in 0..1000 {
        let (loss, grads, ()) = value_and_grad(&params, &[], |tape, params, _| {
            let cx = Ctx::new(tape, params, Mode::Training { seed: 0, step });
            let y = plan.chain.forward(&cx, tape.constant(inputs.clone()));
            (mse(y, tape.constant(targets.clone())), ())
        });
        stepper.step(&mut params, grads, 1.0)?;
        last = loss;
    }
    println!("mean squared error after 1000 steps: {last:.6}");
    for param in params.iter().filter(|param| param.name.ends_with("beta")) {
        println!("{} = {:.3}", param.name, param.value[0]);
    }
    assert!(last < 1e-3, "the network has not learned the sine");
    Ok(())
}
