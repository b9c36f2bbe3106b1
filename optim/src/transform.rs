//! What an optimizer is a chain of.

use std::sync::Arc;

use ndarray::ArrayViewMutD;
use tapeline_tensor::{Grads, Params, Role, Scalar};

use crate::transforms::Ema;

/// Changes gradients, on their way to what is subtracted from the weights.
///
/// It holds numbers such as a momentum, and no array: what it remembers of each weight is declared by [`moments`](Transform::moments)
/// and kept by the [`Stepper`](crate::Stepper), which saves and restores it. It is written for any [`Scalar`]:
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
/// # Ok::<(), tapeline_optim::NotFinite>(())
/// ```
pub trait Transform<T: Scalar>: Send + Sync {
    /// Whether it applies to learned parameters of this role. Gradients of the others pass unchanged, and it keeps no moments of them.
    fn takes(&self, _role: Role) -> bool {
        true
    }

    /// Names of the arrays that it keeps for each weight, in the weight's shape, zeros at first. No dots.
    fn moments(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether [`look`](Transform::look) and [`apply_whole`](Transform::apply_whole) are wanted. They cost a pass over memory of their own,
    /// unless the transform is first in its chain.
    fn looks(&self) -> bool {
        false
    }

    /// Sees all gradients as the transforms before it left them, once a step, before any piece. What it returns is
    /// [`Piece::seen`]. Gradients of buffers, and of weights that the loss doesn't depend on, are `None`. `squares` holds the sum of the
    /// squares of each gradient, 0 for `None`.
    fn look(&self, _grads: &Grads<T>, _params: &Params<T>, _squares: &[f64]) -> f64 {
        0.0
    }

    /// Changes the gradient of one weight as a whole, in place: for what no piece can know, such as a matrix product. Called once a step
    /// for each weight, after [`look`](Transform::look) and before any piece.
    fn apply_whole(&self, _gradient: ArrayViewMutD<'_, T>) {}

    /// Changes a piece of the gradient of one weight in place. Pieces are few thousand elements at most and come in any order, so
    /// an element's result may depend on nothing but that element, its weight, its moments, and the numbers in `piece`.
    fn apply(&self, piece: Piece<'_, T>);
}

/// The same range of a weight, its gradient and what one transform keeps of it, flat, in the order in which the weight lies in memory.
pub struct Piece<'a, T> {
    /// Which entry of the parameters it is of.
    pub param: usize,
    /// Where in that entry's memory it starts, in elements.
    pub start: usize,
    /// The gradient, to be changed.
    pub gradient: &'a mut [T],
    /// The weight, as it is before the step.
    pub weight: &'a [T],
    /// Number of steps that this weight was given, this one included: 1 at first.
    pub step: u64,
    /// The schedule's factor on the learning rate.
    pub factor: f64,
    /// What [`Transform::look`] returned in this step; 0 for a transform that doesn't look.
    pub seen: f64,
    pub(crate) moments: Vec<&'a mut [T]>,
}

impl<'a, T> Piece<'a, T> {
    /// What the transform keeps of this piece, in the order of [`Transform::moments`]. Taken once.
    ///
    /// # Panics
    /// When it keeps another number of arrays than `N`, or they were taken.
    #[track_caller]
    pub fn moments<const N: usize>(&mut self) -> [&'a mut [T]; N] {
        let kept = std::mem::take(&mut self.moments);
        kept.try_into().unwrap_or_else(|kept: Vec<_>| {
            panic!("Piece::moments: {N} wanted, {} there", kept.len())
        })
    }
}

/// A [`Transform`] of both types of number, as any is that is written for all [`Scalar`]s. Never implemented by hand.
pub trait AnyTransform: Transform<f32> + Transform<f64> {}

impl<X: Transform<f32> + Transform<f64>> AnyTransform for X {}

/// A [`Scalar`] that picks its face of an [`AnyTransform`].
pub trait Element: Scalar {
    /// The transform for this type of number.
    fn of_any(transform: &dyn AnyTransform) -> &dyn Transform<Self>;
}

impl Element for f32 {
    fn of_any(transform: &dyn AnyTransform) -> &dyn Transform<f32> {
        transform
    }
}

impl Element for f64 {
    fn of_any(transform: &dyn AnyTransform) -> &dyn Transform<f64> {
        transform
    }
}

/// Transforms in the order in which a gradient passes them. What the last one leaves is subtracted from the weight.
#[derive(Clone, Default)]
pub struct Chain {
    links: Vec<Arc<dyn AnyTransform>>,
    average: Option<Ema>,
}

impl Chain {
    /// A chain without a transform: gradients are subtracted as they are.
    pub fn new() -> Self {
        Chain::default()
    }

    /// The chain with one more transform at its end.
    #[must_use]
    pub fn then(mut self, transform: impl AnyTransform + 'static) -> Self {
        self.links.push(Arc::new(transform));
        self
    }

    /// The chain with another at its end. If both keep averages, those of `other` count.
    #[must_use]
    pub fn join(mut self, other: Chain) -> Self {
        self.links.extend(other.links);
        self.average = other.average.or(self.average);
        self
    }

    /// The chain, with a moving average kept of the weights that it leaves: *a = p* after a weight's first step, later
    /// *a = d·a + (1 − d)·p*, where *d* is `decay`, at least 0 and below 1. [`Stepper::averaged`](crate::Stepper::averaged) has them.
    #[must_use]
    pub fn averaged(mut self, decay: f64) -> Self {
        self.average = Some(Ema(decay));
        self
    }

    /// Whether it keeps averages of the weights.
    pub fn averages(&self) -> bool {
        self.average.is_some()
    }

    /// Number of arrays that its transforms keep for a parameter of this role.
    pub fn moments(&self, role: Role) -> usize {
        let kept = self.iter().filter_map(|transform| {
            let transform = f32::of_any(&*transform);
            transform.takes(role).then(|| transform.moments().len())
        });
        kept.sum()
    }

    /// Its transforms; the one that averages, if any, is the last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Arc<dyn AnyTransform>> {
        let average = self
            .average
            .map(|ema| Arc::new(ema) as Arc<dyn AnyTransform>);
        self.links.iter().cloned().chain(average)
    }
}
