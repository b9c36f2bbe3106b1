//! Points at which the gradients of a case are compared.

use tapeline_tensor::{Params, Tensor, check::Check};

use super::{aspects::scattered, case::Case};
use crate::{Declared, Mode};

/// Compares only the operations, each at its own values, not the whole function. That is all that
/// can be compared at kinks.
pub const OPERATIONS: Check<'static> = Check {
    directions: 0,
    alone: 0,
    ..Check::DEFAULT
};

/// Maximum number of values of a sample and of parameters for weights of mixed magnitudes and a
/// search for kinks. The layers of a larger model have checks of their own.
const SMALL: usize = 1000;

/// A point at which gradients are compared.
pub struct Point {
    /// What is special about it.
    pub about: &'static str,
    /// Parameters and input.
    pub params: Params<f64>,
    pub x: Tensor<f64>,
    /// Settings of the comparison.
    pub check: Check<'static>,
}

impl Case<'_> {
    fn size(&self) -> usize {
        let params = self.plan.declared.iter().map(Declared::len);
        self.shape.iter().product::<usize>() + params.sum::<usize>()
    }

    /// Returns the points at which gradients are compared in a mode, the most general one first.
    pub(super) fn points(&self, mode: Mode) -> Vec<Point> {
        let point = |about, params, x: Tensor<f64>, check| Point {
            about,
            params,
            // The output of another layer is not necessarily contiguous.
            x: scattered(&x),
            check,
        };
        let [one, three] = [1, 3].map(|batch| self.input(batch));
        let mut points = vec![
            point("three samples", self.params(), three, Check::DEFAULT),
            point("one sample", self.params(), one, Check::DEFAULT),
            point(
                "a sample of mixed magnitudes",
                self.params(),
                self.mixed_input(1),
                Check::DEFAULT,
            ),
            point(
                "three samples of mixed magnitudes",
                self.params(),
                self.mixed_input(3),
                Check::DEFAULT,
            ),
        ];
        if self.size() > SMALL {
            return points;
        }
        points.push(point(
            "a sample and weights of mixed magnitudes",
            self.mixed_params(),
            self.mixed_input(1),
            Check::DEFAULT,
        ));
        points.push(point(
            "three samples of round values",
            self.params(),
            self.round_input(3),
            OPERATIONS,
        ));
        if mode == Mode::Evaluation
            && let Some(bends) = self.bends()
        {
            let about = "samples next to the kinks along a line";
            points.push(point(about, self.params(), bends, OPERATIONS));
        }
        points
    }
}
