//! What the gradient check says, and what it lets pass.

use std::cell::Cell;

use crate::table::pooling;
use tapeline_tensor::{
    Params, Role, Tape, Tensor, Var,
    check::{self, At, Check, Leaf, Mismatch},
    cross_entropy, linear, max_pool2d, tensor,
};

type F = for<'t> fn(&'t Tape<f64>, &[Var<'t, f64>], &[Var<'t, f64>]) -> Var<'t, f64>;

fn params() -> Params<f64> {
    let mut params = Params::new();
    params.push("scale", Role::Weight, tensor([1.5, -0.5, 0.75]));
    params.push("mean", Role::Buffer, tensor([0.25, 0.5, 1.0]));
    params.push("shift", Role::Weight, Tensor::from_elem(vec![2, 1], 0.5));
    params
}

fn inputs() -> [Tensor<f64>; 2] {
    let x = Tensor::from_shape_fn(vec![2, 3], |i| i[0] as f64 - 0.7 * i[1] as f64);
    [x, Tensor::from_elem(vec![], 0.3)]
}

/// A small model of two weights, a buffer and two inputs.
fn model<'t>(tape: &'t Tape<f64>, p: &[Var<'t, f64>], x: &[Var<'t, f64>]) -> Var<'t, f64> {
    tape.scope("model", || ((x[0] - p[1]) * p[0]).tanh() * x[1] + p[2])
}

fn at(source: Leaf, index: &[usize]) -> At {
    At {
        source,
        index: Some(index.to_vec()),
    }
}

#[test]
fn a_right_model_passes() {
    let report = check::gradients(&params(), &inputs(), model).unwrap();
    assert_eq!(report.directions, Check::default().directions);
    // Of `sub` one parent, a buffer, needs no share.
    assert_eq!(report.rules, 1 + 2 + 1 + 2 + 2);
    assert_eq!(report.unresolved, 0);
    assert_eq!(
        report.elements,
        3 + 2 + 6 + 1,
        "weights and inputs, no buffer"
    );
    assert_eq!(report.kinks, []);
    assert!(report.worst < 1e-9, "{report:?}");
}

/// One element of a large gradient is off by a thousandth.
#[test]
fn one_wrong_element_is_found() {
    let mutated = |op: &'static str, parent: usize, index: &'static [usize]| {
        move |place: &tapeline_tensor::Place, p: usize, mut share: Tensor<f64>| {
            if place.op == op && p == parent {
                share[index] *= 1.001;
            }
            Some(share)
        }
    };
    let x = Tensor::from_shape_fn(vec![40, 50], |i| 0.01 * (i[0] as f64 - i[1] as f64) + 0.3);
    let tamper = mutated("square", 0, &[17, 31]);
    let check = Check {
        tamper: Some(&tamper),
        ..Check::default()
    };
    let wrong = check.gradients(&params(), &[x], |_, p, x| x[0].square() + p[0].sum());
    let Err(Mismatch::Wrong {
        at: found,
        analytic,
        numeric,
        ..
    }) = wrong
    else {
        panic!("{wrong:?}")
    };
    assert_eq!(found, at(Leaf::Input(0), &[17, 31]));
    assert!((analytic / numeric - 1.001).abs() < 1e-6);
}

#[test]
fn the_message_names_the_parameter() {
    let tamper = |place: &tapeline_tensor::Place, parent, share: Tensor<f64>| {
        Some(if place.op == "mul" && parent == 1 {
            share * 2.0
        } else {
            share
        })
    };
    let check = Check {
        tamper: Some(&tamper),
        ..Check::default()
    };
    let params = {
        let mut params = Params::new();
        params.push("0.weight", Role::Weight, tensor([0.0, 0.25]));
        params
    };
    let wrong = check.gradients(&params, &[tensor([2.0, 3.0])], |_, p, x| {
        (x[0] * p[0]).sum()
    });
    let message = wrong.unwrap_err().to_string();
    assert!(
        message.starts_with(
            "parameter `0.weight` at [0]: the rules give 4, the slope of the value is 2"
        ),
        "{message}"
    );
    assert!(message.ends_with("(by steps of 1e-3)"), "{message}");
}

