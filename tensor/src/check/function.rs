//! Checks a function and its gradient that are written without the tape, for example in another
//! framework.

use std::{error::Error, fmt, ops::RangeInclusive, rc::Rc};

use ndarray::ArrayD;

use super::{Check, Mismatch, Report, random::SplitMix64};
use crate::{Params, Tensor};

/// Runs [`FunctionCheck::check`] with default settings: the gradient is checked at `inputs`, and at ten
/// points in which they are multiplied by factors from 0.01 to 100.
///
/// ```
/// use tapeline_tensor::{check, ndarray::{Array, ArrayD}};
///
/// // relu6, whose gradient forgets that the value is constant above 6.
/// let relu6 = |x: &[ArrayD<f64>]| x[0].mapv(|x| x.clamp(0.0, 6.0));
/// let wrong = |x: &[ArrayD<f64>], g: &ArrayD<f64>| vec![g * &x[0].mapv(|x| if x > 0.0 { 1.0 } else { 0.0 })];
///
/// let x = Array::from(vec![-1.0, 0.5, 2.0]).into_dyn();
/// let failure = check::function("relu6", &[x], relu6, wrong).unwrap_err();
/// assert!(failure.inputs[0][2] > 6.0);
///
/// let right = |x: &[ArrayD<f64>], g: &ArrayD<f64>| {
///     vec![g * &x[0].mapv(|x| if (0.0..6.0).contains(&x) { 1.0 } else { 0.0 })]
/// };
/// let x = Array::from(vec![-1.0, 0.5, 2.0]).into_dyn();
/// check::function("relu6", &[x], relu6, right).unwrap();
/// ```
///
/// # Errors
/// As [`FunctionCheck::check`].
pub fn function(
    name: &'static str,
    inputs: &[ArrayD<f64>],
    f: impl Fn(&[ArrayD<f64>]) -> ArrayD<f64>,
    gradient: impl Fn(&[ArrayD<f64>], &ArrayD<f64>) -> Vec<ArrayD<f64>> + 'static,
) -> Result<Report, FunctionFailure> {
    FunctionCheck::default().check(name, inputs, f, gradient)
}

/// Settings of the check of a function.
#[derive(Clone)]
pub struct FunctionCheck<'a> {
    /// The settings at each point.
    pub check: Check<'a>,
    /// The factors on the inputs, which are positive. They keep the signs and the zeros of the
    /// inputs; a function that is only defined up to 1, for example, needs factors up to 1.
    pub factors: RangeInclusive<f64>,
    /// Number of points that are sampled in addition to the given one. In turn, all elements of a
    /// point have nearly the same factor, and each has its own.
    pub points: usize,
}

impl Default for FunctionCheck<'_> {
    fn default() -> Self {
        FunctionCheck {
            check: Check::default(),
            factors: 0.01..=100.0,
            points: 10,
        }
    }
}

