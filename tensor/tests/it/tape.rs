//! The tape: who needs a gradient, how they add up, and what is kept.

use std::{
    cell::Cell,
    rc::Rc,
    sync::{Arc, Weak},
};

use ndarray::{Array2, Axis, ShapeBuilder};
use tapeline_tensor::{
    Conv2d, Params, Role, Tape, Tensor, Var, buffer, conv2d, linear, no_grad, tensor,
    value_and_grad, value_and_grad_tampered,
};

use crate::panics::caught;

fn params(value: Tensor<f64>) -> Params<f64> {
    let mut params = Params::new();
    params.push("weight", Role::Weight, value);
    params
}

/// The identity, with a rule that tells whether it is needed.
fn identity<'t>(
    tape: &'t Tape<f64>,
    x: [Var<'t, f64>; 2],
    rule: impl FnOnce(Tensor<f64>, [bool; 2]) -> [Option<Tensor<f64>>; 2] + 'static,
) -> Var<'t, f64> {
    tape.op("identity", x[0].value(), x, rule)
}

#[test]
fn a_rule_is_told_who_needs_a_gradient() {
    let asked = Rc::new(Cell::new(None));
    let told = asked.clone();
    let (_, grads, ()) = value_and_grad(&params(tensor([1.0])), &[], |tape, p, _| {
        let y = identity(
            tape,
            [tape.constant(tensor([1.0])), p[0]],
            move |g, need| {
                told.set(Some(need));
                [None, Some(g)]
            },
        );
        (y, ())
    });
    assert_eq!(asked.get(), Some([false, true]));
    assert_eq!(grads.params[0], Some(tensor([1.0])));
}

/// An `Arc` that a rule holds tells when the rule is dropped.
#[test]
fn a_rule_that_nobody_needs_is_dropped_at_once() {
    fn holding(f: impl FnOnce(Arc<()>) -> usize) -> usize {
        f(Arc::new(()))
    }
    let record = |tape: &Tape<f64>, x: Var<'_, f64>, held: &Arc<()>| {
        let kept = held.clone();
        let _ = x.tape().op("kept", x.value(), [x], move |g, _| {
            let _held = &kept;
            [Some(g)]
        });
        let _ = tape;
        Arc::strong_count(held)
    };
    let leaf = params(tensor([1.0]));
    let of_constant = holding(|held| {
        value_and_grad(&leaf, &[], |tape, p, _| {
            (p[0], record(tape, tape.constant(tensor([1.0])), &held))
        })
        .2
    });
    let without_grad = holding(|held| no_grad(&leaf, |tape, p| record(tape, p[0], &held)));
    let needed = holding(|held| {
        value_and_grad(&leaf, &[], |tape, p, _| (p[0], record(tape, p[0], &held))).2
    });
    assert_eq!([of_constant, without_grad, needed], [1, 1, 2]);
}

/// When an early rule runs, later ones have gone with all they held.
#[test]
fn going_backward_frees_what_is_behind() {
    let gone = Rc::new(Cell::new(false));
    let seen = gone.clone();
    let _ = value_and_grad(&params(tensor([1.0])), &[], |tape, p, _| {
        let held = Arc::new(());
        let behind: Weak<()> = Arc::downgrade(&held);
        let x = identity(tape, [p[0], p[0]], move |g, _| {
            seen.set(behind.upgrade().is_none());
            [Some(g.clone()), Some(g)]
        });
        let y = identity(tape, [x, x], move |g, _| {
            let _held = &held;
            [Some(g.clone()), Some(g)]
        });
        (y, ())
    });
    assert!(gone.get());
}

#[test]
fn a_buffer_and_an_unused_weight_have_no_gradient() {
    let mut params = params(tensor([2.0]));
    params.push("mean", Role::Buffer, tensor([3.0]));
    params.push("unused", Role::Weight, tensor([4.0]));
    let inputs = [tensor([5.0]), tensor([6.0])];
    let (loss, grads, ()) =
        value_and_grad(&params, &inputs, |_, p, x| ((p[0] * p[1] * x[1]).sum(), ()));
    assert_eq!(loss, 36.0);
    assert_eq!(grads.params, [Some(tensor([18.0])), None, None]);
    assert_eq!(grads.inputs, [None, Some(tensor([6.0]))]);
    assert_eq!(params.count(), 2);
}

/// A loss may be a leaf itself, or not depend on any.
#[test]
fn the_shortest_graphs() {
    let (loss, grads, ()) = value_and_grad(&params(tensor([2.0])), &[], |_, p, _| (p[0], ()));
    assert_eq!((loss, &grads.params[0]), (2.0, &Some(tensor([1.0]))));
    let (_, grads, ()) = value_and_grad(&params(tensor([2.0])), &[], |tape, _, _| {
        (tape.constant(tensor([1.0])), ())
    });
    assert_eq!(grads.params, [None]);
}