#[test]
fn a_missing_gradient_counts_as_zeros() {
    let detached: F = |tape, p, x| tape.constant(p[0].value()) * x[0];
    let wrong = check::gradients(&params(), &inputs(), detached);
    let Err(Mismatch::Wrong {
        at: found,
        analytic,
        ..
    }) = wrong
    else {
        panic!("{wrong:?}")
    };
    assert!(matches!(found.source, Leaf::Param(name) if name == "scale"));
    assert_eq!(analytic, 0.0);
    let unused: F = |_, p, _| p[0] * 2.0;
    assert!(check::gradients(&params(), &inputs(), unused).is_ok());
}

#[test]
fn what_is_not_finite_has_its_own_message() {
    let table: [(&str, F); 4] = [
        (
            "the value is not finite: it starts at `log` in `inner`",
            |tape, _, x| tape.scope("inner", || (x[0] * 0.0).log()) + 1.0,
        ),
        ("input 0 at [0]: the rules give inf", |_, _, x| {
            (x[0] - x[0].value()[0]).sqrt()
        }),
        ("input 0 at [0]: the value is not finite", |_, _, x| {
            x[0].map("edge", |x| if x > 2.0 { f64::NAN } else { x }, |g, _| g)
        }),
        (
            "two calls with the same arguments return different values",
            |tape, _, x| {
                thread_local!(static CALLS: Cell<f64> = const { Cell::new(0.0) });
                CALLS.set(CALLS.get() + 1.0);
                x[0] * tape.constant(tensor([CALLS.get()]))
            },
        ),
    ];
    for (start, f) in table {
        let message = check::gradients(&Params::new(), &[tensor([2.0])], f)
            .unwrap_err()
            .to_string();
        assert!(message.starts_with(start), "{message}");
    }
}

/// At a kink the central difference disagrees at every step. The other elements are checked all the same.
#[test]
fn kinks_are_listed_and_the_rest_is_checked() {
    let x = || tensor([0.0, 1.0, -1.0, 0.0, 2.0]);
    let relu: F = |_, _, x| x[0].relu();
    let zeros = [0, 3].map(|i| at(Leaf::Input(0), &[i]));
    let report = check::gradients(&Params::new(), &[x()], relu).unwrap();
    assert_eq!(report.kinks, zeros);

    let tamper = |_: &_, _, mut share: Tensor<f64>| {
        share[4] = 0.5;
        Some(share)
    };
    let check = Check {
        tamper: Some(&tamper),
        ..Check::default()
    };
    let wrong = check.gradients(&Params::new(), &[x()], relu);
    assert!(
        matches!(&wrong, Err(Mismatch::Wrong { at: found, .. }) if *found == at(Leaf::Input(0), &[4])),
        "{wrong:?}"
    );
}

#[test]
fn a_tie_in_each_window_is_a_kink() {
    let x = Tensor::zeros(vec![1, 1, 28, 28]);
    let report = check::gradients(&Params::new(), &[x], |_, _, x| {
        max_pool2d(x[0], pooling([2, 2], [2, 2], [0, 0]))
    });
    assert_eq!(report.unwrap().kinks.len(), 28 * 28);
}

/// Two layers on zero input and zero bias: every unit stands at its kink, and gradients of the first weights are 0.
#[test]
fn a_network_at_its_kinks_passes() {
    let mut params = Params::new();
    let weight = |rows, cols| {
        Tensor::from_shape_fn(vec![rows, cols], |i| {
            0.3 - 0.2 * i[0] as f64 + 0.15 * i[1] as f64
        })
    };
    params.push("0.weight", Role::Weight, weight(4, 3));
    params.push("0.bias", Role::Weight, Tensor::zeros(vec![4]));
    params.push("2.weight", Role::Weight, weight(2, 4));
    let report = check::gradients(&params, &[Tensor::zeros(vec![2, 3])], |_, p, x| {
        let hidden = (x[0].matmul(p[0].t()) + p[1]).relu();
        cross_entropy(hidden.matmul(p[2].t()), &[0, 0], 0.1)
    });
    let kinks = report.unwrap().kinks;
    for i in 0..4 {
        assert!(
            kinks.contains(&at(Leaf::Param("0.bias".into()), &[i])),
            "{kinks:?}"
        );
    }
}

/// A kink beside the point is out of reach of a smaller step.
#[test]
fn a_kink_nearby_is_stepped_around() {
    let x = tensor([1e-4, -1e-4, 3e-5]);
    let report = check::gradients(&Params::new(), &[x], |_, _, x| x[0].relu()).unwrap();
    assert_eq!(report.kinks, []);
}

