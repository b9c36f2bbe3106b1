//! Gradients, compared with finite differences.

use tapeline_tensor::{
    Params, Tensor,
    check::{Check, Mismatch, Report},
};

use super::{
    super::case::{Case, MODES, in_mode},
    Found,
    layouts::scattered,
};
use crate::{Ctx, Mode};

/// Compares only the operations, each at its own values, not the whole function. That is all that
/// can be compared at kinks.
const OPERATIONS: Check<'static> = Check {
    directions: 0,
    alone: 0,
    ..Check::DEFAULT
};

/// A point at which gradients are compared.
struct Point {
    about: String,
    params: Params<f64>,
    x: Tensor<f64>,
    check: Check<'static>,
}

/// Compares the gradients with finite differences at several points, in both modes.
pub fn gradients(case: &Case<'_>) -> Result<Found, String> {
    let mut all = Found::default();
    let bends = case.bends().map(|x| Point {
        about: "next to the kinks along a line".into(),
        params: case.params(),
        x,
        check: OPERATIONS,
    });
    for (name, mode) in MODES {
        let bends = bends.iter().filter(|_| mode == Mode::Evaluation);
        for point in points(case).iter().chain(bends) {
            let found = agree(case, point, mode);
            let found = found.map_err(|mismatch| format!("{}, {mismatch}", point.about));
            let found = in_mode(name, found)?;
            all.kinks += found.kinks.len();
            all.worst = all.worst.max(found.worst);
            all.allowed = all.allowed.max(found.allowed);
        }
    }
    Ok(all)
}

fn points(case: &Case<'_>) -> Vec<Point> {
    let point = |about: &str, params, x: Tensor<f64>, check| {
        let batch = x.shape()[0];
        let about = format!("with {batch} samples{about}");
        Point {
            about,
            params,
            x,
            check,
        }
    };
    let default = Check::default();
    vec![
        point("", case.params(), case.input(1), default),
        point("", case.params(), case.input(3), default),
        point(
            " and weights of mixed magnitudes",
            case.mixed_params(),
            case.mixed_input(1),
            default,
        ),
        point(
            " of mixed magnitudes",
            case.params(),
            case.mixed_input(3),
            default,
        ),
        point(
            " of round values",
            case.params(),
            case.round_input(3),
            OPERATIONS,
        ),
    ]
}

fn agree(case: &Case<'_>, point: &Point, mode: Mode) -> Result<Report, Mismatch> {
    // The output of another layer is not necessarily contiguous.
    let x = scattered(&point.x);
    point
        .check
        .gradients(&point.params, &[x], |tape, params, inputs| {
            case.forward(&Ctx::new(tape, params, mode), inputs[0])
        })
}
