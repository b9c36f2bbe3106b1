//! Interpretation of the values of an output.

use crate::features;

/// The interpretation of the values that a layer outputs in evaluation. A layer declares it with
/// [`Built::means`](crate::Built::means) and can derive it from that of its input
/// ([`Build::input_meaning`](crate::Build::input_meaning)). The default is logits. The check
/// verifies what each layer declares.
///
/// The features or channels of a sample are the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Meaning {
    /// Values of any size. This always holds.
    #[default]
    Logits,
    /// Values between 0 and 1.
    UnitInterval,
    /// Class probabilities: nonnegative, with a sum of 1 at each position of a sample.
    Probabilities,
    /// Logarithms of such probabilities.
    LogProbabilities,
}

impl Meaning {
    /// Returns whether all values are between 0 and 1.
    pub fn is_bounded(self) -> bool {
        matches!(self, Meaning::UnitInterval | Meaning::Probabilities)
    }

    /// Returns the meaning after a reshape in row-major order. It stays the same if the number of
    /// classes does, and the number of values between those of adjacent classes.
    #[must_use]
    pub fn reshaped(self, from: &[usize], to: &[usize]) -> Self {
        let classes = |shape: &[usize]| {
            let mut sizes = shape[features::axis(shape)..].iter();
            let classes = sizes.next().copied();
            (classes, sizes.product::<usize>())
        };
        match classes(from) == classes(to) {
            true => self,
            false => self.scattered(),
        }
    }

    /// Returns the meaning of individual values, when some are removed or combined with others.
    #[must_use]
    pub fn scattered(self) -> Self {
        match self.is_bounded() {
            true => Meaning::UnitInterval,
            false => Meaning::Logits,
        }
    }

    /// Returns the meaning after averaging over positions, separately for each class.
    #[must_use]
    pub fn averaged(self) -> Self {
        match self.is_bounded() {
            true => self,
            false => Meaning::Logits,
        }
    }

    /// Returns the strongest meaning that holds for both.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        match (self.is_bounded(), other.is_bounded()) {
            _ if self == other => self,
            (true, true) => Meaning::UnitInterval,
            _ => Meaning::Logits,
        }
    }
}
