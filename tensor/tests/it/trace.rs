//! Traces of buffers, compared with the memory that computations allocate.

use std::thread;

use tapeline_tensor::{
    Conv2d, MaxPool2d, Params, Pool, Role, Tensor, Then, batch_norm,
    buffer::{self, Buffer, FreeBuffers, Trace},
    concat, conv2d, conv2d_then, linear, value_and_grad,
};

fn params() -> Params {
    let mut params = Params::new();
    let mut weight = |name: &str, shape: &[usize]| {
        let scatter = |i: usize| (i * 7919 % 1000) as f32 / 1000.0 - 0.5;
        let values = (0..shape.iter().product()).map(scatter).collect();
        let value = Tensor::from_shape_vec(shape, values).unwrap();
        params.push(name, Role::Weight, value);
    };
    weight("first", &[8, 1, 5, 5]);
    weight("second", &[8, 8, 3, 3]);
    weight("last", &[10, 16 * 14 * 14]);
    params
}

/// A step with tasks of several images, branches and a broadcast product.
fn step(params: &Params, batch: usize) {
    let mut images = Buffer::any(batch * 28 * 28);
    for (i, pixel) in images.iter_mut().enumerate() {
        *pixel = (i * 31 % 17) as f32 / 17.0;
    }
    let images = images.into_tensor(&[batch, 1, 28, 28]);
    let options = Conv2d {
        padding: [[2; 2]; 2],
        ..Conv2d::default()
    };
    let then = Then {
        relu: true,
        max_pool: Some(MaxPool2d {
            kernel: [2; 2],
            stride: [2; 2],
            padding: [0; 2],
        }),
    };
    let (_, grads, ()) = value_and_grad(params, &[], |tape, params, _| {
        let x = conv2d_then(tape.constant(images), params[0], None, options, then);
        let options = Conv2d {
            padding: [[1; 2]; 2],
            ..options
        };
        let y = conv2d(x, params[1], None, options).sigmoid();
        let (y, _) = batch_norm(y, None, None, 1e-5);
        let scale = y.reshape(&[batch * 8, 14 * 14]).sum_axis(1);
        let y = y * scale.reshape(&[batch, 8, 1, 1]);
        let y = concat(&[x, y], 1).flatten(1);
        (linear(y, params[2], None).softmax(1).square().sum(), ())
    });
    grads.give_back();
}

/// Runs `f` on a thread without free buffers.
fn apart<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(f).join().unwrap())
}

fn allocated(trace: &Trace) -> u64 {
    let mut free = FreeBuffers::default();
    free.replay(trace);
    free.allocated()
}

/// Returns the bytes that steps with these batch sizes allocate one after another, and their traces.
fn steps(batches: &[usize]) -> (u64, Vec<Trace>) {
    let params = params();
    apart(|| {
        let before = buffer::fresh_bytes();
        let traces = batches
            .iter()
            .map(|&batch| Trace::of(|| step(&params, batch)).1);
        let traces = traces.collect();
        (buffer::fresh_bytes() - before, traces)
    })
}

#[test]
fn a_replay_allocates_what_the_computation_did() {
    for batch in [1, 3, 40] {
        let (fresh, traces) = steps(&[batch]);
        assert_eq!(allocated(&traces[0]), fresh, "{batch}");
    }
    let (fresh, traces) = steps(&[20, 35, 20]);
    let mut free = FreeBuffers::default();
    traces.iter().for_each(|trace| free.replay(trace));
    assert_eq!(free.allocated(), fresh);
}

#[test]
fn a_larger_batch_is_extrapolated() {
    let (_, traces) = steps(&[16, 32]);
    let pair = [&traces[0], &traces[1]];
    assert_eq!(
        Trace::extrapolate(pair, [16, 32], 32).as_ref(),
        Some(&traces[1])
    );
    for batch in [64, 100, 333] {
        let fresh = steps(&[batch]).0 as f64;
        let estimate = Trace::extrapolate(pair, [16, 32], batch).unwrap();
        let off = allocated(&estimate) as f64 / fresh - 1.0;
        assert!(off.abs() < 0.03, "{batch}: {off}");
    }
}

#[test]
fn traces_of_other_steps_are_not_extrapolated() {
    let takes = |sizes: &[usize]| {
        Trace::of(|| {
            sizes
                .iter()
                .for_each(|&size| drop(Buffer::<f32>::any(size)))
        })
        .1
    };
    let [one, two, three] = [&[100][..], &[100, 100], &[200, 300]].map(takes);
    assert_eq!(Trace::extrapolate([&one, &two], [1, 2], 4), None);
    assert_eq!(Trace::extrapolate([&two, &one], [1, 2], 4), None);
    let larger = Trace::extrapolate([&two, &three], [1, 2], 4);
    assert_eq!(larger, Some(takes(&[400, 700])));
    let bytes = Trace::of(|| drop(Buffer::<u32>::any(100))).1;
    assert_eq!(Trace::extrapolate([&one, &bytes], [1, 2], 4), None);
}

#[test]
fn only_what_runs_inside_is_recorded() {
    let before: Buffer<f32> = Buffer::any(5000);
    let ((), trace) = Trace::of(|| drop(before));
    let empty = Trace::of(|| ()).1;
    assert_eq!(trace, empty);
    drop(Buffer::<f32>::any(5000));
    assert_eq!(Trace::of(|| ()).1, empty);
    assert_eq!(allocated(&empty), 0);
}

/// Sizes near the limits of integers don't overflow.
#[test]
fn absurd_batches_saturate() {
    let (_, traces) = steps(&[2, 4]);
    let largest = Trace::extrapolate([&traces[0], &traces[1]], [2, 4], usize::MAX).unwrap();
    assert_eq!(allocated(&largest), u64::MAX);
}

/// The pool's threads take buffers of their own; a trace doesn't depend on when.
#[test]
fn a_trace_outside_of_a_pool_is_the_same_after_one_inside() {
    let params = params();
    let pool = Pool::new(2).unwrap();
    let trace = || apart(|| Trace::of(|| step(&params, 20)).1);
    let before = trace();
    pool.install(|| step(&params, 20));
    assert_eq!(trace(), before);
}
