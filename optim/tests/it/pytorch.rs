//! The same numbers as PyTorch: `fixtures/make.py` has made them.

use crate::common::{elements, flat, start};
use serde_json::Value;
use tapeline_optim::{Schedule, TransformScalar, schedules};
use tapeline_tensor::{Grads, Params, Role, Tensor};

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/pytorch.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap().iter();
    values.map(|x| x.as_f64().unwrap()).collect()
}

fn matrix<T: TransformScalar>(value: &Value, shape: &Value) -> Tensor<T> {
    let shape: Vec<_> = numbers(shape).iter().map(|&n| n as usize).collect();
    let rows = flat(&numbers(value)).into_shape_with_order(shape);
    rows.unwrap()
}

fn optimizers_agree<T: TransformScalar>(tolerance: f64) {
    let fixture = fixture();
    let steps = fixture["steps"].as_u64().unwrap();
    for case in fixture["optimizers"].as_array().unwrap() {
        let text = case["optimizer"].as_str().unwrap();
        let schedule = Schedule::read(case["schedule"].as_str().unwrap(), &schedules()).unwrap();
        let scheduler = schedule.scheduler(steps);
        let mut params = Params::<T>::new();
        params.push(
            "weight",
            Role::Weight,
            matrix(&fixture["weight"], &case["shape"]),
        );
        params.push("bias", Role::Bias, flat(&numbers(&fixture["bias"])));
        let mut stepper = start(text, &params);
        for step in 0..steps {
            let of = &fixture["grads"][step as usize];
            let grads = Grads {
                params: vec![
                    Some(matrix(&of[0], &case["shape"])),
                    Some(flat(&numbers(&of[1]))),
                ],
                inputs: vec![],
            };
            stepper
                .step(&mut params, grads, scheduler.factor(step))
                .unwrap();
            let wanted = |of: &str| case[of].get((step + 1).to_string()).map(numbers);
            for (found, wanted) in [
                (elements(&params), wanted("after")),
                (
                    elements(&stepper.averaged(&params)),
                    wanted("averages_after"),
                ),
            ] {
                let Some(wanted) = wanted else { continue };
                let near = crate::common::near(&found, &wanted, tolerance);
                assert!(near, "{text}, step {step}: {found:?}, wanted {wanted:?}");
            }
        }
    }
}

#[test]
fn optimizers_in_f64() {
    optimizers_agree::<f64>(1e-12);
}

#[test]
fn optimizers_in_f32() {
    optimizers_agree::<f32>(1e-5);
}

#[test]
fn schedules_agree() {
    let fixture = fixture();
    for case in fixture["schedules"].as_array().unwrap() {
        let text = case["schedule"].as_str().unwrap();
        let schedule = Schedule::read(text, &schedules()).unwrap();
        let mut scheduler = schedule.scheduler(fixture["steps"].as_u64().unwrap());
        for (step, loss) in (1..).zip(numbers(&case["losses"])) {
            scheduler.tell(step, loss);
        }
        let wanted = numbers(&case["factors"]);
        let found: Vec<_> = (0..wanted.len() as u64)
            .map(|s| scheduler.factor(s))
            .collect();
        let near = crate::common::near(&found, &wanted, 1e-12);
        assert!(near, "{text}: {found:?}, wanted {wanted:?}");
    }
}
