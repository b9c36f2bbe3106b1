//! The norms of gradients are those of the updates by plain gradient descent.

use tapeline_data::{Dataset, Images, Normalisation};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{Model, Trainer, gradient_norms, presets};
use tapeline_optim::{Optimizer, optimizers};
use tapeline_tensor::Tensor;

const COUNT: usize = 12;
const SEED: u64 = 3;

fn data() -> Dataset {
    let pixels = (0..COUNT * 36).map(|i| (i * 7919 % 251) as u8).collect();
    let labels: Vec<_> = (0..COUNT).map(|i| (i % 3) as u8).collect();
    let images = Images::new(pixels, [COUNT, 1, 6, 6]);
    Dataset::new(images, labels, ["a", "b", "c"].map(String::from)).unwrap()
}

#[test]
fn a_step_of_gradient_descent_is_as_long_as_the_gradient() {
    let data = data();
    let indices: Vec<_> = (0..COUNT).collect();
    let mut pixels = vec![0.0; COUNT * 36];
    data.gather(&indices, Normalisation::default(), &mut pixels);
    let images = Tensor::from_shape_vec(vec![COUNT, 1, 6, 6], pixels).unwrap();
    let targets = data.labels_of(&indices);
    let loss = NamedLoss::read("cross_entropy", &losses()).unwrap().loss;
    let optimizers = optimizers();

    // Dropout samples its mask from the seed; batch normalization has buffers, which aren't
    // weights.
    for spec in [
        "flatten linear(3)",
        "flatten linear(8) tanh dropout(0.5) linear(3)",
        "conv2d(4, 3) batchnorm2d relu maxpool2d(2) flatten linear(3)",
    ] {
        let model = Model::build(spec, &data.shape(), &layers(), &presets()).unwrap();
        let before = model.init(SEED);
        let norms = gradient_norms(
            &model,
            &before,
            &*loss,
            &data,
            &indices,
            Normalisation::default(),
            SEED,
        )
        .unwrap();

        let descent = Optimizer::read("sgd(lr=1, momentum=0, weight_decay=0)", &optimizers);
        let stepper = descent.unwrap().init(&before);
        let mut trainer = Trainer::new(&model, &*loss, before.clone(), stepper, SEED);
        trainer.step(&images, &targets, 1.0).unwrap();
        let moved = before.iter().zip(&trainer.params);
        let moved = moved.filter(|(param, _)| param.role.is_learned());
        let moved: Vec<_> = moved
            .map(|(before, after)| {
                let squares = (&before.value - &after.value).mapv(|d| f64::from(d).powi(2));
                (before.name.clone(), squares.sum().sqrt())
            })
            .collect();

        assert_eq!(norms.len(), moved.len(), "{spec}");
        for ((name, norm), (moved_name, moved)) in norms.iter().zip(&moved) {
            assert_eq!(name, moved_name, "{spec}");
            // The gradient of a bias before batch normalization is only rounding error.
            assert!(
                (norm - moved).abs() < 1e-5 * (1.0 + norm),
                "{spec} {name}: {norm} {moved}"
            );
        }
        assert!(norms.iter().any(|(_, norm)| *norm > 1e-3), "{spec}");
    }
}
