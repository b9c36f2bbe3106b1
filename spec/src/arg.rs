//! Typed keys for arguments.

mod types;

use std::{
    fmt,
    ops::{Bound, RangeInclusive},
};

use crate::{
    ArgInfo,
    info::{AnyArg, Facts, Fallback, Inferred},
};

pub use types::{ArgType, Limited, Worded};

/// A typed key: a definition uses it to declare an argument and, later, to read the argument's
/// value of type `T`.
///
/// `T` is one of `usize`, `f64`, `bool`, `&'static str` (one of a list of words), [`Name`] (a name
/// that the author of the spec chooses), `String` (quoted text), `[usize; 2]` (a single integer sets both), `[f64; 2]`, `Vec<usize>` and `Vec<f64>` (one
/// or more; a single value needs no brackets), [`SizeOrWord`], [`SizesOrWord`] and
/// [`NumbersOrWord`]. Keys are constants, built by method chaining:
///
/// ```
/// use tapeline_spec::{Arg, ArgInfo, SizesOrWord};
///
/// const P: Arg<f64> = Arg::new("p", "probability of dropping a value").default(0.5).range(0.0..=1.0);
/// const BETAS: Arg<[f64; 2]> = Arg::new("betas", "shares kept").default([0.9, 0.999]).from(0.0).below(1.0);
/// const PADDING: Arg<SizesOrWord> = Arg::new("padding", "zeros around the image").choices(&["same", "valid"]).tried(0..=2);
///
/// const ARGS: &[ArgInfo] = &[P.info(), BETAS.info(), PADDING.info()];
/// assert_eq!(ARGS[0].kind(), "number, 0 to 1");
/// assert_eq!(ARGS[1].kind(), "two numbers, at least 0 and below 1");
/// assert!(ARGS[2].required());
/// ```
///
/// A spec passes arguments by position or by name; [`keyword_only`](Arg::keyword_only) arguments
/// must be passed by name.
///
/// An argument is required unless it has a default. Limits apply to every number of the value;
/// calling a limit method again replaces the previous bound. The range set by `tried` is for
/// checks, which sample values from it with [`ArgInfo::draw`].
pub struct Arg<T: ArgType> {
    name: &'static str,
    doc: &'static str,
    low: Bound<T::Limit>,
    high: Bound<T::Limit>,
    choices: &'static [&'static str],
    fallback: Fallback<T::Fixed>,
    tried: Option<[T::Limit; 2]>,
    keyword_only: bool,
    alias: Option<&'static str>,
    inferred: Option<Inferred>,
}

impl<T: ArgType> Clone for Arg<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ArgType> Copy for Arg<T> {}

/// A name that the author of a spec chooses, such as `a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

/// A size, or one of a list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeOrWord {
    /// An integer.
    Size(usize),
    /// One of the words of [`Arg::choices`].
    Word(&'static str),
}

/// Two sizes, or one of a list of words. In a spec, a single integer sets both sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizesOrWord {
    /// Two integers.
    Sizes([usize; 2]),
    /// One of the words of [`Arg::choices`].
    Word(&'static str),
}

/// One or more numbers, or one of a list of words. A single number needs no brackets.
#[derive(Clone, Debug, PartialEq)]
pub enum NumbersOrWord {
    /// Numbers.
    Numbers(Vec<f64>),
    /// One of the words of [`Arg::choices`].
    Word(&'static str),
}

impl<T: ArgType> Arg<T> {
    /// Creates a required argument without limits. `name` must be a valid name of the grammar;
    /// `doc` describes the argument in a few words.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Arg {
            name,
            doc,
            low: Bound::Unbounded,
            high: Bound::Unbounded,
            choices: &[],
            fallback: Fallback::Required,
            tried: None,
            keyword_only: false,
            alias: None,
            inferred: None,
        }
    }

    /// Sets another name under which the argument is accepted.
    pub const fn alias(mut self, name: &'static str) -> Self {
        self.alias = Some(name);
        self
    }

    /// Makes the argument keyword-only: it must be passed by name, as in `stride=2`. In a
    /// definition, positional arguments come before keyword-only ones.
    pub const fn keyword_only(mut self) -> Self {
        self.keyword_only = true;
        self
    }

    /// Improves the help for calls written in the argument order of another library, in which the
    /// value at `position` (counted from 0) is `what`, which is inferred here. The help is shown
    /// when this keyword-only argument is passed by position.
    pub const fn inferred(mut self, position: usize, what: &'static str) -> Self {
        self.inferred = Some(Inferred { position, what });
        self
    }

    /// Makes the argument optional, with a default value. The default of a text argument is a
    /// `&'static str`, that of a list a slice, that of any other type a `T`.
    pub const fn default(mut self, value: T::Fixed) -> Self {
        self.fallback = Fallback::Value(value);
        self
    }

    /// Makes the argument optional, defaulting to the value of another argument of the same call
    /// and type.
    pub const fn default_as(mut self, other: &'static str) -> Self {
        self.fallback = Fallback::As(other);
        self
    }

    /// Returns the description of the argument, for use in a definition.
    pub const fn info(&'static self) -> ArgInfo {
        ArgInfo {
            name: self.name,
            doc: self.doc,
            arg: self,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

impl<T: Worded> Arg<T> {
    /// Sets the words that are accepted.
    pub const fn choices(mut self, words: &'static [&'static str]) -> Self {
        self.choices = words;
        self
    }
}

impl<T: Limited> Arg<T> {
    /// Sets both limits, inclusive.
    pub const fn range(self, range: RangeInclusive<T::Limit>) -> Self {
        self.from(*range.start()).up_to(*range.end())
    }

    /// Sets an inclusive lower limit.
    pub const fn from(mut self, least: T::Limit) -> Self {
        self.low = Bound::Included(least);
        self
    }

    /// Sets an exclusive lower limit.
    pub const fn above(mut self, low: T::Limit) -> Self {
        self.low = Bound::Excluded(low);
        self
    }

    /// Sets an inclusive upper limit.
    pub const fn up_to(mut self, most: T::Limit) -> Self {
        self.high = Bound::Included(most);
        self
    }

    /// Sets an exclusive upper limit.
    pub const fn below(mut self, high: T::Limit) -> Self {
        self.high = Bound::Excluded(high);
        self
    }

    /// Sets the range from which checks sample values.
    pub const fn tried(mut self, range: RangeInclusive<T::Limit>) -> Self {
        self.tried = Some([*range.start(), *range.end()]);
        self
    }
}

impl<T: ArgType> AnyArg for Arg<T> {
    fn facts(&self) -> Facts {
        Facts {
            kind: T::KIND,
            low: self.low.map(T::number),
            high: self.high.map(T::number),
            choices: self.choices,
            fallback: match self.fallback {
                Fallback::Required => Fallback::Required,
                Fallback::As(other) => Fallback::As(other),
                Fallback::Value(value) => Fallback::Value(T::write(value)),
            },
            tried: self.tried.map(|limits| limits.map(T::number)),
            keyword_only: self.keyword_only,
            alias: self.alias,
            inferred: self.inferred,
        }
    }
}

impl<T: ArgType> fmt::Debug for Arg<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arg({})", self.name)
    }
}
