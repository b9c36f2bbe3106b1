//! Values that are saved under names.

use tapeline_layers::{
    Build, Built, Ctx, Element, Layer, LayerDef, Meaning, Mode, Plan, Refusal, SavedId, check,
    layers,
};
use tapeline_spec::{Arg, Args, Name, Presets, Registry, SpecError, read};
use tapeline_tensor::{Tensor, Var, buffer::Trace, no_grad, value_and_grad};

fn build(text: &str, shape: &[usize], registry: &Registry<LayerDef>) -> Result<Plan, SpecError> {
    let spec = read(text, registry, &Presets::new())?;
    Plan::build(&spec, shape)
}

/// Outputs for a batch of ones and twos, in evaluation and on a tape that keeps all values.
fn outputs(text: &str, shape: &[usize]) -> [Tensor<f64>; 2] {
    let plan = build(text, shape, &layers()).unwrap_or_else(|e| panic!("{e}"));
    let params = plan.init::<f64>(0);
    let shape = [&[2], shape].concat();
    let x = Tensor::from_shape_fn(shape, |at| 1.0 + at[0] as f64);
    let evaluated = no_grad(&params, |tape, on_tape| {
        let cx = Ctx::new(tape, on_tape, Mode::Evaluation);
        plan.chain.forward(&cx, tape.constant(x.clone())).value()
    });
    let (_, _, kept) = value_and_grad(&params, &[x], |tape, on_tape, x| {
        let y = plan
            .chain
            .forward(&Ctx::new(tape, on_tape, Mode::Evaluation), x[0]);
        (y.sum(), y.value())
    });
    [evaluated, kept]
}

