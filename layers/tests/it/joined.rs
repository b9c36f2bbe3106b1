//! Layers that are joined compute what they compute one by one, under the same names.

use tapeline_layers::{Ctx, Element, Layer, Mode, Plan, layers};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{Params, Tape, Tensor, Var, no_grad, value_and_grad};

const INPUT: [usize; 3] = [2, 9, 8];

const SPECS: [&str; 6] = [
    "conv2d(3, 3) relu maxpool2d(2)",
    "conv2d(3, 3) maxpool2d(2) relu",
    "conv2d(3, 3, padding=same, bias=false) relu relu maxpool2d(3, stride=2, padding=1)",
    "conv2d(4, 2, stride=2, groups=2) relu conv2d(2, 1) maxpool2d(2) maxpool2d((1, 2))",
    "reshape((9, 16)) conv1d(4, 3, stride=2, bias=false) relu maxpool1d(3, stride=1, padding=1)",
    "reshape((9, 16)) conv1d(6, 2, groups=2, padding=1, padding_mode=circular) maxpool1d(2) relu",
];

fn build(text: &str, input: &[usize]) -> Plan {
    let registry = layers();
    let spec = read(text, &registry, &Presets::new()).unwrap();
    Plan::build(&spec, input).unwrap()
}

/// Each layer of a plan in a plan of its own, where it can be joined with nothing, with the place of its first parameter.
fn one_by_one(joined: &Plan) -> Vec<(Plan, usize)> {
    let mut shape = INPUT.to_vec();
    let mut first = 0;
    let alone = joined.rows.iter().map(|row| {
        let plan = build(&row.text, &shape);
        assert_eq!(plan.output, row.output, "{}", row.text);
        for (own, whole) in plan.declared.iter().zip(&joined.declared[first..]) {
            let name = own.name.strip_prefix('0').unwrap();
            assert_eq!(whole.name, format!("{}{name}", row.path));
            assert_eq!(whole.shape, own.shape);
        }
        shape.clone_from(&plan.output);
        first += plan.declared.len();
        let at = first - plan.declared.len();
        (plan, at)
    });
    alone.collect()
}

/// Value and gradients of all parameters.
fn run<T: Element>(
    params: &Params<T>,
    forward: impl for<'t> Fn(&'t Tape<T>, &[Var<'t, T>], Var<'t, T>) -> Var<'t, T>,
) -> (Tensor<T>, Vec<Option<Tensor<T>>>) {
    let mut number = 0.0;
    let x = Tensor::from_shape_simple_fn(vec![3, INPUT[0], INPUT[1], INPUT[2]], || {
        number += 1.0;
        T::of(f64::sin(number))
    });
    let (_, grads, value) = value_and_grad(params, &[], |tape, on_tape, _| {
        let y = forward(tape, on_tape, tape.constant(x));
        (y.square().sum(), y.value())
    });
    (value, grads.params)
}

#[test]
fn joined_layers_compute_what_they_compute_one_by_one() {
    for text in SPECS {
        let joined = build(text, &INPUT);
        let alone = one_by_one(&joined);
        let params = joined.init::<f64>(1);
        let (value, grads) = run(&params, |tape, params, x| {
            let cx = Ctx::new(tape, params, Mode::Evaluation);
            joined.chain.forward(&cx, x)
        });
        let (wanted, wanted_grads) = run(&params, |tape, params, x| {
            alone.iter().fold(x, |x, (plan, first)| {
                let cx = Ctx::new(tape, &params[*first..], Mode::Evaluation);
                plan.chain.forward(&cx, x)
            })
        });
        let near = |a: &Tensor<f64>, b: &Tensor<f64>| {
            a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10)
        };
        assert!(near(&value, &wanted), "{text}");
        for ((a, b), param) in grads.iter().zip(&wanted_grads).zip(&params) {
            let (a, b) = (a.as_ref().unwrap(), b.as_ref().unwrap());
            assert!(near(a, b), "{text}: {}", param.name);
        }
    }
}

/// Where a pass allows it, batch normalization is folded into the convolution before it.
#[test]
fn folded_layers_compute_what_they_compute_one_by_one() {
    for (text, is_folded) in [
        ("conv2d(3, 3) batchnorm2d", true),
        (
            "conv2d(3, 3, bias=false) batchnorm2d relu maxpool2d(2)",
            true,
        ),
        (
            "conv2d(4, 3, groups=2) batchnorm2d(affine=false) relu",
            true,
        ),
        (
            "conv2d(2, 3, padding=1, padding_mode=circular) batchnorm2d batchnorm2d",
            true,
        ),
        (
            "residual[ conv2d(2, 3, padding=same) batchnorm2d ] relu",
            true,
        ),
        ("conv2d(3, 3) relu batchnorm2d", false),
        ("conv2d(3, 3) maxpool2d(2) batchnorm2d", false),
    ] {
        let plan = build(text, &INPUT);
        let mut params = plan.init::<f64>(1);
        let mut number = 0.0;
        for (mut values, declared) in params.values_mut().zip(&plan.declared) {
            let is_variance = declared.name.ends_with("running_var");
            values.map_inplace(|x| {
                number += 1.0;
                *x += f64::sin(number) * if is_variance { 0.5 } else { 1.0 };
            });
        }
        let input = Tensor::from_shape_fn(vec![3, INPUT[0], INPUT[1], INPUT[2]], |at| {
            f64::cos((at[0] * 997 + at[1] * 101 + at[2] * 11 + at[3]) as f64)
        });
        let value = |fold: bool| {
            no_grad(&params, |tape, on_tape| {
                let cx = Ctx::new(tape, on_tape, Mode::Evaluation);
                let cx = if fold { cx.folding() } else { cx };
                plan.chain
                    .forward(&cx, tape.constant(input.clone()))
                    .value()
            })
        };
        let (folded, wanted) = (value(true), value(false));
        let differences = folded.iter().zip(&wanted).map(|(a, b)| (a - b).abs());
        let largest = differences.fold(0.0, f64::max);
        assert!(largest < 1e-12, "{text}: {largest}");
        // Folding rounds differently: that it happened shows in the last bits.
        assert_eq!(folded != wanted, is_folded, "{text}");
    }
}
