//! Writes models with their inputs and outputs, so that other programs can be compared with them:
//! `models/tests/python/onnx_check.py` and `torch_check.py` read the files, and
//! `cli/tests/browser/runtime_check.mjs`.
//!
//! `travel FOLDER` writes the examples of every layer, the presets and 100 random networks. `travel
//! FOLDER CASES` writes the cases listed in a file, one per line: a spec, a tab and an input shape;
//! or `@` and a model file, which is run on the first 1000 test images of MNIST.
//!
//! Case 7 consists of `7.safetensors`, a model file with random weights, and `7.values.safetensors`
//! with the inputs `x1`, `x2`, `x7`, named by batch size, the outputs `y1`, `y2`, `y7`, and `i1`, `i2`,
//! `i7`, the outputs of the interpreter of ONNX nodes; trained models have none of the last. Cases
//! that the interpreter runs also have `7.program.json`, the model as the runtime of pages runs it.
//! `cases.tsv` has a line for each case: number, spec, input shape.
#![allow(clippy::print_stdout)]

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tapeline_layers::{Ctx, Graph, Init, Mode, layers, strategies::network};
use tapeline_models::{
    Labels, Model, load, onnx, page::Program, parse_shape, presets, save, shape_text, weights,
};
use tapeline_tensor::{Params, Role, Tensor, no_grad};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let folder = args.next().ok_or("expected a folder")?;
    let cases = match args.next() {
        Some(file) => fs::read_to_string(file)?,
        None => everything(),
    };
    fs::create_dir_all(&folder)?;
    let mut list = String::new();
    for (number, case) in cases.lines().enumerate() {
        let (spec, input) = match case.strip_prefix('@') {
            Some(file) => trained(Path::new(&folder), number, Path::new(file))?,
            None => drawn(Path::new(&folder), number, case)?,
        };
        list += &format!("{number}\t{spec}\t{}\n", shape_text(&input));
    }
    fs::write(Path::new(&folder).join("cases.tsv"), list)?;
    println!("{} cases", cases.lines().count());
    Ok(())
}

/// Returns cases for everything that is registered, and for random networks. Adds `flatten` if the
/// output isn't one-dimensional, since a classifier must output `[classes]`.
fn everything() -> String {
    let mut cases = String::new();
    for def in layers().iter() {
        for (spec, input) in def.examples {
            let model = Model::build(spec, input, &layers(), &presets());
            let row = model.is_ok_and(|model| model.plan.output.len() == 1);
            let end = if row { "" } else { " flatten" };
            cases += &format!("{spec}{end}\t{}\n", shape_text(input));
        }
    }
    for preset in presets().iter() {
        cases += &format!("{}\t1x28x28\n", preset.name);
    }
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        if let Ok(drawn) = network(&layers(), 2..=8).new_tree(&mut runner) {
            let network = drawn.current();
            cases += &format!("{}\t{}\n", network.text, shape_text(&network.input));
        }
    }
    cases
}

/// Writes the case of a spec with random weights and inputs.
fn drawn(folder: &Path, number: usize, case: &str) -> Result<(String, Vec<usize>), Box<dyn Error>> {
    let (spec, input) = case.split_once('\t').ok_or("a spec, a tab and a shape")?;
    let input = parse_shape(input).ok_or("a shape like 1x28x28")?;
    let model = Model::build(spec, &input, &layers(), &presets())?;
    let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
    let params = params(&model, &mut rng);
    let labels = Labels {
        classes: (0..model.plan.output[0]).map(|i| i.to_string()).collect(),
        ..Labels::default()
    };
    save(
        &folder.join(format!("{number}.safetensors")),
        &model,
        &params,
        &labels,
    )?;
    let program = Program::new(&model, &params, &labels, onnx::Options::default(), true)?;
    let file = folder.join(format!("{number}.program.json"));
    fs::write(file, serde_json::to_vec(&program)?)?;
    let inputs = [1, 2, 7].map(|count| {
        let shape = [&[count], &input[..]].concat();
        Tensor::from_shape_simple_fn(shape, || rng.random_range(-3.0..3.0))
    });
    let mut values = outputs(&model, &params, &inputs);
    for x in &inputs {
        let y = interpreted(&model, &params, x)?;
        values.push(format!("i{}", x.shape()[0]), Role::Buffer, y);
    }
    write(folder, number, &values)?;
    Ok((spec.into(), input))
}

/// Returns initial parameters. Those initialized to a constant are randomized, too, so that swapped
/// parameters are noticed.
fn params(model: &Model, rng: &mut ChaCha8Rng) -> Params {
    let mut params = Params::new();
    for (declared, first) in model.plan.declared.iter().zip(&model.init(1)) {
        let mut value = first.value.clone();
        if let Init::Constant(number) = declared.init {
            value.mapv_inplace(|_| number as f32 + rng.random_range(-0.4..0.4));
        }
        params.push(&declared.name, declared.role, value);
    }
    params
}

/// Writes the case of a trained model on images normalized as its file says.
fn trained(
    folder: &Path,
    number: usize,
    file: &Path,
) -> Result<(String, Vec<usize>), Box<dyn Error>> {
    let trained = load(file, &layers(), &presets())?;
    let test = tapeline_data::load("mnist")?.test.limit(1000);
    let mut pixels = vec![0.0; 1000 * 28 * 28];
    let all: Vec<_> = (0..1000).collect();
    test.gather(&all, trained.labels.normalisation, &mut pixels);
    let images = Tensor::from_shape_vec(vec![1000, 1, 28, 28], pixels)?;
    fs::copy(file, folder.join(format!("{number}.safetensors")))?;
    let values = outputs(&trained.model, &trained.params, &[images]);
    write(folder, number, &values)?;
    Ok((
        trained.model.short().into(),
        trained.model.plan.input.clone(),
    ))
}

/// Returns inputs and the model's outputs in evaluation.
fn outputs(model: &Model, params: &Params, inputs: &[Tensor]) -> Params {
    let mut values = Params::new();
    for x in inputs {
        let y = no_grad(params, |tape, params| {
            let cx = Ctx::new(tape, params, Mode::Evaluation);
            model.forward(&cx, tape.constant(x.clone())).value()
        });
        let count = x.shape()[0];
        values.push(format!("x{count}"), Role::Buffer, x.clone());
        values.push(format!("y{count}"), Role::Buffer, y);
    }
    values
}

/// Returns the output of the interpreter of ONNX nodes.
fn interpreted(model: &Model, params: &Params, x: &Tensor) -> Result<Tensor, Box<dyn Error>> {
    let mut graph = Graph::new(&model.plan.input);
    let input = graph.input();
    let output = model.plan.chain.nodes(&mut graph, input)?;
    let x = x.mapv(f64::from).into_shared();
    let y = graph.run(output, &params.cast(), &x)?;
    Ok(y.mapv(|y| y as f32).into_shared())
}

fn write(folder: &Path, number: usize, values: &Params) -> Result<(), Box<dyn Error>> {
    let file = folder.join(format!("{number}.values.safetensors"));
    Ok(fs::write(file, weights::encode(values, &BTreeMap::new()))?)
}
