//! What the values of an output mean.

/// What the values that a layer outputs in evaluation mean. A layer says it with [`Built::means`](crate::Built::means), and passes on what
/// still holds of its input ([`Build::input_meaning`](crate::Build::input_meaning)); one that says nothing outputs logits. The check holds
/// each layer to what it says.
///
/// The first dimension of a sample, without the batch, counts the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Meaning {
    /// Values of any size. True of everything.
    #[default]
    Logits,
    /// Values between 0 and 1.
    UnitInterval,
    /// Probabilities of the classes: at each place of a sample, they are not negative and sum to 1.
    Probabilities,
    /// Logarithms of such probabilities.
    LogProbabilities,
}

impl Meaning {
    /// Whether all values are between 0 and 1.
    pub fn is_bounded(self) -> bool {
        matches!(self, Meaning::UnitInterval | Meaning::Probabilities)
    }

    /// What still holds of the same values in another shape, in the same row-major order: classes stay classes where the first size stays.
    #[must_use]
    pub fn reshaped(self, from: &[usize], to: &[usize]) -> Self {
        match from.first() == to.first() {
            true => self,
            false => self.scattered(),
        }
    }

    /// What still holds of each value alone, next to values from elsewhere or without some of its own.
    #[must_use]
    pub fn scattered(self) -> Self {
        match self.is_bounded() {
            true => Meaning::UnitInterval,
            false => Meaning::Logits,
        }
    }

    /// What still holds of means over places, each class by itself.
    #[must_use]
    pub fn averaged(self) -> Self {
        match self.is_bounded() {
            true => self,
            false => Meaning::Logits,
        }
    }

    /// What holds of both.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        match (self.is_bounded(), other.is_bounded()) {
            _ if self == other => self,
            (true, true) => Meaning::UnitInterval,
            _ => Meaning::Logits,
        }
    }
}
