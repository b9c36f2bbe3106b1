//! What holds for any numbers.

use crate::common::{elements, examples, flat, grads, near, start, weights};
use ndarray::ShapeBuilder;
use proptest::prelude::*;
use tapeline_optim::{
    Chain, Stepper, TransformScalar,
    transforms::{AddDecay, ClipNorm, MatrixScale, Orthogonalize, ScaleByLr},
};
use tapeline_tensor::{Grads, Params, Role, Tensor};

fn example() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(examples())
}

fn numbers(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-2.0..2.0, length)
}

/// A weight and its gradients in three steps.
fn run_of(
    length: impl Strategy<Value = usize>,
) -> impl Strategy<Value = (Vec<f64>, [Vec<f64>; 3])> {
    length.prop_flat_map(|n| (numbers(n), [numbers(n), numbers(n), numbers(n)]))
}

/// A chain in which one element's fate depends on no other.
fn elementwise(text: &str) -> bool {
    !text.contains("clip_norm")
}

fn matrix<T: TransformScalar>(values: &[f64], columns: usize, column_major: bool) -> Tensor<T> {
    let shape = [values.len() / columns, columns];
    let mut out = ndarray::Array::from_elem(shape.set_f(column_major), T::zero()).into_dyn();
    out.iter_mut().zip(values).for_each(|(x, &v)| *x = T::of(v));
    out.into_shared()
}

fn one<T: TransformScalar>(weight: Tensor<T>) -> Params<T> {
    let mut params = Params::new();
    params.push("0", Role::Weight, weight);
    params
}

fn gradient<T: TransformScalar>(gradient: Option<Tensor<T>>) -> Grads<T> {
    Grads {
        params: vec![gradient],
        inputs: vec![],
    }
}

