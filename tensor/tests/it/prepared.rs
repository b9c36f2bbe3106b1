//! What is prepared from parameters for evaluations changes no result.

use tapeline_tensor::{
    Conv2d, MaxPool2d, ParamId, Params, Pool, Role, Tensor, Then, Var, conv2d_then, linear,
    no_grad, pool, value_and_grad,
};

/// Some numbers without a pattern, a third of them zero.
fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let mut i = seed;
    Tensor::from_shape_simple_fn(shape, || {
        i += 1;
        if i.is_multiple_of(3) {
            0.0
        } else {
            f32::sin(i as f32)
        }
    })
}

fn bits(x: &Tensor) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// The parameters of [`network`].
fn params() -> Params {
    let mut params = Params::new();
    for (i, shape) in [&[6, 2, 3, 3][..], &[6, 1, 3, 3], &[110, 6 * 4], &[7, 110]]
        .into_iter()
        .enumerate()
    {
        params.push(format!("{i}"), Role::Weight, numbers(shape, 100 * i));
    }
    // By input, as lists of non-zero elements need it.
    let by_input = numbers(&[6 * 4, 110], 5).reversed_axes();
    params.push("by_input", Role::Weight, by_input);
    params
}

/// Uses weights several times, with other options each.
fn network<'t>(x: Var<'t>, on_tape: &[Var<'t>]) -> Var<'t> {
    let padded = Conv2d {
        padding: [[1; 2]; 2],
        ..Conv2d::default()
    };
    let depthwise = Conv2d {
        groups: 6,
        ..padded
    };
    let pooled = Then {
        relu: true,
        max_pool: Some(MaxPool2d {
            kernel: [2; 2],
            stride: [2; 2],
            padding: [0; 2],
        }),
    };
    let y = conv2d_then(x, on_tape[0], None, padded, Then::default());
    let y = conv2d_then(y, on_tape[1], None, depthwise, Then::default());
    let y = conv2d_then(y, on_tape[1], None, depthwise, pooled);
    let z = conv2d_then(x, on_tape[0], None, padded, pooled);
    let y = (y + z).flatten(1);
    let by_input = linear(y, on_tape[4], None);
    linear(linear(y, on_tape[2], None) + by_input, on_tape[3], None)
}

fn recorded(params: &Params, x: &Tensor) -> Tensor {
    value_and_grad(params, &[], |tape, on_tape, _| {
        let y = network(tape.constant(x.clone()), on_tape);
        (y.sum(), y.value())
    })
    .2
}

fn evaluated(params: &Params, x: &Tensor) -> Tensor {
    no_grad(params, |tape, on_tape| {
        network(tape.constant(x.clone()), on_tape).value()
    })
}

#[test]
fn evaluations_compute_what_steps_compute() {
    let mut params = params();
    for round in 0..3 {
        for images in [1, 3, 9] {
            let x = numbers(&[images, 2, 4, 4], round);
            let wanted = recorded(&params, &x);
            for _ in 0..2 {
                assert_eq!(
                    bits(&evaluated(&params, &x)),
                    bits(&wanted),
                    "{round} {images}"
                );
            }
        }
        match round {
            0 => params.values_mut().for_each(|mut x| x += 0.25),
            _ => params.value_mut(ParamId::new(0))[[5, 1, 2, 2]] = 4.0,
        }
    }
}

#[test]
fn a_copy_has_values_of_its_own() {
    let params = params();
    let x = numbers(&[2, 2, 4, 4], 0);
    let before = evaluated(&params, &x);
    let mut copy = params.clone();
    copy.value_mut(ParamId::new(1)).fill(1.0);
    assert_ne!(evaluated(&copy, &x), before);
    assert_eq!(evaluated(&params, &x), before);
}

/// A product with a single row skips zeros only if all weights are finite.
#[test]
fn zero_times_infinity_stays_nan() {
    let mut params = Params::new();
    let weight = params.push(
        "weight",
        Role::Weight,
        numbers(&[30, 100], 1).reversed_axes(),
    );
    let x = Tensor::from_shape_fn(vec![1, 30], |at| at[1] as f32);
    let value = |params: &Params| {
        no_grad(params, |tape, on_tape| {
            linear(tape.constant(x.clone()), on_tape[0], None).value()
        })
    };
    assert!(value(&params).iter().all(|y| y.is_finite()));
    params.value_mut(weight)[[3, 0]] = f32::INFINITY;
    assert!(value(&params)[[0, 3]].is_nan());
}

/// Items that threads compute on their own give the bits that all threads compute together.
#[test]
fn whole_items_are_divided_among_threads() {
    let params = params();
    let inputs: Vec<_> = (0..9).map(|i| numbers(&[5, 2, 4, 4], i)).collect();
    let all =
        |count: usize| -> Vec<_> { pool::map(&inputs[..count], |x| bits(&evaluated(&params, x))) };
    let (few, many) = (all(1), all(9));
    let pool = Pool::new(2).unwrap();
    assert_eq!(pool.install(|| all(1)), few);
    assert_eq!(pool.install(|| all(9)), many);
    let panics = || pool.install(|| pool::map(0..9, |i| assert!(i != 4)));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!(pool.install(|| all(9)), many);
}
