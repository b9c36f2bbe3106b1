//! Attention: parameters, cost, and which tokens affect which.

use ndarray::s;
use tapeline_layers::{Ctx, Layer, Mode, Plan, layers};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Tensor, no_grad};

fn plan(text: &str, shape: &[usize]) -> Plan {
    let spec = read(text, &layers(), &Presets::new()).unwrap();
    Plan::build(&spec, shape).unwrap()
}

fn numbers(shape: &[usize]) -> Tensor<f64> {
    let mut next = 0.0;
    Tensor::from_shape_simple_fn(shape.to_vec(), || {
        next = (next + 0.618) % 1.0;
        2.0 * next - 1.0
    })
}

fn run(plan: &Plan, x: &Tensor<f64>, mode: Mode) -> Tensor<f64> {
    no_grad(&plan.init::<f64>(3), |tape, params| {
        let cx = Ctx::new(tape, params, mode);
        plan.chain.forward(&cx, tape.constant(x.clone())).value()
    })
}

#[test]
fn parameters_and_cost_are_those_of_pytorchs_module() {
    let plan = plan("attention(2)", &[5, 6]);
    let declared = plan.declared.iter().map(|d| (&*d.name, &d.shape[..]));
    assert_eq!(
        declared.collect::<Vec<_>>(),
        [
            ("0.in_proj_weight", &[18, 6][..]),
            ("0.in_proj_bias", &[18]),
            ("0.out_proj.weight", &[6, 6]),
            ("0.out_proj.bias", &[6]),
        ]
    );
    // Queries, keys and values; their products with each other; the output.
    let cost = 5 * 6 * 18 + 2 * 5 * 5 * 6 + 5 * 6 * 6;
    assert_eq!(plan.rows[0].multiply_adds, cost);
}

#[test]
fn a_causal_token_sees_only_those_before_it() {
    let x = numbers(&[2, 40, 6]);
    let mut other = x.clone();
    other
        .slice_mut(s![.., 37.., ..])
        .mapv_inplace(|x| x * x - 3.0);
    for (text, alike) in [("attention(2, causal=true)", true), ("attention(2)", false)] {
        let plan = plan(text, &[40, 6]);
        let [a, b] = [&x, &other].map(|x| run(&plan, x, Mode::Evaluation));
        assert_eq!(
            a.slice(s![.., ..37, ..]) == b.slice(s![.., ..37, ..]),
            alike
        );
        assert!(a.slice(s![.., 37.., ..]) != b.slice(s![.., 37.., ..]));
    }
}

#[test]
fn weights_are_dropped_in_training_alone() {
    let x = numbers(&[3, 7, 4]);
    let step = |seed, step| Mode::Training { seed, step };
    let (drops, keeps) = (
        plan("attention(2, 0.5)", &[7, 4]),
        plan("attention(2)", &[7, 4]),
    );
    let all = run(&keeps, &x, Mode::Evaluation);
    assert_eq!(run(&drops, &x, Mode::Evaluation), all);
    assert_eq!(run(&keeps, &x, step(1, 1)), all);
    let dropped = run(&drops, &x, step(1, 1));
    assert_eq!(dropped, run(&drops, &x, step(1, 1)));
    for other in [
        all,
        run(&drops, &x, step(2, 1)),
        run(&drops, &x, step(1, 2)),
    ] {
        assert_ne!(dropped, other);
    }
}
