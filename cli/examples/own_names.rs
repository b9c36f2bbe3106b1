//! The program `tapeline` with names of one's own: a layer, a loss, a schedule, a dataset and a
//! preset.
//!
//! ```sh
//! cargo run --example own_names -- train "flatten linear(8) squareplus linear(classes)" --data stripes --loss brier --schedule root
//! cargo run --example own_names -- check --all
//! ```

use std::process::ExitCode;

use tapeline::{
    Program, Registries,
    data::{DataError, Dataset, DatasetDef, Images, Loaded, Loading, datasets},
    layers::{Ctx, Element, Layer, LayerDef, Loss, LossDef, Takes, layers, losses, one_hot},
    models::presets,
    optim::{Phase, ScheduleDef, schedules},
    spec::{Arg, Preset, RegistryError},
    tensor::Var,
};

const B: Arg<f64> = Arg::new("b", "square of the value at 0, times 4")
    .default(4.0)
    .above(0.0)
    .tried(0.5..=5.0);

/// `(x + √(x² + b)) / 2`. (Barron 2021)
const SQUAREPLUS: LayerDef = LayerDef {
    name: "squareplus",
    about: "a smooth relu without exponentials: half of x + √(x² + b)",
    args: &[B.info()],
    examples: &[("squareplus", &[7]), ("squareplus(0.5)", &[2, 3, 4])],
    build: |args, build| {
        let root = args.get(B).sqrt();
        Ok(build.same_shape(Squareplus { root }))
    },
    ..LayerDef::BASE
};

struct Squareplus {
    /// √b
    root: f64,
}

impl<T: Element> Layer<T> for Squareplus {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let (root, half) = (T::of(self.root), T::of(0.5));
        // Where x and the root cancel, the sum is the product of the roots over their difference.
        let value = move |x: T| match x.hypot(root) {
            length if x < T::zero() => half * root / (length - x) * root,
            length => half * (x + length),
        };
        let rule = move |g, x: T| g * value(x) / x.hypot(root);
        x.map("squareplus", value, rule)
    }
}

/// The mean over the batch of `Σ (p − onehot)²` for probabilities `p`. (Brier 1950)
const BRIER: LossDef = LossDef {
    name: "brier",
    about: "squared error of the probabilities",
    examples: &["brier"],
    takes: Takes::Logits,
    build: |_| Box::new(Brier),
    ..LossDef::BASE
};

struct Brier;

impl<T: Element> Loss<T> for Brier {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        let error = output.softmax(1) - one_hot(output, targets);
        error.square().sum_axis(1).mean()
    }
}

/// The learning rate falls with the root of the step, as in the analysis of stochastic gradient
/// descent. (Robbins and Monro 1951)
const ROOT: ScheduleDef = ScheduleDef {
    name: "root",
    about: "falls with the root of the step",
    examples: &["root", "warmup(4) root"],
    build: |_| Ok(Phase::new(None, |step, _| 1.0 / (1.0 + step as f64).sqrt())),
    ..ScheduleDef::BASE
};

const COUNT: Arg<usize> = Arg::new("count", "number of training images")
    .default(60)
    .from(2);

const STRIPES: DatasetDef = DatasetDef {
    name: "stripes",
    about: "horizontal and vertical stripes, images of 4x4",
    args: &[COUNT.info()],
    examples: &["stripes", "stripes(10)"],
    origin: "computed",
    load: |loading: &Loading| {
        let train = stripes(loading.args.get(COUNT))?;
        Ok(Loaded::new(train, stripes(20)?))
    },
    ..DatasetDef::BASE
};

fn stripes(count: usize) -> Result<Dataset, DataError> {
    let image = |i: usize| {
        let place = move |at| if i.is_multiple_of(2) { at / 4 } else { at % 4 };
        // The stripes of later images are darker.
        (0..16).map(move |at| place(at) as u8 % 2 * (255 - (i % 8) as u8 * 20))
    };
    let images = Images::new((0..count).flat_map(image).collect(), [count, 1, 4, 4]);
    let labels: Vec<u8> = (0..count).map(|i| (i % 2) as u8).collect();
    Dataset::new(images, labels, ["horizontal", "vertical"].map(String::from))
}

const SMOOTH: Preset = Preset {
    name: "smooth",
    text: "flatten linear(8) squareplus linear(classes)",
    about: "a small network with squareplus",
};

fn registries() -> Result<Registries, RegistryError> {
    Ok(Registries {
        layers: layers().with(SQUAREPLUS)?,
        losses: losses().with(BRIER)?,
        schedules: schedules().with(ROOT)?,
        datasets: datasets().with(STRIPES)?,
        presets: presets().with(SMOOTH)?,
        ..Registries::default()
    })
}

fn main() -> ExitCode {
    let program = Program {
        registries: registries().expect("names that are not taken"),
        version: Some("2.5.0"),
    };
    program.main()
}
