//! First values: what they are drawn from, and what they depend on.

use tapeline_layers::{Init, Plan, layers};
use tapeline_spec::{Presets, read};

fn plan(text: &str, shape: &[usize]) -> Plan {
    let registry = layers();
    let spec = read(text, &registry, &Presets::new()).unwrap();
    Plan::build(&spec, shape).unwrap()
}

#[test]
fn weights_fill_the_range_of_their_fan_in() {
    let plan = plan("conv2d(64, 5, groups=2) flatten linear(100)", &[4, 8, 8]);
    let params = plan.init::<f32>(0);
    for (param, fan_in) in params.iter().zip([50.0, 50.0, 1024.0, 1024.0f32]) {
        let bound = 1.0 / fan_in.sqrt();
        let (mut low, mut high, mut sum) = (f32::MAX, f32::MIN, 0.0);
        for &value in &param.value {
            (low, high, sum) = (low.min(value), high.max(value), sum + value);
        }
        assert!(
            low >= -bound && high <= bound,
            "{}: {low} to {high}, bound {bound}",
            param.name
        );
        // The ends of n uniform draws lie within a few n-ths of the bounds; the mean within a few standard errors of 0.
        let n = param.value.len() as f32;
        assert!(
            low < -bound * (1.0 - 20.0 / n) && high > bound * (1.0 - 20.0 / n),
            "{}: {low} to {high}",
            param.name
        );
        assert!(
            (sum / n).abs() < 5.0 * bound / (3.0 * n).sqrt(),
            "{}: mean {}",
            param.name,
            sum / n
        );
    }
}

#[test]
fn a_value_depends_on_seed_and_place_alone() {
    let (short, long) = (
        plan("linear(4)", &[3]),
        plan("linear(4) relu linear(2)", &[3]),
    );
    let value = |plan: &Plan, seed, place: usize| {
        plan.init::<f32>(seed)
            .iter()
            .nth(place)
            .unwrap()
            .value
            .clone()
    };
    assert_eq!(value(&short, 1, 0), value(&long, 1, 0));
    assert_ne!(value(&short, 1, 0), value(&short, 2, 0));
    assert_ne!(value(&long, 1, 1), value(&short, 2, 1));
}

#[test]
fn memory_order_changes_no_value() {
    let mut plan = plan("linear(4)", &[3]);
    assert!(plan.declared[0].column_major);
    let columns = plan.init::<f32>(7);
    plan.declared[0].column_major = false;
    let rows = plan.init::<f32>(7);
    assert_eq!(
        columns.iter().next().unwrap().value,
        rows.iter().next().unwrap().value
    );
    assert_ne!(
        columns.iter().next().unwrap().value.strides(),
        rows.iter().next().unwrap().value.strides()
    );
}

#[test]
fn f64_has_the_numbers_of_f32() {
    let plan = plan("linear(4)", &[3]);
    assert_eq!(plan.init::<f32>(3).cast::<f64>(), plan.init::<f64>(3));
}

#[test]
fn fan_in_of_nothing_is_no_division_by_zero() {
    assert_eq!(Init::fan_in(0), Init::Uniform(1.0));
}
