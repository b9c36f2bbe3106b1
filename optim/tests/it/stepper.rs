//! What a stepper keeps and hands to its transforms; a state that does not fit is refused, and changes nothing.

use crate::common::{flat, grads, start, weights};
use tapeline_optim::{Chain, Piece, RestoreError, State, Stepper, Transform, transforms::Momentum};
use tapeline_tensor::{Grads, Params, Role, Scalar, tensor};

const SGD: &str = "sgd(momentum=0.9)";

/// After one step with a gradient of (3, 4).
fn stepper() -> Stepper<f32> {
    let mut params = weights(&[&[1.0, 2.0]]);
    let mut stepper = start(SGD, &params);
    stepper
        .step(&mut params, grads(&[&[3.0, 4.0]]), 1.0)
        .unwrap();
    stepper
}

#[test]
fn has_everything_by_name() {
    let State { steps, moments } = stepper().state();
    assert_eq!(steps, [("steps.0".into(), 1)]);
    assert_eq!(moments, [("momentum.0".into(), flat(&[3.0, 4.0]))]);
}

/// Long enough for several tasks and pieces; clipping is not to be seen.
#[test]
fn tells_how_long_the_gradients_were() {
    let long = vec![0.5; 40_000];
    let mut params = weights::<f32>(&[&long, &[1.0, 2.0], &[7.0]]);
    let mut stepper = start("clip_norm(1) sgd(lr=0.1)", &params);
    assert!(stepper.gradient_norms().all(|(_, norm)| norm == 0.0));
    let mut grads = grads(&[&long, &[3.0, 4.0], &[0.0]]);
    grads.params[2] = None;
    stepper.step(&mut params, grads, 1.0).unwrap();
    let norms: Vec<_> = stepper.gradient_norms().collect();
    assert_eq!(norms, [("0", 100.0), ("1", 5.0), ("2", 0.0)]);
}

#[test]
fn must_be_whole_and_no_more() {
    type Change = fn(&mut State<f32>);
    let moment = || String::from("momentum.0");
    let changes: [(Change, RestoreError); 6] = [
        (
            |s| s.moments.clear(),
            RestoreError::Missing { name: moment() },
        ),
        (
            |s| s.steps.clear(),
            RestoreError::Missing {
                name: "steps.0".into(),
            },
        ),
        (
            |s| s.moments.push(("exp_avg.0".into(), flat(&[1.0]))),
            RestoreError::Unknown {
                name: "exp_avg.0".into(),
            },
        ),
        (
            |s| s.steps.push(("steps.1".into(), 1)),
            RestoreError::Unknown {
                name: "steps.1".into(),
            },
        ),
        (
            |s| s.moments.push(s.moments[0].clone()),
            RestoreError::Repeated { name: moment() },
        ),
        (
            |s| s.moments[0].1 = flat(&[1.0]),
            RestoreError::Shape {
                name: moment(),
                found: vec![1],
                wanted: vec![2],
            },
        ),
    ];
    let good = stepper().state();
    for (change, error) in changes {
        let mut bad = good.clone();
        bad.steps[0].1 = 7;
        change(&mut bad);
        let mut stepper = stepper();
        assert_eq!(stepper.restore(&bad), Err(error));
        assert_eq!(stepper.state(), good);
    }
}

#[test]
fn keeps_two_transforms_of_a_kind_apart() {
    let momentum = Momentum {
        momentum: 0.5,
        dampening: 0.0,
        nesterov: false,
    };
    let chain = Chain::new().then(momentum).then(momentum);
    let stepper = Stepper::<f32>::new(&chain, &weights(&[&[1.0]]));
    let names = stepper.state().moments.into_iter().map(|(name, _)| name);
    assert_eq!(names.collect::<Vec<_>>(), ["momentum.0", "momentum#2.0"]);
}

#[test]
fn keeps_of_a_weight_only_what_its_transforms_need() {
    let mut params = Params::<f32>::new();
    let matrix = tensor([1.0, 2.0]).into_shape_with_order(vec![1, 2]);
    params.push("weight", Role::Weight, matrix.unwrap());
    params.push("bias", Role::Bias, tensor([1.0]));
    let moments = start("muon ema", &params).state().moments;
    let names = moments.iter().map(|(name, _)| name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "momentum.weight",
            "average.weight",
            "exp_avg.bias",
            "exp_avg_sq.bias",
            "average.bias"
        ]
    );
}

#[test]
fn averages_leave_buffers_and_what_never_moved() {
    let mut params = weights::<f32>(&[&[1.0], &[2.0]]);
    params.push("mean", Role::Buffer, tensor([3.0]));
    let mut stepper = start("ema(0.5) sgd(lr=1)", &params);
    for _ in 0..2 {
        let grads = Grads {
            params: vec![Some(tensor([1.0])), None, None],
            inputs: vec![],
        };
        stepper.step(&mut params, grads, 1.0).unwrap();
    }
    let averaged = stepper.averaged(&params);
    assert_eq!(crate::common::elements(&averaged), [-0.5, 2.0, 3.0]);
    assert_eq!(crate::common::elements(&params), [-1.0, 2.0, 3.0]);
}

/// A moment without a gradient shrinks to zero instead of lingering where processors are slow.
#[test]
fn fades_to_zero() {
    let mut params = weights::<f32>(&[&[1.0]]);
    let mut stepper = start("sgd(momentum=0.9)", &params);
    for step in 0..2000 {
        let gradient = if step == 0 { 1.0 } else { 0.0 };
        stepper
            .step(&mut params, grads(&[&[gradient]]), 1.0)
            .unwrap();
    }
    assert_eq!(stepper.state().moments[0].1, flat::<f32>(&[0.0]));
}

#[test]
fn an_epsilon_too_small_for_f32_makes_no_nan() {
    let mut params = weights::<f32>(&[&[1.0]]);
    let mut stepper = start("adam(eps=1e-60)", &params);
    stepper.step(&mut params, grads(&[&[0.0]]), 1.0).unwrap();
    assert_eq!(crate::common::elements(&params), [1.0]);
}

/// Writes down where each piece is.
struct Positions;

impl<T: Scalar> Transform<T> for Positions {
    fn apply(&self, piece: Piece<'_, T>) {
        for (i, g) in piece.gradient.iter_mut().enumerate() {
            *g = T::of(-((piece.start + i + 10_000 * piece.param) as f64));
        }
    }
}

#[test]
fn pieces_know_their_places() {
    let zeros = [vec![0.0; 5000], vec![0.0; 3]];
    let zeros: Vec<&[f64]> = zeros.iter().map(Vec::as_slice).collect();
    let mut params = weights::<f64>(&zeros);
    Stepper::new(&Chain::new().then(Positions), &params)
        .step(&mut params, grads(&zeros), 1.0)
        .unwrap();
    let wanted = (0..5000).chain(10_000..10_003).map(f64::from);
    assert_eq!(crate::common::elements(&params), wanted.collect::<Vec<_>>());
}

#[test]
#[should_panic(expected = "`0` has shape [2], its gradient or moment [1]")]
fn a_gradient_of_another_shape_panics() {
    let mut params = weights::<f32>(&[&[1.0, 2.0]]);
    start("sgd", &params)
        .step(&mut params, grads(&[&[1.0]]), 1.0)
        .unwrap();
}
