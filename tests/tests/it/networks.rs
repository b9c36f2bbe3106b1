//! Random networks of everything registered: what is announced is what happens.

use std::path::Path;

use proptest::prelude::*;
use tapeline_data::Normalisation;
use tapeline_layers::{
    Ctx, Mode, layers,
    strategies::{Network, any_shape, layer, network},
};
use tapeline_models::{Labels, Model, load, presets, save};
use tapeline_tensor::{Params, Tensor, check, no_grad, value_and_grad};

fn model(network: &Network) -> Model {
    Model::build(&network.text, &network.input, &layers(), &presets())
        .unwrap_or_else(|e| panic!("{network:?}: {e}"))
}

/// Inputs that are no round numbers, so that no activation stands at its kink.
fn inputs(shape: &[usize], count: usize) -> Tensor<f64> {
    let shape = [&[count], shape].concat();
    let mut x = 0.37_f64;
    Tensor::from_shape_simple_fn(shape, || {
        x = (x * 3.93).fract();
        x * 2.0 - 0.9717
    })
}

fn run(model: &Model, params: &Params<f64>, x: &Tensor<f64>, mode: Mode) -> Tensor<f64> {
    no_grad(params, |tape, params| {
        model
            .forward(&Ctx::new(tape, params, mode), tape.constant(x.clone()))
            .value()
    })
}

/// First values of a model's parameters, equal ones spread around their value. Where all weights are
/// 0, a normalization is so steep that no finite difference resolves it.
fn spread_params(model: &Model) -> Params<f64> {
    let mut params = model.init::<f64>(5);
    for mut values in params.values_mut() {
        let first = values.first().copied();
        if values.iter().all(|value| Some(*value) == first) {
            let places = values.iter_mut().zip(1..);
            places.for_each(|(value, i)| *value += 0.25 * f64::from(i).sin());
        }
    }
    params
}

const STEP: Mode = Mode::Training { seed: 1, step: 2 };

proptest! {
    #[test]
    fn shapes_and_counts_are_those_announced(network in network(&layers(), 1..=8)) {
        let model = model(&network);
        let params = model.init::<f64>(0);
        prop_assert_eq!(params.count(), model.plan.parameters());
        for mode in [STEP, Mode::Evaluation] {
            let y = run(&model, &params, &inputs(&network.input, 2), mode);
            prop_assert_eq!(y.shape(), &[&[2], &model.plan.output[..]].concat()[..]);
        }
    }

    /// A layer alone, in combinators and behind another either refuses a shape or runs: a model that builds can't meet a shape error.
    #[test]
    fn what_builds_runs_on_any_shape(
        first in layer(&layers()),
        second in layer(&layers()),
        shape in any_shape(),
    ) {
        for text in [
            first.clone(),
            format!("{first} {second}"),
            format!("concat[ {first} | {second} ]"),
            format!("sum[ {first} | {second} | ]"),
            format!("residual(projection=true)[ {first} {second} ]"),
        ] {
            let Ok(model) = Model::build(&text, &shape, &layers(), &presets()) else {
                continue;
            };
            let params = model.init::<f32>(1);
            for batch in [1, 3] {
                let x = [inputs(&shape, batch).mapv(|x| x as f32).into_shared()];
                for mode in [STEP, Mode::Evaluation] {
                    let (_, grads, y) = value_and_grad(&params, &x, |tape, params, x| {
                        let y = model.forward(&Ctx::new(tape, params, mode), x[0]);
                        (y.sum(), y.shape())
                    });
                    prop_assert_eq!(&y, &[&[batch], &model.plan.output[..]].concat(), "{}", &text);
                    for (grad, x) in grads.inputs.iter().flatten().zip(&x) {
                        prop_assert_eq!(grad.shape(), x.shape(), "{}", &text);
                    }
                }
            }
        }
    }

    #[test]
    fn both_printed_forms_are_the_same_model(network in network(&layers(), 1..=8)) {
        let built = model(&network);
        for text in [built.short(), built.full()] {
            let again = model(&Network { text: text.into(), ..network.clone() });
            prop_assert_eq!(&again.plan.declared, &built.plan.declared);
            prop_assert_eq!(again.full(), built.full());
            let x = inputs(&network.input, 2);
            let params = built.init(3);
            prop_assert_eq!(run(&again, &params, &x, STEP), run(&built, &params, &x, STEP));
        }
    }

    #[test]
    fn gradients_of_whole_networks_are_right(network in network(&layers(), 1..=5)) {
        let model = model(&network);
        let params = spread_params(&model);
        let checked = check::gradients(&params, &[inputs(&network.input, 2)], |tape, params, inputs| {
            model.forward(&Ctx::new(tape, params, STEP), inputs[0])
        });
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }

    #[test]
    fn a_saved_model_is_the_same_when_loaded(network in network(&layers(), 1..=6), seed: u64) {
        let model = model(&network);
        let params = model.init::<f32>(seed);
        let labels = Labels {
            classes: (0..model.plan.output[0]).map(|i| format!("class \"{i}\"")).collect(),
            normalisation: Normalisation { scale: 1.0 / 255.0, mean: 0.1307.into(), std: 0.3081.into() },
            ..Labels::default()
        };
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("model.safetensors");
        save(&file, &model, &params, &labels)?;
        let loaded = load(&file, &layers(), &presets())?;
        prop_assert_eq!(&loaded.params, &params);
        prop_assert_eq!(&loaded.labels, &labels);
        prop_assert_eq!(loaded.model.full(), model.full());
        for (loaded, saved) in loaded.params.iter().zip(&params) {
            prop_assert_eq!(loaded.value.strides(), saved.value.strides());
        }
        prop_assert_eq!(files_in(folder.path()), 1);
    }
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