/// -0 would become 0 if it were added to zeros.
#[test]
fn the_first_gradient_is_moved() {
    let (_, grads, ()) = value_and_grad(&params(tensor([1.0])), &[], |_, p, _| {
        ((p[0] * -0.0).sum(), ())
    });
    let gradient = grads.params[0].as_ref().unwrap()[0];
    assert!(gradient == 0.0 && gradient.is_sign_negative());
}

/// Gradients that a rule shares between parents are not written into.
#[test]
fn shared_gradients_add_up() {
    let x = [tensor([1.0]), tensor([2.0])];
    let (_, grads, ()) = value_and_grad(&Params::<f64>::new(), &x, |_, _, x| {
        // `add` gives one and the same gradient to both; then `x[0]` gets another share.
        (((x[0] + x[1]) + x[0] * 10.0).sum(), ())
    });
    assert_eq!(grads.inputs, [Some(tensor([11.0])), Some(tensor([1.0]))]);
}

#[test]
fn a_gradient_of_a_wrong_shape_panics() {
    let returning = |shape: &'static [usize]| {
        let found = caught(|| {
            let _ = value_and_grad(&params(tensor([1.0, 2.0, 3.0])), &[], |tape, p, _| {
                let y = tape.scope("block", || {
                    tape.op("bad", p[0].value(), [p[0]], move |_, _| {
                        [Some(Tensor::zeros(shape))]
                    })
                });
                (y.sum(), ())
            });
        });
        found.map(|f| f.message)
    };
    for shape in [&[2][..], &[1], &[2, 3], &[3, 1], &[]] {
        let message = format!(
            "`bad` in `block`: its rule returned a gradient of shape {shape:?} for a parent of shape [3]"
        );
        assert_eq!(returning(shape), Some(message));
    }
    assert_eq!(returning(&[3]), None);
}

#[test]
fn a_missing_gradient_panics() {
    let found = caught(|| {
        let _ = value_and_grad(&params(tensor([1.0])), &[], |tape, p, _| {
            (tape.op("bad", p[0].value(), [p[0]], |_, _| [None]), ())
        });
    });
    let message = "bad: its rule returned no gradient for parent 0, which needs one";
    assert_eq!(found.unwrap().message, message);
}

#[test]
fn a_deep_graph_needs_no_deep_stack() {
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    let deep = || {
        value_and_grad(&params(tensor([1.0])), &[], |_, p, _| {
            ((0..1_000_000).fold(p[0], |x, _| x + 1.0), ())
        })
    };
    let (value, grads, ()) = thread.spawn(deep).unwrap().join().unwrap();
    assert_eq!(value, 1_000_001.0);
    assert_eq!(grads.params, [Some(tensor([1.0]))]);
}

#[test]
fn the_first_non_finite_operation_is_named() {
    let first = |value: f64| {
        no_grad(&params(tensor([value])), |tape, p| {
            tape.scope("0", || {
                let x = p[0] - 1.0;
                let x = tape.scope("0.inner", || x.log());
                x.exp().square()
            });
            tape.first_non_finite().map(|place| place.to_string())
        })
    };
    assert_eq!(first(1.0).as_deref(), Some("`log` in `0.inner`"));
    assert_eq!(first(1e200).as_deref(), Some("`square` in `0`"));
    assert_eq!(first(f64::NAN).as_deref(), Some("`leaf`"));
    assert_eq!(first(3.0), None);
}

