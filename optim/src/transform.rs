//! Gradient transforms and chains of them.

use std::sync::Arc;

use ndarray::ArrayViewMutD;
use tapeline_tensor::{Grads, Params, Role, Scalar};

use crate::transforms::Ema;

/// A transform of gradients, applied before they are subtracted from the weights.
///
/// An implementation holds scalars such as a momentum, but no arrays: state per weight is declared
/// by [`moments`](Transform::moments) and stored by the [`Stepper`](crate::Stepper), which saves
/// and restores it. Implement it for all [`Scalar`]s:
///
/// ```
/// use tapeline_optim::{Chain, Piece, Stepper, Transform, transforms::ScaleByLr};
/// use tapeline_tensor::{Grads, Params, Role, Scalar, tensor};
///
/// /// Leaves of each element its sign.
/// struct Sign;
///
/// impl<T: Scalar> Transform<T> for Sign {
///     fn apply(&self, piece: Piece<'_, T>) {
///         for g in piece.gradient {
///             *g = g.signum();
///         }
///     }
/// }
///
/// let mut params = Params::<f32>::new();
/// params.push("x", Role::Weight, tensor([1.0, 1.0]));
/// let grads = Grads { params: vec![Some(tensor([0.3, -7.0]))], inputs: vec![] };
/// let mut stepper = Stepper::new(&Chain::new().then(Sign).then(ScaleByLr(0.5)), &params);
/// stepper.step(&mut params, grads, 1.0)?;
/// assert_eq!(params.iter().next().unwrap().value, tensor([0.5, 1.5]));
/// # Ok::<(), tapeline_optim::StepError>(())
/// ```
pub trait Transform<T: Scalar>: Send + Sync {
    /// Returns `true` if it applies to learned parameters of this role. Gradients of others pass
    /// unchanged, and no moments are stored for them.
    fn takes(&self, _role: Role) -> bool {
        true
    }

    /// Returns the names of the arrays stored for each weight, in the weight's shape, initially
    /// zero. Names must not contain dots.
    fn moments(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns `true` if [`look`](Transform::look) and [`apply_whole`](Transform::apply_whole) are
    /// to be called. This costs an additional pass over memory, unless the transform is the first
    /// of its chain.
    fn looks(&self) -> bool {
        false
    }

    /// Receives all gradients, as left by the preceding transforms, once per step before any piece.
    /// The return value is passed to [`apply`](Transform::apply) as [`Piece::seen`]. Gradients of
    /// buffers, and of weights that the loss doesn't depend on, are `None`. `squares` holds the sum
    /// of squares of each gradient, 0 for `None`.
    fn look(&self, _grads: &Grads<T>, _params: &Params<T>, _squares: &[f64]) -> f64 {
        0.0
    }

    /// Changes the whole gradient of one weight in place, for computations that need more than a
    /// piece, such as a matrix product. Called once per step for each weight, after
    /// [`look`](Transform::look) and before any piece.
    fn apply_whole(&self, _gradient: ArrayViewMutD<'_, T>) {}

    /// Changes a piece of the gradient of one weight in place. Pieces have at most a few thousand
    /// elements and come in any order, so the result for an element may only depend on that
    /// element, its weight, its moments, and the scalars in `piece`.
    fn apply(&self, piece: Piece<'_, T>);
}

/// A range of a weight with its gradient and the moments of one transform, flat, in the memory
/// order of the weight.
pub struct Piece<'a, T> {
    /// Index of the parameter.
    pub param: usize,
    /// Start of the range in the memory of the weight, in elements.
    pub start: usize,
    /// The gradient, to be changed in place.
    pub gradient: &'a mut [T],
    /// The weight before the step.
    pub weight: &'a [T],
    /// Number of update steps of this weight, including this one; 1 in the first step.
    pub step: u64,
    /// The schedule's factor on the learning rate.
    pub factor: f64,
    /// The return value of [`Transform::look`] in this step; 0 for a transform without `looks`.
    pub seen: f64,
    pub(crate) moments: Vec<&'a mut [T]>,
}

impl<'a, T> Piece<'a, T> {
    /// Takes the moments of this piece, in the order of [`Transform::moments`]. Can be called once.
    ///
    /// # Panics
    /// If the number of moments is not `N`, or they have already been taken.
    #[track_caller]
    pub fn moments<const N: usize>(&mut self) -> [&'a mut [T]; N] {
        let kept = std::mem::take(&mut self.moments);
        kept.try_into().unwrap_or_else(|kept: Vec<_>| {
            panic!("Piece::moments: expected {N} moments, found {}", kept.len())
        })
    }
}

/// A [`Transform`] for both `f32` and `f64`, such as any that is implemented for all [`Scalar`]s.
/// Implemented automatically.
pub trait AnyTransform: Transform<f32> + Transform<f64> {}

impl<X: Transform<f32> + Transform<f64>> AnyTransform for X {}

/// A [`Scalar`] that selects the matching implementation of an [`AnyTransform`].
pub trait TransformScalar: Scalar {
    /// Returns the transform for this scalar type.
    fn of_any(transform: &dyn AnyTransform) -> &dyn Transform<Self>;
}

impl TransformScalar for f32 {
    fn of_any(transform: &dyn AnyTransform) -> &dyn Transform<f32> {
        transform
    }
}

impl TransformScalar for f64 {
    fn of_any(transform: &dyn AnyTransform) -> &dyn Transform<f64> {
        transform
    }
}

/// A sequence of transforms, in order of application. The result of the last one is subtracted from
/// the weight.
#[derive(Clone, Default)]
pub struct Chain {
    links: Vec<Arc<dyn AnyTransform>>,
    average: Option<Ema>,
}

impl Chain {
    /// Creates an empty chain: gradients are subtracted unchanged.
    pub fn new() -> Self {
        Chain::default()
    }

    /// Appends a transform.
    #[must_use]
    pub fn then(mut self, transform: impl AnyTransform + 'static) -> Self {
        self.links.push(Arc::new(transform));
        self
    }

    /// Appends another chain. If both keep averages, those of `other` are used.
    #[must_use]
    pub fn join(mut self, other: Chain) -> Self {
        self.links.extend(other.links);
        self.average = other.average.or(self.average);
        self
    }

    /// Adds a moving average of the updated weights: *a = p* after the first step of a weight,
    /// later *a = d·a + (1 − d)·p*, where *d* is `decay`, at least 0 and below 1.
    /// [`Stepper::averaged`](crate::Stepper::averaged) returns the averages.
    #[must_use]
    pub fn averaged(mut self, decay: f64) -> Self {
        self.average = Some(Ema(decay));
        self
    }

    /// Returns `true` if the chain keeps averages of the weights.
    pub fn averages(&self) -> bool {
        self.average.is_some()
    }

    /// Returns the number of arrays stored for a parameter of this role.
    pub fn moments(&self, role: Role) -> usize {
        let kept = self.iter().filter_map(|transform| {
            let transform = f32::of_any(&*transform);
            transform.takes(role).then(|| transform.moments().len())
        });
        kept.sum()
    }

    /// Returns the transforms; the one that averages, if any, is the last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Arc<dyn AnyTransform>> {
        let average = self
            .average
            .map(|ema| Arc::new(ema) as Arc<dyn AnyTransform>);
        self.links.iter().cloned().chain(average)
    }
}
