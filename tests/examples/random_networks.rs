//! Checks random networks of registered layers as a whole, for all aspects of the layer check:
//! `cargo run --release -p tapeline-tests --example random_networks -- NETWORKS [SEED]`
//!
//! It stops at the first network that fails, and prints it and a smaller one that fails, too.
#![allow(clippy::print_stdout)]

use std::{cell::Cell, env, error::Error, process::ExitCode, time::Instant};

use proptest::{
    prelude::TestCaseError,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tapeline_layers::{
    check, layers,
    strategies::{Network, network},
};
use tapeline_spec::{Presets, read};

/// Number of networks between two lines of progress.
const STEP: u32 = 100;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let networks: u32 = args
        .next()
        .ok_or("expected a number of networks")?
        .parse()?;
    let seed: u64 = args.next().map_or(Ok(0), |seed| seed.parse())?;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: networks,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };

    let (registry, begun) = (layers(), Instant::now());
    let (passed, failed) = (Cell::new(0), Cell::new(false));
    let checked = |network: Network| {
        let calls = read(&network.text, &registry, &Presets::new())?.calls();
        let report = check::calls(&calls, &network.input, &registry)?;
        if let Some(failure) = report.failure() {
            // All later networks are smaller ones.
            if !failed.replace(true) {
                println!("{failure}");
            }
            return Err(TestCaseError::fail(failure.to_string()));
        }
        passed.set(passed.get() + 1);
        if !failed.get() && passed.get() % STEP == 0 {
            println!(
                "{} passed, {:.0} s",
                passed.get(),
                begun.elapsed().as_secs_f64()
            );
        }
        Ok(())
    };
    let result = TestRunner::new_with_rng(config, rng).run(&network(&registry, 1..=6), checked);
    Ok(match result {
        Ok(()) => {
            println!("all {networks} networks passed");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    })
}
