//! Gradients, compared with finite differences.

use super::{
    super::case::{Case, MODES, in_mode},
    Found,
};
use crate::Ctx;

/// Compares the gradients with finite differences at several points, in both modes.
pub fn gradients(case: &Case<'_>) -> Result<Found, String> {
    let mut all = Found::default();
    for (name, mode) in MODES {
        for point in case.points(mode) {
            let found = point
                .check
                .gradients(&point.params, &[point.x], |tape, params, inputs| {
                    case.forward(&Ctx::new(tape, params, mode), inputs[0])
                });
            let found = found.map_err(|mismatch| format!("for {}, {mismatch}", point.about));
            let found = in_mode(name, found)?;
            all.kinks += found.kinks.len();
            all.worst = all.worst.max(found.worst);
            all.allowed = all.allowed.max(found.allowed);
        }
    }
    Ok(all)
}