proptest! {
    /// So how a weight is cut into pieces changes nothing either: the longest go over several.
    #[test]
    fn two_halves_of_a_weight_go_the_way_of_the_whole(
        text in example(),
        (weight, gradients) in run_of(1_usize..5000),
        cut in 0.0..1.0,
    ) {
        let cut = (weight.len() as f64 * cut) as usize;
        let mut whole = weights::<f64>(&[&weight]);
        let mut halves = weights::<f64>(&[&weight[..cut], &weight[cut..]]);
        let (mut of_whole, mut of_halves) = (start(text, &whole), start(text, &halves));
        for g in &gradients {
            of_whole.step(&mut whole, grads(&[g]), 1.0).unwrap();
            of_halves.step(&mut halves, grads(&[&g[..cut], &g[cut..]]), 1.0).unwrap();
        }
        let (whole, halves) = (elements(&whole), elements(&halves));
        prop_assert!(near(&halves, &whole, 1e-12));
        prop_assert!(!elementwise(text) || halves == whole);
    }

    #[test]
    fn order_in_memory_changes_no_value(
        text in example(),
        (weight, gradients) in run_of((1_usize..60, Just(24)).prop_map(|(rows, columns)| rows * columns)),
        alike: bool,
    ) {
        let mut rows = one(matrix::<f32>(&weight, 24, false));
        let mut columns = one(matrix::<f32>(&weight, 24, true));
        let (mut of_rows, mut of_columns) = (start(text, &rows), start(text, &columns));
        for g in &gradients {
            of_rows.step(&mut rows, gradient(Some(matrix(g, 24, false))), 1.0).unwrap();
            of_columns.step(&mut columns, gradient(Some(matrix(g, 24, alike))), 1.0).unwrap();
        }
        let strides = columns.iter().next().unwrap().value.strides().to_vec();
        prop_assert!(strides[0] == 1 || weight.len() == 24);
        let moments = (of_rows.state().moments, of_columns.state().moments);
        let (rows, columns) = (elements(&rows), elements(&columns));
        prop_assert!(near(&columns, &rows, 1e-6));
        prop_assert!(!elementwise(text) || (rows == columns && moments.0 == moments.1));
    }

    #[test]
    fn f32_stays_near_f64(text in example(), (weight, gradients) in run_of(1_usize..50)) {
        let mut double = weights::<f64>(&[&weight]);
        let mut single = double.cast::<f32>();
        let (mut of_double, mut of_single) = (start(text, &double), start(text, &single));
        for g in &gradients {
            of_double.step(&mut double, grads(&[g]), 1.0).unwrap();
            of_single.step(&mut single, grads(&[g]), 1.0).unwrap();
        }
        let (single, double) = (elements(&single), elements(&double));
        prop_assert!(near(&single, &double, 1e-4), "{single:?} {double:?}");
    }

    #[test]
    fn a_restored_run_has_the_same_bits(
        (weight, gradients) in run_of(1_usize..3000),
        columns: bool,
        saved_after in 0_usize..=3,
    ) {
        let tensor = |x: &[f64]| matrix::<f32>(x, 1, columns);
        for text in examples() {
            let mut straight = one(tensor(&weight));
            let mut stepper = start(text, &straight);
            let mut kept = None;
            for (i, g) in gradients.iter().enumerate() {
                if i == saved_after {
                    kept = Some((straight.clone(), stepper.state()));
                }
                stepper.step(&mut straight, gradient(Some(tensor(g))), 1.0).unwrap();
            }
            let (mut params, state) = kept.unwrap_or((straight.clone(), stepper.state()));
            let mut resumed = start(text, &params);
            resumed.restore(&state).unwrap();
            prop_assert_eq!(&resumed.state(), &state);
            for g in &gradients[saved_after..] {
                resumed.step(&mut params, gradient(Some(tensor(g))), 1.0).unwrap();
            }
            prop_assert_eq!(&params, &straight, "{}", text);
            prop_assert_eq!(resumed.state(), stepper.state());
        }
    }

    /// As if the steps without a gradient had not been.
    #[test]
    fn a_weight_without_gradient_stands_still(
        text in example(),
        (weight, gradients) in run_of(1_usize..50),
        pauses in [0_usize..3, 0_usize..3, 0_usize..3],
    ) {
        let mut steady = weights::<f32>(&[&weight]);
        let mut pausing = steady.clone();
        let (mut of_steady, mut of_pausing) = (start(text, &steady), start(text, &pausing));
        for (g, pauses) in gradients.iter().zip(pauses) {
            for _ in 0..pauses {
                of_pausing.step(&mut pausing, gradient(None), 1.0).unwrap();
            }
            of_steady.step(&mut steady, grads(&[g]), 1.0).unwrap();
            of_pausing.step(&mut pausing, grads(&[g]), 1.0).unwrap();
        }
        prop_assert_eq!(pausing, steady);
        prop_assert_eq!(of_pausing.state(), of_steady.state());
    }

    #[test]
    fn buffers_stay_as_they_are_and_count_for_nothing(
        text in example(),
        (weight, gradients) in run_of(1_usize..50),
    ) {
        let mut alone = weights::<f32>(&[&weight]);
        let mut params = alone.clone();
        let buffer = params.push("mean", Role::Buffer, flat(&[3.0]));
        let (mut of_alone, mut stepper) = (start(text, &alone), start(text, &params));
        for g in &gradients {
            of_alone.step(&mut alone, grads(&[g]), 1.0).unwrap();
            stepper.step(&mut params, grads(&[g, &[100.0]]), 1.0).unwrap();
        }
        prop_assert_eq!(&params.get(buffer).value, &flat::<f32>(&[3.0]));
        prop_assert_eq!(&elements(&params)[..weight.len()], elements(&alone));
    }

    /// Algorithm 2 of the paper, line by line.
    #[test]
    fn lion_is_that_of_its_paper(
        (weight, gradients) in run_of(1_usize..50),
        betas in [0.0..1.0, 0.0..1.0],
        (lr, weight_decay) in (0.001..0.1, 0.0..1.0),
    ) {
        let [beta1, beta2] = betas;
        let text = format!("lion(lr={lr:?}, betas=({beta1:?}, {beta2:?}), weight_decay={weight_decay:?})");
        let mut params = weights::<f64>(&[&weight]);
        let mut stepper = start(&text, &params);
        let (mut wanted, mut m) = (weight.clone(), vec![0.0; weight.len()]);
        for gradient in &gradients {
            stepper.step(&mut params, grads(&[gradient]), 1.0).unwrap();
            for ((p, m), g) in wanted.iter_mut().zip(&mut m).zip(gradient) {
                let c: f64 = beta1 * *m + (1.0 - beta1) * g;
                let sign = if c == 0.0 { 0.0 } else { c.signum() };
                *p -= lr * (sign + weight_decay * *p);
                *m = beta2 * *m + (1.0 - beta2) * g;
            }
        }
        prop_assert!(near(&elements(&params), &wanted, 1e-12));
    }

    /// A diagonal matrix has its singular values in the open.
    #[test]
    fn orthogonalized_singular_values_are_about_1(
        sizes in proptest::collection::vec(0.05..1.0, 1..6),
        scale in 1e-3..1e3,
        more in 0_usize..4,
        tall: bool,
    ) {
        let (short, long) = (sizes.len(), sizes.len() + more);
        let [rows, columns] = if tall { [long, short] } else { [short, long] };
        let mut diagonal = vec![0.0; rows * columns];
        for (i, size) in sizes.iter().enumerate() {
            diagonal[i * columns + i] = scale * size;
        }
        let mut params = one(matrix::<f64>(&vec![0.0; rows * columns], columns, false));
        let chain = Chain::new().then(Orthogonalize { scale: MatrixScale::Original });
        let mut stepper = Stepper::new(&chain, &params);
        stepper.step(&mut params, gradient(Some(matrix(&diagonal, columns, false))), 1.0).unwrap();
        let shape = (rows as f64 / columns as f64).max(1.0).sqrt();
        for (i, found) in elements(&params).into_iter().enumerate() {
            let size = -found / shape;
            match i / columns == i % columns {
                true => prop_assert!((0.6..1.3).contains(&size), "{size}"),
                false => prop_assert!(size.abs() < 1e-12, "{size}"),
            }
        }
    }

    #[test]
    fn a_convolution_is_to_muon_a_matrix_of_its_outputs((weight, gradients) in run_of(Just(4 * 2 * 3 * 3))) {
        let run = |shape: &[usize]| {
            let shaped = |x: &[f64]| flat::<f32>(x).into_shape_with_order(shape).unwrap();
            let mut params = one(shaped(&weight));
            let mut stepper = start("muon(lr=0.1)", &params);
            for g in &gradients {
                stepper.step(&mut params, gradient(Some(shaped(g))), 1.0).unwrap();
            }
            elements(&params)
        };
        prop_assert_eq!(run(&[4, 2, 3, 3]), run(&[4, 18]));
    }

    /// Training goes on as if nothing were averaged.
    #[test]
    fn averages_are_those_of_the_weights_after_each_step(
        text in example().prop_filter("averages already", |text| !text.contains("ema")),
        (weight, gradients) in run_of(1_usize..50),
        decay in 0.0..1.0,
    ) {
        let (mut params, mut plain) = (weights::<f64>(&[&weight]), weights::<f64>(&[&weight]));
        let mut stepper = start(&format!("ema({decay:?}) {text}"), &params);
        let mut of_plain = start(text, &plain);
        prop_assert_eq!(&*stepper.averaged(&params), &plain);
        let mut wanted = Vec::new();
        for g in &gradients {
            stepper.step(&mut params, grads(&[g]), 1.0).unwrap();
            of_plain.step(&mut plain, grads(&[g]), 1.0).unwrap();
            prop_assert_eq!(&params, &plain);
            prop_assert_eq!(&*of_plain.averaged(&plain), &plain);
            wanted = match wanted.is_empty() {
                true => elements(&plain),
                false => wanted.iter().zip(elements(&plain)).map(|(a, p)| decay * a + (1.0 - decay) * p).collect(),
            };
            prop_assert!(near(&elements(&stepper.averaged(&params)), &wanted, 1e-12));
        }
    }

    #[test]
    fn weights_may_share_one_gradient(text in example(), (weight, gradients) in run_of(1_usize..50)) {
        let mut params = weights::<f32>(&[&weight, &weight]);
        let mut stepper = start(text, &params);
        for g in &gradients {
            let shared = flat(g);
            let params_of = vec![Some(shared.clone()), Some(shared)];
            stepper.step(&mut params, Grads { params: params_of, inputs: vec![] }, 1.0).unwrap();
        }
        let found = elements(&params);
        prop_assert_eq!(&found[..weight.len()], &found[weight.len()..]);
    }

    /// What stands before a transform that looks has been through all weights when it looks.
    #[test]
    fn a_norm_is_that_of_the_gradient_as_it_comes(
        weight in numbers(1..3000),
        scale in 0.01..100.0,
        decay in 0.0..1.0,
        max in 0.1..10.0,
    ) {
        let mut params = weights::<f64>(&[&weight, &[1.0]]);
        let before = elements(&params);
        let chain = Chain::new().then(AddDecay { weight_decay: decay, biases: true }).then(ScaleByLr(scale)).then(ClipNorm { max });
        Stepper::new(&chain, &params).step(&mut params, grads(&[&weight, &[-1.0]]), 1.0).unwrap();
        let scaled: Vec<_> = weight.iter().map(|x| scale * (1.0 + decay) * x).chain([scale * (decay - 1.0)]).collect();
        let norm = scaled.iter().map(|x| x * x).sum::<f64>().sqrt();
        let shrink = (max / (norm + 1e-6)).min(1.0);
        let wanted: Vec<_> = before.iter().zip(&scaled).map(|(p, g)| p - shrink * g).collect();
        prop_assert!(near(&elements(&params), &wanted, 1e-10));
    }
}
