//! Typed keys for arguments.

use std::{
    fmt,
    ops::{Bound, RangeInclusive},
};

use crate::{
    ArgInfo, Value,
    info::{AnyArg, Facts, Fallback, Inferred, Kind},
};

/// A typed key: a definition uses it to declare an argument and, later, to read the argument's
/// value of type `T`.
///
/// `T` is one of `usize`, `f64`, `bool`, `&'static str` (one of a list of words), `String` (quoted
/// text), `[usize; 2]` (a single integer sets both), `[f64; 2]`, `Vec<usize>` and `Vec<f64>` (one
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

/// A type that arguments can have. Sealed, since its module is private.
pub trait ArgType: Sized + 'static {
    /// The type of its limits.
    type Limit: Copy + Send + Sync + 'static;
    /// The type of its default, which must be usable in a constant.
    type Fixed: Copy + Send + Sync + 'static;
    const KIND: Kind;

    /// Converts a limit to a number; exact up to 2⁵³.
    fn number(limit: Self::Limit) -> f64;

    /// Converts a stored value to this type.
    fn read(value: &Value, choices: &[&'static str]) -> Option<Self>;

    /// Converts a default to the form in which values are stored.
    fn write(value: Self::Fixed) -> Value;
}

/// A type whose values can have limits.
pub trait Limited: ArgType {}

/// A type whose values are, or can be, words.
pub trait Worded: ArgType {}

impl Limited for usize {}
impl Limited for f64 {}
impl Limited for [usize; 2] {}
impl Limited for [f64; 2] {}
impl Limited for Vec<usize> {}
impl Limited for Vec<f64> {}
impl Limited for SizeOrWord {}
impl Limited for SizesOrWord {}
impl Limited for NumbersOrWord {}
impl Worded for &'static str {}
impl Worded for SizeOrWord {}
impl Worded for SizesOrWord {}
impl Worded for NumbersOrWord {}

macro_rules! arg_types {
    ($($type:ty, $fixed:ty, $kind:ident, $limit:ty, $read:expr, $write:expr;)*) => {$(
        impl ArgType for $type {
            type Limit = $limit;
            type Fixed = $fixed;
            const KIND: Kind = Kind::$kind;

            fn number(limit: $limit) -> f64 {
                limit as f64
            }

            fn read(value: &Value, choices: &[&'static str]) -> Option<Self> {
                let read: fn(&Value, &[&'static str]) -> Option<Self> = $read;
                read(value, choices)
            }

            fn write(value: $fixed) -> Value {
                let write: fn($fixed) -> Value = $write;
                write(value)
            }
        }
    )*};
}

arg_types! {
    usize, usize, Size, usize, |value, _| size(value), of_size;
    f64, f64, Number, f64, |value, _| number(value), Value::Float;
    bool, bool, Bool, usize, |value, _| bool(value), Value::Bool;
    &'static str, &'static str, Word, usize, word, |word| Value::Word(word.into());
    String, &'static str, Text, usize, |value, _| text(value), |text| Value::Text(text.into());
    [usize; 2], [usize; 2], Sizes, usize, |value, _| pair(value, size), |pair| Value::Tuple(pair.map(of_size).into());
    [f64; 2], [f64; 2], Numbers, f64, |value, _| pair(value, number), |pair| Value::Tuple(pair.map(Value::Float).into());
    Vec<usize>, &'static [usize], SizeList, usize, |value, _| list(value, size), |list| of_list(list, of_size);
    Vec<f64>, &'static [f64], NumberList, f64, |value, _| list(value, number), |list| of_list(list, Value::Float);
    SizeOrWord, SizeOrWord, SizeOrWord, usize, size_or_word, |value| match value {
        SizeOrWord::Size(size) => of_size(size),
        SizeOrWord::Word(word) => Value::Word(word.into()),
    };
    SizesOrWord, SizesOrWord, SizesOrWord, usize, sizes_or_word, |value| match value {
        SizesOrWord::Sizes(sizes) => Value::Tuple(sizes.map(of_size).into()),
        SizesOrWord::Word(word) => Value::Word(word.into()),
    };
    NumbersOrWord, &'static [f64], NumbersOrWord, f64, numbers_or_word, |list| of_list(list, Value::Float);
}

/// Converts a size to an integer of the language, saturating at `i64::MAX`.
fn of_size(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn size(value: &Value) -> Option<usize> {
    match value {
        Value::Int(n) => usize::try_from(*n).ok(),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) => Some(*x),
        _ => None,
    }
}

fn bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn word(value: &Value, choices: &[&'static str]) -> Option<&'static str> {
    match value {
        Value::Word(word) => choices.iter().copied().find(|choice| choice == word),
        _ => None,
    }
}

fn size_or_word(value: &Value, choices: &[&'static str]) -> Option<SizeOrWord> {
    let word = word(value, choices).map(SizeOrWord::Word);
    word.or_else(|| size(value).map(SizeOrWord::Size))
}

fn sizes_or_word(value: &Value, choices: &[&'static str]) -> Option<SizesOrWord> {
    let word = word(value, choices).map(SizesOrWord::Word);
    word.or_else(|| pair(value, size).map(SizesOrWord::Sizes))
}

fn numbers_or_word(value: &Value, choices: &[&'static str]) -> Option<NumbersOrWord> {
    let word = word(value, choices).map(NumbersOrWord::Word);
    word.or_else(|| list(value, number).map(NumbersOrWord::Numbers))
}

fn pair<T>(value: &Value, part: fn(&Value) -> Option<T>) -> Option<[T; 2]> {
    match value {
        Value::Tuple(values) => match &values[..] {
            [a, b] => Some([part(a)?, part(b)?]),
            _ => None,
        },
        _ => None,
    }
}

fn list<T>(value: &Value, part: fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        Value::Tuple(values) => values.iter().map(part).collect(),
        _ => None,
    }
}

fn of_list<T: Copy>(values: &[T], part: fn(T) -> Value) -> Value {
    Value::Tuple(values.iter().map(|&value| part(value)).collect())
}
