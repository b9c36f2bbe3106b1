//! Places in a text.

/// A piece of a text: byte offsets, `start` included, `end` not. Both lie on character boundaries of the text it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of its first byte.
    pub start: usize,
    /// Offset behind its last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, but not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// From the start of this to the end of `last`.
    pub(crate) fn to(self, last: Span) -> Span {
        Span::new(self.start, last.end)
    }
}