impl FunctionCheck<'_> {
    /// Checks that `gradient` is the gradient of `f`, at `inputs` and at points sampled from them.
    /// `gradient` receives the inputs and the gradient with respect to the value of `f`, and returns
    /// the gradients with respect to all inputs, in their shapes.
    ///
    /// The report has the sums of its counts over all points, and the largest difference.
    ///
    /// # Errors
    /// The first point at which a gradient differs from finite differences of the value, is missing
    /// or has another shape, or at which anything is not finite.
    pub fn check(
        &self,
        name: &'static str,
        inputs: &[ArrayD<f64>],
        f: impl Fn(&[ArrayD<f64>]) -> ArrayD<f64>,
        gradient: impl Fn(&[ArrayD<f64>], &ArrayD<f64>) -> Vec<ArrayD<f64>> + 'static,
    ) -> Result<Report, FunctionFailure> {
        let gradient = Rc::new(gradient);
        let mut random = SplitMix64(self.check.seed);
        let sampled = (0..self.points).map(|point| self.sampled(inputs, point, &mut random));
        let mut all = Report::default();
        for inputs in std::iter::once(inputs.to_vec()).chain(sampled) {
            let returned = gradient(&inputs, &f(&inputs));
            let found = match expect_shapes(&inputs, &returned) {
                Some(found) => Err(found),
                None => self
                    .at(name, &inputs, &f, &gradient)
                    .map_err(|found| Fault::Mismatch(Box::new(found))),
            };
            match found {
                Ok(report) => add(&mut all, report),
                Err(found) => {
                    return Err(FunctionFailure {
                        name,
                        inputs,
                        found,
                    });
                }
            }
        }
        Ok(all)
    }

    /// Checks one point: the function is a single operation on a tape.
    fn at(
        &self,
        name: &'static str,
        inputs: &[ArrayD<f64>],
        f: &impl Fn(&[ArrayD<f64>]) -> ArrayD<f64>,
        gradient: &Rc<impl Fn(&[ArrayD<f64>], &ArrayD<f64>) -> Vec<ArrayD<f64>> + 'static>,
    ) -> Result<Report, Mismatch> {
        let shared: Vec<Tensor<f64>> = inputs.iter().map(|x| x.to_shared()).collect();
        self.check
            .gradients(&Params::new(), &shared, |tape, _, vars| {
                let inputs: Vec<_> = vars.iter().map(|x| x.value().into_owned()).collect();
                let (value, gradient) = (f(&inputs), gradient.clone());
                tape.op(name, value, vars, move |g, _| {
                    let returned = gradient(&inputs, &g.into_owned());
                    returned
                        .into_iter()
                        .map(|g| Some(g.into_shared()))
                        .collect()
                })
            })
    }

    /// Multiplies the inputs by factors that are uniform on a logarithmic scale.
    fn sampled(
        &self,
        inputs: &[ArrayD<f64>],
        point: usize,
        random: &mut SplitMix64,
    ) -> Vec<ArrayD<f64>> {
        let [low, high] = [self.factors.start(), self.factors.end()].map(|bound| bound.ln());
        // Points with a common factor cover the range evenly, from one end to the other.
        let steps = (self.points - 1) / 2;
        let common = match point % 2 {
            0 => Some((point / 2) as f64 / steps.max(1) as f64),
            _ => None,
        };
        let mut scaled = |x: &f64| {
            let random = random.signed().abs() - 0.5;
            let place = common.map_or(random, |common| {
                (common + 0.1 * (random - 0.5)).clamp(0.0, 1.0)
            });
            x * (low + place * (high - low)).exp()
        };
        inputs.iter().map(|x| x.map(&mut scaled)).collect()
    }
}

/// Returns the first difference between the shapes of the inputs and those of their gradients.
fn expect_shapes(inputs: &[ArrayD<f64>], returned: &[ArrayD<f64>]) -> Option<Fault> {
    if inputs.len() != returned.len() {
        return Some(Fault::Count {
            inputs: inputs.len(),
            gradients: returned.len(),
        });
    }
    let mut pairs = inputs.iter().zip(returned).enumerate();
    let (input, (x, g)) = pairs.find(|(_, (x, g))| x.shape() != g.shape())?;
    Some(Fault::Shape {
        input,
        expected: x.shape().to_vec(),
        returned: g.shape().to_vec(),
    })
}

/// Adds the report of a point.
fn add(all: &mut Report, point: Report) {
    all.directions += point.directions;
    all.elements += point.elements;
    all.kinks.extend(point.kinks);
    all.rules += point.rules;
    all.unresolved += point.unresolved;
    all.worst = all.worst.max(point.worst);
    all.allowed = all.allowed.max(point.allowed);
}

/// A point at which a function fails its check.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionFailure {
    /// The name of the function.
    pub name: &'static str,
    /// The inputs at which it fails.
    pub inputs: Vec<ArrayD<f64>>,
    /// What is wrong.
    pub found: Fault,
}

/// What is wrong with a function at a point.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A gradient differs from the slope of the value, or something is not finite.
    Mismatch(Box<Mismatch>),
    /// The number of gradients differs from the number of inputs.
    Count {
        /// The number of inputs.
        inputs: usize,
        /// The number of gradients.
        gradients: usize,
    },
    /// A gradient doesn't have the shape of its input.
    Shape {
        /// The index of the input.
        input: usize,
        /// The shape of the input.
        expected: Vec<usize>,
        /// The shape of the gradient.
        returned: Vec<usize>,
    },
}

impl fmt::Display for FunctionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The maximum number of elements that are shown.
        const SHOWN: usize = 16;
        write!(f, "{}: ", self.name)?;
        match &self.found {
            Fault::Mismatch(mismatch) => write!(f, "{mismatch}")?,
            Fault::Count { inputs, gradients } => {
                write!(f, "{gradients} gradients for {inputs} inputs")?;
            }
            Fault::Shape {
                input,
                expected,
                returned,
            } => write!(
                f,
                "input {input} is {expected:?}, but its gradient is {returned:?}"
            )?,
        }
        if self.inputs.iter().map(ArrayD::len).sum::<usize>() <= SHOWN {
            let shown: Vec<_> = self.inputs.iter().map(ToString::to_string).collect();
            write!(f, "\n  at {}", shown.join(", "))?;
        }
        Ok(())
    }
}

impl Error for FunctionFailure {}
