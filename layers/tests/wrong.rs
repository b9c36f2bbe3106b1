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
    square_of_large_ones: |x| (x * x, if x.abs() > 4.0 { x } else { 2.0 * x });
};

const RIGHT: &[(&str, LayerDef)] = functions! {
    relu6_again: |x| (x.clamp(0.0, 6.0), slope(x > 0.0 && x < 6.0));
    cut_at_20_again: |x| (x.min(20.0), slope(x < 20.0));
    cube: |x| (x * x * x, 3.0 * x * x);
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
