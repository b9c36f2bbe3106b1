//! A number that isn't finite is an error wherever it arises: in a step, in an evaluation, in a file.

use std::{cell::Cell, ops::ControlFlow, path::Path};

use tapeline_data::{Dataset, Images, Normalisation, PerChannel};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{
    Data, Diverged, During, Ended, FitEvent, Labels, Model, Recipe, Subject, Trainer, checkpoint,
    evaluate, fit, gradient_norms, load, onnx, predict, presets, save,
};
use tapeline_optim::{Optimizer, Schedule, optimizers, schedules};
use tapeline_tensor::{Params, Tensor};

/// Black is 0, white is 1: a black image leaves of a linear layer its bias.
const SCALE: Normalisation = Normalisation {
    scale: 1.0 / 255.0,
    mean: PerChannel::all(0.0),
    std: PerChannel::all(1.0),
};

/// Images of 4x4 pixels, each of one brightness, in two classes by turns.
fn images(brightness: impl Fn(usize) -> u8) -> Dataset {
    const COUNT: usize = 10;
    let pixels = (0..COUNT * 16).map(|i| brightness(i / 16)).collect();
    let labels: Vec<u8> = (0..COUNT).map(|i| (i % 2) as u8).collect();
    let images = Images::new(pixels, [COUNT, 1, 4, 4]);
    Dataset::new(images, labels, ["a", "b"].map(String::from)).unwrap()
}

fn gray(image: usize) -> u8 {
    100 + 100 * (image % 2) as u8
}

fn build(spec: &str) -> Model {
    Model::build(spec, &[1, 4, 4], &layers(), &presets()).unwrap()
}

/// Parameters of the model, each filled with one number.
fn filled(model: &Model, numbers: &[f32]) -> Params {
    let mut params = model.init(0);
    for (mut value, &number) in params.values_mut().zip(numbers) {
        value.fill(number);
    }
    params
}

/// The batch that all of the data are.
fn batch(data: &Dataset) -> (Tensor, Vec<usize>) {
    let indices: Vec<_> = (0..data.len()).collect();
    let mut pixels = vec![0.0; data.len() * 16];
    data.gather(&indices, SCALE, &mut pixels);
    let images = Tensor::from_shape_vec(vec![data.len(), 1, 4, 4], pixels).unwrap();
    (images, data.labels_of(&indices))
}

