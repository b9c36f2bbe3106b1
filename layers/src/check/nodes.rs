//! The aspect that compares a layer with its ONNX nodes.

use super::{
    aspects::{Found, near},
    case::Case,
};
use crate::{Graph, Mode, graph::RunError};

/// The maximum allowed difference between `forward` and the nodes, both in `f64`, relative to the
/// larger of 1 and the value.
const TOLERANCE: f64 = 1e-9;

/// Evaluates the nodes of a case and compares the outputs with those of `forward`. There is nothing
/// to compare if a layer has no nodes, or nodes that the interpreter doesn't know.
pub fn nodes(case: &Case<'_>) -> Result<Found, String> {
    let skipped = |reason: String| {
        Ok(Found {
            skipped: Some(reason),
            ..Found::default()
        })
    };
    let mut graph = Graph::new(&case.shape);
    let input = graph.input();
    let output = match case.plan.chain.nodes(&mut graph, input) {
        Ok(output) => output,
        Err(no_nodes) => return skipped(no_nodes.to_string()),
    };
    let params = case.params();
    let mut worst = 0.0f64;
    for batch in [1, 3] {
        for (magnitude, x) in [
            ("", case.input(batch)),
            (" for an input of mixed magnitudes", case.mixed_input(batch)),
        ] {
            let expected = case.run(&params, &x, Mode::Evaluation);
            let found = match graph.run(output, &params, &x) {
                Ok(found) => found,
                Err(unknown @ RunError::UnknownOperator(_)) => return skipped(unknown.to_string()),
                Err(error) => return Err(error.to_string()),
            };
            if found.shape() != expected.shape() {
                let (found, expected) = (found.shape(), expected.shape());
                return Err(format!(
                    "its nodes output shape {found:?}, expected {expected:?}"
                ));
            }
            let when = format!("of its nodes{magnitude}");
            worst = worst.max(near("output", &when, &found, &expected, TOLERANCE)?);
        }
    }
    Ok(Found {
        worst,
        ..Found::default()
    })
}
