//! Predicts the time of a training step on more threads than the machine has cores. It times the tasks
//! of a step one after another, and computes when a number of threads would be done with them.
//!
//! `cargo run --release -p tapeline-models --example scaling -- mlp cnn`
#![allow(clippy::print_stdout)]

use std::{collections::BTreeMap, time::Duration};

use tapeline_data::{Normalisation, load};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{Model, Trainer, presets};
use tapeline_optim::{Optimizer, optimizers};
use tapeline_tensor::{Tensor, pool};

/// Numbers of threads.
const THREADS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Time for starting and awaiting threads.
const FORK: Duration = Duration::from_micros(8);

/// The number of threads for which the longest parts are listed.
const MANY: usize = 16;

const BATCH: usize = 100;
const STEPS: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let specs: Vec<_> = std::env::args().skip(1).collect();
    if specs.is_empty() {
        return Err("no spec: give one or more, such as mlp".into());
    }
    println!("microseconds of a step of {BATCH} images, by number of threads");
    println!("{}", THREADS.map(|threads| format!("{threads:9}")).concat());
    for spec in specs {
        let step = shortest_step(&spec)?;
        let cells = THREADS.map(|threads| {
            let time = step.time(threads, FORK);
            format!("{:9.0}", time.as_secs_f64() * 1e6)
        });
        println!("{}  {spec}", cells.concat());
        for (share, place) in longest(&step) {
            println!("{:9.1} % on {MANY} threads: {place}", 100.0 * share);
        }
    }
    Ok(())
}

/// Returns the tasks of the shortest of some steps.
fn shortest_step(spec: &str) -> Result<pool::Schedule, Box<dyn std::error::Error>> {
    let train = load("mnist")?.train;
    let model = Model::build(spec, &train.shape(), &layers(), &presets())?;
    let loss = NamedLoss::read("cross_entropy", &losses())?;
    let sgd = "sgd(lr=0.001, momentum=0.9, weight_decay=0.005)";
    let params = model.init(0);
    let stepper = Optimizer::read(sgd, &optimizers())?.init(&params);
    let mut trainer = Trainer::new(&model, &*loss.loss, params, stepper, 0);
    let indices: Vec<_> = (0..BATCH).collect();
    let mut pixels = vec![0.0; BATCH * train.shape().iter().product::<usize>()];
    train.gather(&indices, Normalisation::default(), &mut pixels);
    let shape = [&[BATCH], &train.shape()[..]].concat();
    let images = Tensor::from_shape_vec(shape, pixels)?;
    let targets = train.labels_of(&indices);
    let mut steps = Vec::new();
    for _ in 0..STEPS {
        let (step, schedule) = pool::record(|| trainer.step(&images, &targets, 1.0));
        step?;
        steps.push(schedule);
    }
    let shortest = steps.into_iter().min_by_key(|step| step.time(1, FORK));
    Ok(shortest.unwrap_or_default())
}

/// Returns the three places in the code that take the largest shares of a step on [`MANY`] threads.
/// What runs on one thread counts for the place that divides its work next.
fn longest(step: &pool::Schedule) -> Vec<(f64, String)> {
    let whole = step.time(MANY, FORK);
    let mut places = BTreeMap::new();
    for part in &step.parts {
        let time: &mut [Duration; 2] = places.entry(part.place).or_default();
        time[0] += part.time(MANY, FORK);
        time[1] += part.serial;
    }
    let shares = places.into_iter().map(|(place, [time, serial])| {
        let [share, serial] = [time, serial].map(|t| t.as_secs_f64() / whole.as_secs_f64());
        let place = format!(
            "{place}, of which {:.1} % before it on one thread",
            100.0 * serial
        );
        (share, place)
    });
    let mut shares: Vec<_> = shares.collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    shares.truncate(3);
    shares
}
