//! Layers with a mistake that the check must refuse.

use tapeline_layers::{Build, Built, Ctx, Element, Layer, LayerDef, Refusal, check};
use tapeline_spec::Args;
use tapeline_tensor::Var;

/// Value and slope at a point.
type Function = fn(f64) -> (f64, f64);

/// A layer of a function of each value, with a rule that may be wrong.
struct Each(Function);

impl<T: Element> Layer<T> for Each {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let f = self.0;
        let value = move |x: T| T::of(f(x.widen()).0);
        x.map("each", value, move |g, x| g * T::of(f(x.widen()).1))
    }
}

macro_rules! functions {
    ($($name:ident: $f:expr;)*) => {
        &[$((stringify!($name), {
            const DEF: LayerDef = LayerDef {
                name: stringify!($name),
                about: "a function of each value",
                examples: &[(stringify!($name), &[7]), (stringify!($name), &[2, 3, 4])],
                build: |_: &Args, build: &mut Build| Ok(build.same_shape(Each($f))),
                ..LayerDef::BASE
            };
            DEF
        })),*]
    };
}

fn slope(inside: bool) -> f64 {
    f64::from(u8::from(inside))
}

const WRONG: &[(&str, LayerDef)] = functions! {
    relu6_without_its_upper_cut: |x| (x.clamp(0.0, 6.0), slope(x > 0.0));
    relu6_without_its_lower_cut: |x| (x.clamp(0.0, 6.0), slope(x < 6.0));
    hard_swish_without_its_cuts: |x| (x * (x / 6.0 + 0.5).clamp(0.0, 1.0), x / 3.0 + 0.5);
    hard_swish_without_its_lower_cut:
        |x| (x * (x / 6.0 + 0.5).clamp(0.0, 1.0), if x > 3.0 { 1.0 } else { x / 3.0 + 0.5 });
    cut_at_3: |x| (x.min(3.0), 1.0);
    cut_at_4: |x| (x.min(4.0), 1.0);
    cut_at_20: |x| (x.min(20.0), 1.0);
    cut_at_minus_20: |x| (x.max(-20.0), 1.0);
    tenth_of_a_percent_above_4: |x| (x, if x > 4.0 { 1.001 } else { 1.0 });
    tenth_of_a_percent_near_0: |x| (x, if x.abs() < 0.05 { 1.001 } else { 1.0 });
    elu_zero_below_minus_5: |x| match x {
        x if x > 0.0 => (x, 1.0),
        x => (x.exp_m1(), if x < -5.0 { 0.0 } else { x.exp() }),
    };
    softplus_with_a_wrong_threshold: |x| match x {
        x if x > 20.0 => (x, 0.5),
        x => (x.exp().ln_1p(), 1.0 / (1.0 + (-x).exp())),
    };
    relu_with_a_slope_of_2_at_0:
        |x| (x.max(0.0), if x == 0.0 { 2.0 } else { slope(x > 0.0) });
    relu6_with_a_negative_slope_at_6:
        |x| (x.clamp(0.0, 6.0), if x == 6.0 { -1.0 } else { slope(x > 0.0 && x < 6.0) });
    step_of_a_twentieth_at_31: |x| (x.clamp(31.0, 31.05), 0.0);
    tiny_and_wrong: |x| (1e-12 * x, 0.9e-12);
    square_of_large_ones: |x| (x * x, if x.abs() > 4.0 { x } else { 2.0 * x });
};

const RIGHT: &[(&str, LayerDef)] = functions! {
    relu6_again: |x| (x.clamp(0.0, 6.0), slope(x > 0.0 && x < 6.0));
    cut_at_20_again: |x| (x.min(20.0), slope(x < 20.0));
    cube: |x| (x * x * x, 3.0 * x * x);
    relu_with_a_slope_of_a_half_at_0:
        |x| (x.max(0.0), if x == 0.0 { 0.5 } else { slope(x > 0.0) });
    step_of_a_twentieth_at_31_again: |x| (x.clamp(31.0, 31.05), slope(x > 31.0 && x < 31.05));
    tiny: |x| (1e-12 * x, 1e-12);
    square_above_0: |x| (x.max(0.0) * x.max(0.0), 2.0 * x.max(0.0));
};

