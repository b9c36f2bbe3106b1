//! Benchmarks of parsing a spec and building its plan: `cargo bench -p tapeline-layers`.

use divan::{Bencher, black_box};
use tapeline_layers::{Plan, layers};
use tapeline_spec::{Presets, read};

fn main() {
    divan::main();
}

const SPECS: [&str; 2] = [
    "flatten linear(456) relu linear(128) relu linear(10)",
    "2*[conv2d(8, 5, padding=2) relu maxpool2d(2)] flatten 50*residual[linear(128) relu] linear(10)",
];

#[divan::bench(args = [0, 1])]
fn parse(bencher: Bencher, spec: usize) {
    bencher.bench(|| tapeline_spec::parse(black_box(SPECS[spec])));
}

#[divan::bench(args = [0, 1])]
fn read_and_build(bencher: Bencher, spec: usize) {
    let (registry, presets) = (layers(), Presets::new());
    bencher.bench_local(|| {
        let resolved = read(black_box(SPECS[spec]), &registry, &presets);
        resolved.map(|resolved| Plan::build(&resolved, &[1, 28, 28]).is_ok())
    });
}