#[test]
fn a_name_is_that_of_the_newest_value_that_is_visible() {
    // Each layer adds to the input, so the output counts the values.
    for (text, times) in [
        ("save(a) add(a)", 2.0),
        ("save(a) add(a) add(a)", 3.0),
        ("save(a) add(a) save(a) add(a)", 4.0),
        ("save(a) add(a) save(b) add(a) add(b)", 5.0),
        ("5*[ save(a) add(a) ]", 32.0),
        (
            "let double(a) = [ save(a) add(a) ]; double(x) double(y)",
            4.0,
        ),
        // A body sees what was saved before it, and what it saves is its own.
        ("save(a) add(a) sum[ add(a) ]", 3.0),
        ("save(a) add(a) sum[ save(a) add(a) ] add(a)", 5.0),
        ("save(a) add(a) sum[ save(a) | save(b) add(a) ] add(a)", 6.0),
        (
            "save(a) add(a) residual[ save(a) residual[ add(a) ] ] add(a)",
            9.0,
        ),
        // The same value under two names.
        ("save(a) save(b) add(a) add(a) add(b) add(b)", 5.0),
        (
            "save(a) dropout add(a) save(b) dropout save(c) add(b) add(c)",
            6.0,
        ),
        // No layer uses the value.
        ("save(a) save(b) add(b) save(c)", 2.0),
    ] {
        for y in outputs(text, &[3]) {
            for (sample, y) in y.outer_iter().enumerate() {
                let expected = times * (1.0 + sample as f64);
                assert!(
                    y.iter().all(|&y| y == expected),
                    "{text}: {y}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn the_saved_value_comes_second() {
    for (text, shape, shape_after, expected) in [
        (
            "save(a) add(a) concat_with(a)",
            &[2][..],
            &[4][..],
            [2.0, 2.0, 1.0, 1.0].to_vec(),
        ),
        (
            "save(a) add(a) concat_with(a)",
            &[1, 1, 2],
            &[2, 1, 2],
            vec![2.0, 2.0, 1.0, 1.0],
        ),
        (
            "save(a) add(a) concat_with(a)",
            &[2, 1],
            &[2, 2],
            vec![2.0, 1.0, 2.0, 1.0],
        ),
    ] {
        for y in outputs(text, shape) {
            assert_eq!(&y.shape()[1..], shape_after, "{text}");
            let first: Vec<_> = y.outer_iter().next().unwrap().iter().copied().collect();
            assert_eq!(first, expected, "{text}");
        }
    }
}

#[test]
fn errors_name_what_is_known_and_show_both_places() {
    for (text, shape, expected) in [
        (
            "conv2d(8, 3) save(a) maxpool2d(2) add(a)",
            &[1, 6, 6][..],
            "error: `add(a)` on [8, 2, 2] from `maxpool2d(2)`: its input can't be added to `a`, which is [8, 4, 4]
  │ conv2d(8, 3) save(a) maxpool2d(2) add(a)
  │                                   ^^^^^^
note: `a` is saved here
  │ conv2d(8, 3) save(a) maxpool2d(2) add(a)
  │              ^^^^^^^",
        ),
        (
            "save(a) maxpool2d(2) concat_with(a)",
            &[1, 6, 6],
            "error: `concat_with(a)` on [1, 3, 3] from `maxpool2d(2)`: `a`, which is [1, 6, 6], can't be concatenated to its input
  │ save(a) maxpool2d(2) concat_with(a)
  │                      ^^^^^^^^^^^^^^ help: both must have the same height and width
note: `a` is saved here
  │ save(a) maxpool2d(2) concat_with(a)
  │ ^^^^^^^",
        ),
        (
            "save(skip) add(skp)",
            &[3],
            "error: `add(skp)` on [3] from `save(skip)`: no value is saved as `skp`
  │ save(skip) add(skp)
  │                ^^^ help: did you mean `skip`?",
        ),
        (
            "tanh add(a)",
            &[3],
            "error: `add(a)` on [3] from `tanh`: no value is saved as `a`
  │ tanh add(a)
  │          ^ help: put `save(a)` where the value is",
        ),
        (
            "residual[ save(a) tanh ] add(a)",
            &[3],
            "error: `add(a)` on [3] from `residual[ save(a) tanh ]`: no value is saved as `a`
  │ residual[ save(a) tanh ] add(a)
  │                              ^ help: `a` is saved in a body, and visible only there",
        ),
        (
            "sum[ save(a) tanh | add(a) ]",
            &[3],
            "error: `add(a)` on [3]: no value is saved as `a`
  │ sum[ save(a) tanh | add(a) ]
  │                         ^ help: `a` is saved in a body, and visible only there",
        ),
    ] {
        let error = build(text, shape, &layers()).err().unwrap();
        assert_eq!(error.to_string(), expected);
    }
    // A saved value keeps its number of dimensions.
    for (text, shape) in [
        ("save(a) flatten concat_with(a)", &[2, 3, 4][..]),
        ("save(a) flatten add(a)", &[2, 3, 4]),
        ("save(a) reshape((2, 12)) concat_with(a)", &[2, 3, 4]),
    ] {
        assert!(build(text, shape, &layers()).is_err(), "{text}");
    }
}

#[test]
fn unused_values_are_known() {
    for (text, unused) in [
        ("save(a) tanh add(a)", &[][..]),
        ("save(a) tanh", &[0]),
        ("save(a) save(a) tanh add(a)", &[0]),
        ("tanh residual[ save(a) tanh ] save(a) add(a)", &[2]),
        ("save(a) residual[ add(a) ]", &[]),
    ] {
        assert_eq!(
            build(text, &[3], &layers()).unwrap().unused,
            unused,
            "{text}"
        );
    }
}

/// In evaluation, a value is kept until its last use, and no longer.
#[test]
fn saved_values_are_released() {
    let taken = |text: &str| {
        let plan = build(text, &[1000], &layers()).unwrap();
        let params = plan.init::<f64>(0);
        let pass = || {
            no_grad(&params, |tape, on_tape| {
                let cx = Ctx::new(tape, on_tape, Mode::Evaluation);
                let x = tape.constant(Tensor::zeros(vec![1, 1000]));
                plan.chain.forward(&cx, x);
            });
        };
        let mut free = tapeline_tensor::buffer::FreeBuffers::default();
        free.replay(&Trace::of(pass).1);
        free.allocated()
    };
    let once = taken("2*[ save(a) tanh sigmoid add(a) ]");
    assert_eq!(taken("30*[ save(a) tanh sigmoid add(a) ]"), once);
    assert_eq!(taken("30*[ save(a) tanh sigmoid save(b) add(a) ]"), once);
    assert_eq!(taken("30*[ tanh save(a) sum[ sigmoid add(a) ] ]"), once);
    assert_eq!(taken("2*[ save(a) 30*tanh sigmoid add(a) ]"), once);
    assert!(taken("save(a) tanh save(b) tanh save(c) tanh add(a) add(b) add(c)") > once);
}

/// Layers are not fused over a value that is saved.
#[test]
fn a_saved_value_is_not_fused_away() {
    for between in ["relu", "maxpool2d(3, stride=1, padding=1)", "batchnorm2d"] {
        let plan = |text: &str| build(text, &[2, 5, 4], &layers()).unwrap();
        let whole = plan(&format!("conv2d(2, 3, padding=1) save(a) {between} add(a)"));
        let [first, second] = ["conv2d(2, 3, padding=1)", between].map(plan);
        let mut params = whole.init::<f64>(3);
        for mut values in params.values_mut() {
            let places = values.iter_mut().zip(1..);
            places.for_each(|(value, i)| *value += 0.25 * f64::from(i).sin().abs());
        }
        let x = Tensor::from_shape_fn(vec![2, 2, 5, 4], |at| {
            f64::sin((at[0] + 7 * at[1] + 3 * at[2] + 31 * at[3]) as f64)
        });
        let (found, expected) = no_grad(&params, |tape, on_tape| {
            let cx = || Ctx::new(tape, on_tape, Mode::Evaluation).folding();
            let x = tape.constant(x);
            let a = first.chain.forward(&cx(), x);
            let cx_of_second = Ctx::new(tape, &on_tape[2..], Mode::Evaluation);
            let expected = second.chain.forward(&cx_of_second, a).value() + a.value();
            (whole.chain.forward(&cx(), x).value(), expected)
        });
        let differences = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        assert!(differences.fold(0.0, f64::max) < 1e-12, "{between}");
    }
}

/// A layer of another crate can use a saved value, or return it.
#[test]
fn other_layers_can_use_saved_values() {
    const NAME: Arg<Name> = Arg::new("name", "name of the value");
    const RECALL: LayerDef = LayerDef {
        name: "recall",
        about: "replaces its input by a saved value",
        args: &[NAME.info()],
        examples: &[("save(a) tanh recall(a)", &[3])],
        build: |args: &Args, build: &mut Build| -> Result<Built, Refusal> {
            let saved = build.saved(&args.get(NAME).0)?;
            let built = Built::new(Recall(saved.id), saved.shape.clone());
            Ok(built.means(saved.meaning))
        },
        ..LayerDef::BASE
    };
    struct Recall(SavedId);
    impl<T: Element> Layer<T> for Recall {
        fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, _: Var<'t, T>) -> Var<'t, T> {
            cx.saved(self.0)
        }
    }
    check::layer(&RECALL).unwrap_or_else(|failure| panic!("{failure}"));
    let registry = layers().with(RECALL).unwrap();
    let text = "softmax save(a) flatten linear(2) recall(a) relu6 tanh";
    let plan = build(text, &[2, 3, 1], &registry).unwrap();
    assert_eq!(
        (&plan.output[..], plan.rows[4].output_meaning),
        (&[2, 3, 1][..], Meaning::Probabilities)
    );
    let y = no_grad(&plan.init::<f64>(0), |tape, on_tape| {
        let cx = Ctx::new(tape, on_tape, Mode::Evaluation);
        let x = tape.constant(Tensor::zeros(vec![1, 2, 3, 1]));
        plan.chain.forward(&cx, x).value()
    });
    assert!(y.iter().all(|&y| (y - 0.5f64.tanh()).abs() < 1e-12), "{y}");
}