#[test]
fn a_wrong_derivative_is_refused_wherever_it_is_wrong() {
    for (name, def) in WRONG {
        let found = check::layer(def).map_or_else(|failure| failure.found, |_| "nothing".into());
        assert!(found.starts_with("gradients: "), "{name}: {found}");
    }
}

#[test]
fn right_derivatives_pass() {
    for (name, def) in RIGHT {
        let report = check::report(def).unwrap_or_else(|e| panic!("{name}: {e}"));
        let gradients = report.lines.iter().find(|line| line.aspect == "gradients");
        assert_eq!(
            gradients.and_then(|line| line.failure.clone()),
            None,
            "{name}"
        );
        check::catches(def).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

/// Values divided by their root mean square, then cut at ±1.5; the rule forgets the cut.
struct CutNorm;

impl<T: Element> Layer<T> for CutNorm {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let features: usize = x.shape()[1..].iter().product();
        let flat = x.reshape(&[x.shape()[0], features]);
        let size = (flat.square().mean_axis(1) + 1e-5).sqrt();
        let cut = T::of(1.5);
        let cut = move |x: T| {
            if x > cut {
                cut
            } else if x < -cut {
                -cut
            } else {
                x
            }
        };
        let normal = flat / size.reshape(&[x.shape()[0], 1]);
        normal.map("cut", cut, |g, _| g).reshape(&x.shape())
    }
}

/// The identity, wrong where the input is contiguous in memory.
struct Contiguous;

impl<T: Element> Layer<T> for Contiguous {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let value = x.value();
        let wrong = value.is_standard_layout() && value.len() > 1;
        x.tape().op("contiguous", value, [x], move |g, _| {
            [Some(if wrong { g * T::of(1.1) } else { g })]
        })
    }
}

#[test]
fn a_wrong_rule_is_refused_under_any_condition() {
    const CUT_NORM: LayerDef = LayerDef {
        name: "cut_norm",
        about: "a normalization",
        examples: &[("cut_norm", &[7])],
        build: |_, build| Ok(build.same_shape(CutNorm)),
        ..LayerDef::BASE
    };
    const CONTIGUOUS: LayerDef = LayerDef {
        name: "contiguous",
        about: "the identity",
        examples: &[("contiguous", &[3, 4])],
        build: |_, build| Ok(build.same_shape(Contiguous)),
        ..LayerDef::BASE
    };
    for (def, start) in [(CUT_NORM, "gradients: "), (CONTIGUOUS, "layouts: ")] {
        let found = check::layer(&def).map_or_else(|failure| failure.found, |_| "nothing".into());
        assert!(found.starts_with(start), "{}: {found}", def.name);
    }
}

/// The ways in which a layer of a fixed size goes wrong on others.
enum Where {
    Building,
    Running,
}

fn of_size_5(build: &Build, at: Where) -> Result<Built, Refusal> {
    assert!(
        matches!(at, Where::Running) || build.shape() == [5],
        "made for five features"
    );
    Ok(build.same_shape(OfSize5))
}

struct OfSize5;

impl<T: Element> Layer<T> for OfSize5 {
    fn forward<'t>(&self, _: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        assert_eq!(x.shape()[1..], [5], "made for five features");
        x.tanh()
    }
}

#[test]
fn a_panic_is_a_failure_with_its_case() {
    const BUILDING: LayerDef = LayerDef {
        name: "of_size_5",
        about: "tanh of five features",
        examples: &[("of_size_5", &[5])],
        build: |_, build| of_size_5(build, Where::Building),
        ..LayerDef::BASE
    };
    const RUNNING: LayerDef = LayerDef {
        build: |_, build| of_size_5(build, Where::Running),
        ..BUILDING
    };
    const WRONG_EXAMPLE: LayerDef = LayerDef {
        examples: &[("of_size_5", &[4])],
        ..RUNNING
    };
    for def in [BUILDING, RUNNING, WRONG_EXAMPLE] {
        let failure = check::layer(&def).expect_err("it panics");
        assert!(failure.case.starts_with("`of_size_5` on ["), "{failure}");
        assert!(failure.found.contains("it panics: "), "{failure}");
        assert!(
            failure.found.contains("made for five features"),
            "{failure}"
        );
    }
    let failure = check::catches(&WRONG_EXAMPLE).expect_err("it panics");
    assert!(failure.found.contains("it panics: "), "{failure}");
}
