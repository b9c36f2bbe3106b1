//! Training steps, evaluations and predictions: `cargo bench -p tapeline-models`.

use divan::{Bencher, black_box};
use tapeline_data::{Dataset, Normalisation, load};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{Model, Trainer, evaluate, predict, presets};
use tapeline_optim::{Optimizer, optimizers};
use tapeline_tensor::{Pool, Tensor};

fn main() {
    let pool = Pool::new(Pool::cores()).expect("threads");
    pool.install(divan::main);
}

/// Depthwise and 1×1 convolutions with `gelu` and batch normalization. (Trockman, Kolter 2022)
const CONV_MIXER: &str = "conv2d(32, 4, stride=4) gelu batchnorm2d \
    4*[ residual[ conv2d(32, 5, padding=same, groups=32) gelu batchnorm2d ] conv2d(32, 1) gelu batchnorm2d ] \
    global_avgpool2d linear(10)";

const NAMES: [&str; 4] = ["mlp", "cnn", "resnet_small", "conv_mixer"];

fn mnist() -> (Dataset, Dataset) {
    let loaded = load("mnist").expect("MNIST is bundled");
    (loaded.train, loaded.test)
}

fn model(name: &str) -> Model {
    let spec = match name {
        "conv_mixer" => CONV_MIXER,
        preset => preset,
    };
    Model::build(spec, &[1, 28, 28], &layers(), &presets()).expect("a spec")
}

#[divan::bench(args = NAMES)]
fn step(bencher: Bencher, name: &str) {
    let (train, _) = mnist();
    let model = model(name);
    let optimizers = optimizers();
    let optimizer = Optimizer::read(
        "sgd(lr=0.001, momentum=0.9, weight_decay=0.005)",
        &optimizers,
    )
    .expect("an optimizer");
    let losses = losses();
    let loss = NamedLoss::read("cross_entropy", &losses).expect("a loss");
    let params = model.init(0);
    let stepper = optimizer.init(&params);
    let mut trainer = Trainer::new(&model, &*loss.loss, params, stepper, 0);
    let indices: Vec<usize> = (0..100).collect();
    let mut pixels = vec![0.0; 100 * 28 * 28];
    train.gather(&indices, Normalisation::default(), &mut pixels);
    let images = Tensor::from_shape_vec(vec![100, 1, 28, 28], pixels).expect("a batch");
    let targets = train.labels_of(&indices);
    bencher.bench_local(|| black_box(trainer.step(&images, &targets, 1.0)));
}

#[divan::bench(args = NAMES)]
fn evaluate_test_images(bencher: Bencher, name: &str) {
    let (_, test) = mnist();
    let model = model(name);
    let losses = losses();
    let loss = NamedLoss::read("cross_entropy", &losses).expect("a loss");
    let params = model.init(0);
    bencher.bench_local(|| {
        evaluate(
            &model,
            &params,
            &*loss.loss,
            black_box(&test),
            Normalisation::default(),
        )
    });
}

#[divan::bench(args = NAMES)]
fn predict_one_image(bencher: Bencher, name: &str) {
    let (_, test) = mnist();
    let model = model(name);
    let params = model.init(0);
    let mut pixels = vec![0.0; 28 * 28];
    test.gather(&[0], Normalisation::default(), &mut pixels);
    let image = Tensor::from_shape_vec(vec![1, 1, 28, 28], pixels).expect("an image");
    bencher.bench_local(|| predict(&model, &params, black_box(image.clone())));
}