#[test]
fn the_search_ends() {
    let check = Check {
        budget: 100,
        ..Check::default()
    };
    let result = check.gradients(&Params::new(), &[Tensor::zeros(vec![1000])], |_, _, x| {
        x[0].relu()
    });
    let Err(Mismatch::Budget { evaluations, .. }) = result else {
        panic!("{result:?}")
    };
    assert!((100..104).contains(&evaluations));
}

/// Functions that are flat, steep, large or small where they are checked.
#[test]
fn right_rules_raise_no_alarm() {
    let table: [(&str, f64, F); 9] = [
        ("flat", 0.0, |_, _, x| x[0] * x[0] * x[0] * x[0] * x[0]),
        ("a kink of the slope", 0.0, |_, _, x| x[0].relu().square()),
        ("constant", 1.0, |_, _, x| x[0] - x[0]),
        ("sums to 1", 0.3, |_, _, x| x[0].softmax(0).sum()),
        ("steep", 0.01, |_, _, x| x[0].log()),
        ("curved", 3.0, |_, _, x| (x[0] * 4.0).exp()),
        ("large", 500.0, |_, _, x| {
            cross_entropy(x[0].reshape(&[1, 3]) * tape_ramp(x[0]), &[0], 0.1)
        }),
        ("large offset", 0.5, |_, _, x| x[0].tanh() + 1e4),
        ("small", 1e-6, |_, _, x| x[0].tanh()),
    ];
    for (name, x, f) in table {
        let result = check::gradients(&Params::new(), &[Tensor::from_elem(vec![3], x)], f);
        assert!(
            result.as_ref().is_ok_and(|r| r.kinks.is_empty()),
            "{name}: {result:?}"
        );
    }
}

fn tape_ramp<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    x.tape().constant(tensor([1.0, -1.0, 2.0]))
}

#[test]
fn nothing_to_check_is_no_error() {
    let report = check::gradients(&Params::new(), &[], |tape, _, _| {
        tape.constant(tensor([1.0]))
    });
    assert_eq!(report.unwrap(), check::Report::default());
}

/// Large enough for one element to drown in the sum over all: 200 × 1800 weights, as many as a layer of a real model has.
fn large() -> (Params<f64>, [Tensor<f64>; 1]) {
    let mut seed = 7u64;
    let mut random = || {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    };
    let mut params = Params::new();
    let weight = Tensor::from_shape_simple_fn(vec![200, 1800], || 0.1 * random());
    let bias = Tensor::from_shape_simple_fn(vec![200], &mut random);
    params.push("weight", Role::Weight, weight);
    params.push("bias", Role::Weight, bias);
    (
        params,
        [Tensor::from_shape_simple_fn(vec![3, 1800], random)],
    )
}

/// Any element of any gradient, off by 1 %, is noticed, whatever the size of the whole.
#[test]
fn one_percent_of_one_element_of_a_large_layer_is_noticed() {
    let (params, x) = large();
    for trial in 0..50usize {
        let parent = trial % 3;
        let tamper = |place: &tapeline_tensor::Place, p: usize, mut share: Tensor<f64>| {
            if place.op == "linear" && p == parent {
                let element = trial * 7919 * 104_729 % share.len();
                if let Some(g) = share.iter_mut().nth(element) {
                    *g *= 1.01;
                }
            }
            Some(share)
        };
        let check = Check {
            tamper: Some(&tamper),
            ..Check::default()
        };
        let wrong = check.gradients(&params, &x, |_, p, x| linear(x[0], p[0], Some(p[1])).relu());
        let found = match wrong {
            Err(
                Mismatch::Wrong {
                    analytic, numeric, ..
                }
                | Mismatch::Rule {
                    analytic, numeric, ..
                },
            ) => analytic / numeric,
            other => panic!("trial {trial}: {other:?}"),
        };
        assert!((found - 1.01).abs() < 1e-4, "trial {trial}: {found}");
    }
    check::gradients(&params, &x, |_, p, x| linear(x[0], p[0], Some(p[1])).relu()).unwrap();
}