/// How a run of one step an epoch ends, with the number of steps and epochs that the observer saw.
fn run(spec: &str, optimizer: &str, data: &Data<'_>) -> (Ended, u64, usize) {
    let model = build(spec);
    let loss = NamedLoss::read("cross_entropy", &losses()).unwrap().loss;
    let registry = optimizers();
    let optimizer = Optimizer::read(optimizer, &registry).unwrap();
    let schedule = match data.val {
        Some(_) => "plateau",
        None => "constant",
    };
    let recipe = Recipe {
        patience: None,
        epochs: 3,
        batch_size: 10,
        seed: 0,
        normalisation: SCALE,
        augment: None,
        schedule: &Schedule::read(schedule, &schedules()).unwrap().scheduler(3),
    };
    let params = model.init(0);
    let stepper = optimizer.init(&params);
    let mut trainer = Trainer::new(&model, &*loss, params, stepper, 0);
    let (steps, epochs) = (Cell::new(0), Cell::new(0));
    let ended = fit(&mut trainer, &recipe, data, &mut |event| {
        match event {
            FitEvent::Step(..) => steps.set(steps.get() + 1),
            FitEvent::Epoch(..) => epochs.set(epochs.get() + 1),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(trainer.history.len(), epochs.get());
    assert_eq!(trainer.params.first_non_finite(), None);
    (ended.unwrap_err(), steps.get(), epochs.get())
}

fn diverged(ended: Ended) -> Diverged {
    match ended {
        Ended::Diverged(diverged) => diverged,
        Ended::Stopped => panic!("stopped"),
    }
}

#[test]
fn weights_that_are_finite_may_overflow_in_an_evaluation() {
    let data = images(gray);
    for optimizer in ["sgd(lr=1e15)", "sgd(lr=1e15) ema(0.5)"] {
        let all = Data {
            train: &data,
            test: &data,
            val: None,
        };
        let spec = "flatten linear(64) linear(64) linear(2)";
        let (ended, steps, epochs) = run(spec, optimizer, &all);
        assert_eq!((steps, epochs), (1, 0), "{optimizer}");
        let found = diverged(ended);
        assert_eq!((found.step, found.during), (0, During::Test));
        assert_eq!(found.found.subject, Subject::Output { sample: 0 });
        let layer = found.found.layer().unwrap();
        assert!(layer.ends_with("linear"), "{found}");
        let text = found.to_string();
        let wanted = "step 0: in the evaluation on the test data after it, the model's output isn't finite; the first non-finite value came from ";
        assert!(text.starts_with(wanted), "{text}");
        assert!(text.contains("the largest gradient of that step"), "{text}");
    }
}

#[test]
fn each_evaluation_is_looked_at() {
    let (train, black, white) = (images(gray), images(|_| 0), images(|_| 255));
    for (test, val, during) in [
        (&black, &white, During::Validation),
        (&white, &black, During::Test),
    ] {
        let data = Data {
            train: &train,
            test,
            val: Some(val),
        };
        // Weights of about 1e38 overflow in a sum over 16 white pixels; biases stay small, for the classes are as large as each other.
        let (ended, steps, epochs) = run("flatten linear(2)", "sgd(lr=2e38)", &data);
        assert_eq!((steps, epochs), (1, 0));
        assert_eq!(diverged(ended).during, during);
    }
}

/// Also where a loss would make something finite of it, as a margin does that no NaN violates.
#[test]
fn every_loss_refuses_outputs_that_are_not_finite() {
    let model = build("flatten linear(2)");
    // White images overflow, black ones don't.
    let white = images(|image| if image < 3 { 0 } else { 255 });
    let params = filled(&model, &[3e38, 1.0]);
    let (batch, targets) = batch(&white);
    for def in losses().iter() {
        let loss = NamedLoss::read(def.name, &losses()).unwrap().loss;
        let found = evaluate(&model, &params, &*loss, &white, SCALE).unwrap_err();
        assert_eq!(found.subject, Subject::Output { sample: 3 }, "{}", def.name);
        assert_eq!(found.layer(), Some("1 linear"), "{}", def.name);

        let registry = optimizers();
        let stepper = Optimizer::read("adam", &registry).unwrap().init(&params);
        let state = stepper.state();
        let mut trainer = Trainer::new(&model, &*loss, params.clone(), stepper, 0);
        let found = trainer.step(&batch, &targets, 1.0).unwrap_err();
        assert_eq!(found.found.subject, Subject::Output { sample: 3 });
        assert_eq!(found.during, During::Step);
        assert!(trainer.params == params && trainer.stepper.state() == state);
        assert_eq!(trainer.step, 0);
    }
    let found = predict(&model, &params, batch).unwrap_err();
    assert_eq!(found.subject, Subject::Output { sample: 3 });
    assert!(
        found
            .to_string()
            .starts_with("the model's output isn't finite")
    );
}

/// A step on gray images; what it met, once nothing has changed.
fn refused(spec: &str, numbers: &[f32], loss: &str, optimizer: &str) -> Diverged {
    let model = build(spec);
    let loss = NamedLoss::read(loss, &losses()).unwrap().loss;
    let params = filled(&model, numbers);
    let registry = optimizers();
    let stepper = Optimizer::read(optimizer, &registry).unwrap().init(&params);
    let state = stepper.state();
    let mut trainer = Trainer::new(&model, &*loss, params.clone(), stepper, 0);
    let (images, targets) = batch(&images(gray));
    let found = trainer.step(&images, &targets, 1.0).unwrap_err();
    assert!(trainer.params == params && trainer.stepper.state() == state);
    assert_eq!((trainer.step, trainer.largest_gradient()), (0, None));
    found
}

#[test]
fn gradients_are_looked_at_before_anything_changes() {
    // Outputs of 1e13 have a finite loss, but the gradient by the first weights is 1e13 times 1e26.
    let numbers = [1e-14, 0.0, 1e26, 0.0];
    for optimizer in [
        "sgd(momentum=0.9)",
        "clip_norm(1) sgd(lr=1)",
        "adam",
        "muon",
    ] {
        let found = refused("flatten linear(2) linear(2)", &numbers, "mse", optimizer);
        let subject = &found.found.subject;
        let wanted = Subject::Gradient("1.bias".into());
        assert_eq!(*subject, wanted, "{optimizer}: {found}");
        assert_eq!(found.found.layer(), Some("1.bias"));
    }
    let model = build("flatten linear(2) linear(2)");
    let loss = NamedLoss::read("mse", &losses()).unwrap().loss;
    let norms = gradient_norms(
        &model,
        &filled(&model, &numbers),
        &*loss,
        &images(gray),
        &[0, 1],
        SCALE,
        0,
    );
    let found = norms.unwrap_err().subject;
    assert_eq!(found, Subject::Gradient("1.weight".into()));
}

/// The variance of such inputs overflows; what is divided by it is finite.
#[test]
fn buffers_are_looked_at_before_anything_changes() {
    let model = build("flatten linear(2) batchnorm1d linear(2)");
    let names: Vec<_> = model.plan.declared.iter().map(|d| d.name.clone()).collect();
    let number = |name: &String| match &name[..] {
        "1.weight" => 1e25,
        "2.running_mean" => 0.0,
        _ => 1.0,
    };
    let numbers: Vec<_> = names.iter().map(number).collect();
    let found = refused(
        "flatten linear(2) batchnorm1d linear(2)",
        &numbers,
        "cross_entropy",
        "sgd",
    );
    let subject = found.found.subject;
    assert_eq!(subject, Subject::Buffer("2.running_var".into()));
}

#[test]
fn updates_are_looked_at_before_figures() {
    let data = images(gray);
    let all = Data {
        train: &data,
        test: &data,
        val: None,
    };
    let model = build("flatten linear(2)");
    let loss = NamedLoss::read("euclidean", &losses()).unwrap().loss;
    let params = filled(&model, &[1.0, 0.0]);
    let registry = optimizers();
    let stepper = Optimizer::read("sgd(lr=3e38)", &registry).unwrap();
    let stepper = stepper.init(&params);
    let mut trainer = Trainer::new(&model, &*loss, params, stepper, 0);
    let recipe = Recipe {
        patience: None,
        epochs: 1,
        batch_size: 10,
        seed: 0,
        normalisation: SCALE,
        augment: None,
        schedule: &Schedule::read("constant", &schedules())
            .unwrap()
            .scheduler(1),
    };
    let ended = fit(&mut trainer, &recipe, &all, &mut |_| {
        panic!("it was heard of")
    });
    let found = diverged(ended.unwrap_err());
    assert_eq!(found.found.subject, Subject::Update("1.weight".into()));
    assert!(
        found.to_string().starts_with("step 0: the update makes `1.weight` not finite; the largest gradient of that step was that of `1.weight`"),
        "{found}"
    );
}

#[test]
fn no_file_is_written_with_numbers_that_are_not_finite() {
    let model = build("flatten linear(2)");
    let loss = NamedLoss::read("mse", &losses()).unwrap().loss;
    let params = filled(&model, &[f32::INFINITY, 0.0]);
    let labels = Labels {
        classes: ["a", "b"].map(String::from).to_vec(),
        normalisation: SCALE,
        ..Labels::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let registry = optimizers();
    let stepper = Optimizer::read("adam", &registry).unwrap().init(&params);
    let mut trainer = Trainer::new(&model, &*loss, params.clone(), stepper, 0);
    let options = onnx::Options::default();
    let written = [
        save(&path("a.safetensors"), &model, &params, &labels).map_err(|e| e.to_string()),
        onnx::save(&path("a.onnx"), &model, &params, &labels, options).map_err(|e| e.to_string()),
        checkpoint::save(&path("checkpoint"), &trainer).map_err(|e| e.to_string()),
    ];
    for written in written {
        let found = written.unwrap_err();
        assert!(
            found.contains("`1.weight` has values that aren't finite"),
            "{found}"
        );
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    // Nor is one read.
    let bytes = tapeline_models::file::encode(&model, &params, &labels);
    std::fs::write(path("b.safetensors"), bytes).unwrap();
    let read = load(&path("b.safetensors"), &layers(), &presets());
    let found = read.err().unwrap().to_string();
    assert!(found.contains("`1.weight` holds inf"), "{found}");
    let bytes = checkpoint::encode(&trainer);
    let recipe = Recipe {
        patience: None,
        epochs: 1,
        batch_size: 10,
        seed: 0,
        normalisation: SCALE,
        augment: None,
        schedule: &Schedule::read("constant", &schedules())
            .unwrap()
            .scheduler(1),
    };
    let read = checkpoint::decode(
        &bytes,
        Path::new("checkpoint"),
        &mut trainer,
        &recipe,
        10,
        &[],
    );
    let found = read.unwrap_err().to_string();
    assert!(
        found.contains("`model.1.weight` has values that aren't finite"),
        "{found}"
    );
}
