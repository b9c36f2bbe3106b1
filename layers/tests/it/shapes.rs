//! A model that builds can't meet a shape error while it runs.

use tapeline_layers::{Plan, check, layers};
use tapeline_spec::{Presets, read};

fn build(text: &str, shape: &[usize]) -> Result<Plan, String> {
    let registry = layers();
    let spec = read(text, &registry, &Presets::new()).map_err(|e| e.summary())?;
    Plan::build(&spec, shape).map_err(|e| e.summary())
}

#[test]
fn an_input_without_values_is_refused() {
    for shape in [&[0][..], &[3, 0, 2], &[0, 4, 4]] {
        let refused = build("relu", shape).err();
        let expected =
            format!("an input of {shape:?} has a size of 0; expected sizes of at least 1");
        assert_eq!(refused, Some(expected));
    }
    let refused = build("relu", &[]).err();
    let expected = "an input of [] has no dimension; expected at least one";
    assert_eq!(refused.as_deref(), Some(expected));
}

/// Branches of any shapes are put together or refused, whatever their number of dimensions.
#[test]
fn branches_of_any_shape_are_joined_or_refused() {
    let branches = [
        "",
        "relu",
        "flatten",
        "reshape(12)",
        "reshape((2, 6))",
        "reshape((3, 2, 2))",
        "reshape((1, 1, 12))",
    ];
    let shapes: [&[usize]; 4] = [&[12], &[2, 6], &[3, 2, 2], &[1, 1, 3, 4]];
    for shape in shapes {
        for a in branches {
            for b in branches {
                for combinator in ["concat", "sum"] {
                    let text = format!("{combinator}[ {a} | {b} ]");
                    let registry = layers();
                    let spec = read(&text, &registry, &Presets::new()).unwrap();
                    let Ok(report) = check::calls(&spec.calls(), shape, &registry) else {
                        continue;
                    };
                    assert_eq!(report.failure(), None, "{text} on {shape:?}");
                }
            }
        }
    }
}
