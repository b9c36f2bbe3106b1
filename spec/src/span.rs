//! Locations in a text.

/// A range of byte offsets in a text, `start` inclusive, `end` exclusive. Both lie on character
/// boundaries of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// Creates the span from `start` up to, but not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// Returns the span from the start of `self` to the end of `last`.
    pub(crate) fn to(self, last: Span) -> Span {
        Span::new(self.start, last.end)
    }
}