/// The memory order of a parameter is that of its gradient, however that was computed.
#[test]
fn gradients_lie_in_memory_like_their_parameters() {
    let column_major = Array2::from_shape_fn((3, 4).f(), |(i, j)| (i * 4 + j) as f64);
    let params = params(column_major.into_dyn().into_shared());
    let functions: [fn(Var<'_, f64>) -> Var<'_, f64>; 5] = [
        |w| w.sum(),
        |w| w.square().sum(),
        |w| w.t().matmul(w).sum(),
        |w| w.reshape(&[2, 6]).softmax(1).square().sum(),
        |w| (w.softmax(0) + w.t().t()).sum(),
    ];
    for f in functions {
        let (_, grads, ()) = value_and_grad(&params, &[], |_, p, _| (f(p[0]), ()));
        assert_eq!(grads.params[0].as_ref().unwrap().strides(), [1, 3]);
    }
    let (_, grads, ()) = value_and_grad(&params, &[], |_, p, _| (p[0].square().sum(), ()));
    assert_eq!(
        grads.params[0],
        Some(
            params
                .iter()
                .next()
                .unwrap()
                .value
                .map(|x| 2.0 * x)
                .into_shared()
        )
    );
    assert_eq!(
        params.cast::<f32>().iter().next().unwrap().value.strides(),
        [1, 3]
    );
}

/// The hook sees each share with its place and parent, and what it returns counts.
#[test]
fn tampering_sees_every_share() {
    let seen = std::cell::RefCell::new(Vec::new());
    let tamper = |place: &tapeline_tensor::Place, parent, share: Tensor<f64>| {
        seen.borrow_mut().push((place.op, parent));
        (place.op != "mul" || parent != 1).then_some(share)
    };
    let x = [tensor([2.0]), tensor([3.0])];
    let (_, grads, ()) = value_and_grad_tampered(&Params::new(), &x, &tamper, |_, _, x| {
        ((x[0] * x[1]).exp().sum(), ())
    });
    assert_eq!(
        seen.into_inner(),
        [("sum", 0), ("exp", 0), ("mul", 0), ("mul", 1)]
    );
    assert_eq!(grads.inputs[1], None);
    assert!(grads.inputs[0].is_some());
}

/// Dimensions of size 0 pass through, forward and backward.
#[test]
fn empty_tensors_pass_through() {
    type F = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
    let functions: [(&[usize], F); 12] = [
        (&[0, 3], |x| x.relu() + x),
        (&[0, 3], |x| x * x.sum_axis(0)),
        (&[0, 3], |x| x.t().matmul(x)),
        (&[3, 0], |x| x.matmul(x.t())),
        (&[0, 3], |x| x.softmax(0) + x.log_softmax(1)),
        (&[0, 3], |x| x.reshape(&[3, 0, 2])),
        (&[0, 3], |x| x.max_axis(1) + x.logsumexp(1) + x.mean_axis(1)),
        (&[0, 3], |x| x.narrow(1, 1, 2).permute(&[1, 0]).unsqueeze(0)),
        (&[3, 0], |x| {
            x.narrow(0, 1, 2).maximum(x.select(0, 0).clamp(0.0, 1.0))
        }),
        (&[0, 3], |x| {
            x.where_(x.value().mapv(|x| x > 0.0), 1.0 - x.abs().powi(2))
        }),
        (&[0, 2, 4, 4], |x| {
            tapeline_tensor::max_pool2d(x, crate::table::pooling([2, 2], [2, 2], [0, 0]))
        }),
        (&[0, 1, 4, 4], |x| {
            let w = x.tape().constant(Tensor::ones(vec![2, 1, 3, 3]));
            tapeline_tensor::conv2d(x, w, None, tapeline_tensor::Conv2d::default())
        }),
    ];
    for (shape, f) in functions {
        let x = [Tensor::zeros(shape.to_vec())];
        let (sum, grads, ()) = value_and_grad(&Params::new(), &x, |_, _, x| (f(x[0]).sum(), ()));
        assert_eq!(sum, 0.0, "{shape:?}");
        assert_eq!(grads.inputs[0].as_ref().unwrap().shape(), shape);
    }
}

/// What is skipped because it is multiplied by zero is not skipped where the product is NaN.
#[test]
fn zeros_do_not_hide_what_is_not_finite() {
    let mut x = Tensor::<f32>::zeros(vec![4, 64]);
    x[[0, 3]] = 1.0;
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        // Laid out by input, and with enough outputs that the zeros of `x` would be skipped.
        let mut by_input = Tensor::<f32>::ones(vec![64, 100]);
        by_input[[7, 5]] = bad;
        let y = no_grad(&Params::new(), |tape, _| {
            let weight = tape.constant(by_input.t().to_shared());
            linear(tape.constant(x.clone()), weight, None).value()
        });
        assert!(
            y.index_axis(Axis(1), 5).iter().all(|v| v.is_nan()),
            "{bad}: {y}"
        );
        assert!(y.index_axis(Axis(1), 4).iter().all(|v| v.is_finite()));

        let mut images = Tensor::<f32>::zeros(vec![1, 1, 4, 4]);
        images[[0, 0, 2, 2]] = bad;
        let mut g = Tensor::<f32>::zeros(vec![1, 1, 4, 4]);
        g[[0, 0, 0, 0]] = 1.0;
        let inputs = [images, Tensor::ones(vec![1, 1, 1, 1])];
        let (_, grads, ()) = value_and_grad(&Params::new(), &inputs, |tape, _, x| {
            let y = conv2d(x[0], x[1], None, Conv2d::default());
            let loss = tape.op("upstream", Tensor::zeros(vec![]), [y], |_, _| [Some(g)]);
            (loss, ())
        });
        let dw = grads.inputs[1].as_ref().unwrap();
        assert!(dw.iter().all(|v| v.is_nan()), "{bad}: {dw}");
    }
}

/// The second step finds the memory of the first.
#[test]
fn memory_is_used_again() {
    let params = {
        let mut params = Params::<f32>::new();
        params.push("weight", Role::Weight, Tensor::ones(vec![300, 200]));
        params
    };
    let step = || {
        let (_, grads, ()) = value_and_grad(&params, &[], |tape, params, _| {
            let x = tape.constant(Tensor::ones(vec![50, 200]));
            (linear(x, params[0], None).relu().sum(), ())
        });
        grads.give_back();
        buffer::fresh_bytes()
    };
    step();
    let first = step();
    assert_eq!(step(), first);
    let y = buffer::Buffer::<f32>::zeros(1000);
    assert_eq!(y.as_ptr().align_offset(64), 0);
    assert!(
        params
            .iter()
            .all(|p| p.value.as_ptr().align_offset(64) == 0)
    );
}