/// A wrong rule of the first of thirty layers: nearly nothing of it reaches the value, but its own operation shows it at full size.
#[test]
fn a_wrong_rule_deep_in_a_network_is_noticed() {
    let deep: F = |tape, p, x| {
        let first = tape.scope("first", || x[0].sigmoid());
        (0..30).fold(first, |x, _| tape.scope("other", || (x * p[0]).sigmoid()))
    };
    let tamper = |place: &tapeline_tensor::Place, _, share: Tensor<f64>| {
        let first = place.scope.as_deref() == Some("first");
        Some(if first { share * 1.01 } else { share })
    };
    let check = Check {
        tamper: Some(&tamper),
        ..Check::default()
    };
    let mut params = Params::new();
    params.push("weight", Role::Weight, tensor([0.5, -0.25, 0.75]));
    let wrong = check.gradients(&params, &[tensor([0.1, 0.2, 0.3])], deep);
    let Err(Mismatch::Rule { place, parent, .. }) = &wrong else {
        panic!("{wrong:?}")
    };
    assert_eq!(
        (place.op, place.scope.as_deref(), *parent),
        ("sigmoid", Some("first"), 0)
    );
    let message = wrong.unwrap_err().to_string();
    assert!(
        message.starts_with("`sigmoid` in `first`, parent 0 at ["),
        "{message}"
    );
    assert!(check::gradients(&params, &[tensor([0.1, 0.2, 0.3])], deep).is_ok());
}

/// A function of each value with its slope at the kinks.
type AtKinks = fn(f64) -> (f64, f64);

fn at_zero(f: AtKinks) -> Result<check::Report, Mismatch> {
    let x = tensor([0.0, 1.0, -2.0, 0.0]);
    check::gradients(&Params::new(), &[x], move |_, _, x| {
        x[0].map("f", move |x| f(x).0, move |g, x| g * f(x).1)
    })
}

/// At a kink, any slope between those of the two sides is right, and no other.
#[test]
fn the_slope_at_a_kink_lies_between_the_two_sides() {
    fn relu(x: f64, at_zero: f64) -> (f64, f64) {
        let slope = if x > 0.0 { 1.0 } else { 0.0 };
        (x.max(0.0), if x == 0.0 { at_zero } else { slope })
    }
    let right: [AtKinks; 5] = [
        |x| relu(x, 0.0),
        |x| relu(x, 0.5),
        |x| relu(x, 1.0),
        |x| (x.abs(), if x == 0.0 { -1.0 } else { x.signum() }),
        |x| ((-x).max(0.0), if x < 0.0 { -1.0 } else { 0.0 }),
    ];
    for (i, f) in right.into_iter().enumerate() {
        let report = at_zero(f).unwrap_or_else(|e| panic!("{i}: {e}"));
        assert_eq!(report.unresolved, 2, "{i}");
    }
    let wrong: [AtKinks; 4] = [
        |x| relu(x, 1.01),
        |x| relu(x, -0.01),
        |x| (x.abs(), if x == 0.0 { 2.0 } else { x.signum() }),
        |x| (-x.abs(), if x == 0.0 { -3.0 } else { -x.signum() }),
    ];
    for (i, f) in wrong.into_iter().enumerate() {
        let found = at_zero(f);
        let is_kink = |m: &Mismatch| matches!(m, Mismatch::Kink { output, .. } if *output == [0]);
        assert!(found.as_ref().is_err_and(is_kink), "{i}: {found:?}");
    }
    let message = at_zero(|x| relu(x, 2.0)).unwrap_err().to_string();
    let start = "`f`, parent 0: output [0] has a kink, where the rule returns 2, expected a value";
    assert!(message.starts_with(start), "{message}");
}

/// A function that is small everywhere has no less exact a check.
#[test]
fn a_wrong_slope_of_a_small_function_is_noticed() {
    for size in [1e-6, 1e-12, 1e-100] {
        let x = || tensor([0.5, -1.0, 2.0]);
        for (factor, right) in [(1.0, true), (1.01, false), (0.0, false)] {
            let found = check::gradients(&Params::new(), &[x()], move |_, _, x| {
                x[0].map(
                    "small",
                    move |x| size * x.sin(),
                    move |g, x| g * size * factor * x.cos(),
                )
            });
            assert_eq!(found.is_ok(), right, "{size:e}, {factor}: {found:?}");
        }
    }
}

#[test]
fn an_exhaustive_check_visits_each_element() {
    let x = Tensor::from_shape_fn(vec![20, 10], |i| (i[0] * 10 + i[1]) as f64 / 100.0 - 1.0);
    let f: F = |_, _, x| x[0].tanh();
    let report = Check::EXHAUSTIVE.gradients(&Params::new(), std::slice::from_ref(&x), f);
    assert_eq!(report.unwrap().elements, 200);
    let report = check::gradients(&Params::new(), &[x], f);
    assert_eq!(report.unwrap().elements, 0);
}
