//! Typed keys of arguments.

use std::{fmt, ops::RangeInclusive};

use crate::{
    ArgInfo, Value,
    info::{AnyArg, Bound, Default, Facts, Kind},
};

/// The key of an argument: its name, what it means, its type, what is allowed, and what checks try. A constant, used to declare the
/// argument and to read its value.
///
/// ```
/// use tapeline_spec::{Arg, Args, Value};
///
/// const SIZE: Arg<usize> = Arg::new("size", "how large").range(1..=100);
/// const SPEED: Arg<f64> = Arg::new("speed", "how fast").default(0.5).above(0.0);
///
/// let args = Args::of(&[SIZE.info(), SPEED.info()], &[("size", Value::Int(3))])?;
/// assert_eq!((args.get(SIZE), args.get(SPEED)), (3, 0.5));
///
/// let error = Args::of(&[SIZE.info()], &[("size", Value::Int(0))]).unwrap_err();
/// assert_eq!(error.message, "`size` is 0; it must be an integer, 1 to 100");
/// # Ok::<(), tapeline_spec::Diagnostic>(())
/// ```
///
/// `T` is `usize`, `f64` or `bool`, `&'static str` (one of some words), `[usize; 2]` (written as a tuple, or as one number for both),
/// `[f64; 2]` (written as a tuple), or [`SizeOrWord`].
#[derive(Clone, Copy)]
pub struct Arg<T: ArgType> {
    name: &'static str,
    doc: &'static str,
    low: Bound<T::Limit>,
    high: Bound<T::Limit>,
    choices: &'static [&'static str],
    default: Option<T>,
    default_as: Option<&'static str>,
    tried: Option<[T::Limit; 2]>,
}

/// A size, or a word that stands for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeOrWord {
    /// A size.
    Size(usize),
    /// One of the words that the argument takes.
    Word(&'static str),
}

impl<T: ArgType> Arg<T> {
    /// A key; the argument is required until it is given a default.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Arg {
            name,
            doc,
            low: Bound::None,
            high: Bound::None,
            choices: &[],
            default: None,
            default_as: None,
            tried: None,
        }
    }

    /// Has this value when it isn't given.
    pub const fn default(mut self, value: T) -> Self {
        self.default = Some(value);
        self
    }

    /// Takes the value of another argument of the same call when it isn't given.
    pub const fn default_as(mut self, other: &'static str) -> Self {
        self.default_as = Some(other);
        self
    }

    /// What is known of it, for a definition: `const ARGS: &[ArgInfo] = &[SIZE.info()]`.
    pub const fn info(&'static self) -> ArgInfo {
        ArgInfo {
            name: self.name,
            doc: self.doc,
            arg: self,
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T: Worded> Arg<T> {
    /// The words that are allowed.
    pub const fn choices(mut self, words: &'static [&'static str]) -> Self {
        self.choices = words;
        self
    }
}

impl<T: Limited> Arg<T> {
    /// The values that are allowed, both ends included.
    pub const fn range(self, range: RangeInclusive<T::Limit>) -> Self {
        self.from(*range.start()).up_to(*range.end())
    }

    /// Nothing below this is allowed.
    pub const fn from(mut self, low: T::Limit) -> Self {
        self.low = Bound::Closed(low);
        self
    }

    /// Only what is above this is allowed.
    pub const fn above(mut self, low: T::Limit) -> Self {
        self.low = Bound::Open(low);
        self
    }

    /// Nothing above this is allowed.
    pub const fn up_to(mut self, high: T::Limit) -> Self {
        self.high = Bound::Closed(high);
        self
    }

    /// Only what is below this is allowed.
    pub const fn below(mut self, high: T::Limit) -> Self {
        self.high = Bound::Open(high);
        self
    }

    /// The values that checks draw from.
    pub const fn tried(mut self, range: RangeInclusive<T::Limit>) -> Self {
        self.tried = Some([*range.start(), *range.end()]);
        self
    }
}

impl<T: ArgType> AnyArg for Arg<T> {
    fn facts(&self) -> Facts {
        let default = self.default.map(|value| Default::Value(value.write()));
        Facts {
            kind: T::KIND,
            low: self.low.map(T::number),
            high: self.high.map(T::number),
            choices: self.choices,
            default: default.or(self.default_as.map(Default::Other)),
            tried: self.tried.map(|limits| limits.map(T::number)),
        }
    }
}

impl<T: ArgType> fmt::Debug for Arg<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arg({})", self.name)
    }
}

/// A type that arguments have. Sealed, since its module is private.
pub trait ArgType: Copy + Send + Sync + 'static {
    /// The type of its limits.
    type Limit: Copy + Send + Sync + 'static;
    const KIND: Kind;

    /// A limit as a number.
    fn number(limit: Self::Limit) -> f64;

    /// The value, which has been admitted.
    fn read(value: &Value, choices: &[&'static str]) -> Option<Self>;

    /// The value as a text has it.
    fn write(self) -> Value;
}

/// A type whose values have limits.
pub trait Limited: ArgType {}

/// A type whose values are words, or may be.
pub trait Worded: ArgType {}

impl Limited for usize {}
impl Limited for f64 {}
impl Limited for [usize; 2] {}
impl Limited for [f64; 2] {}
impl Limited for SizeOrWord {}
impl Worded for &'static str {}
impl Worded for SizeOrWord {}

macro_rules! arg_types {
    ($($type:ty, $kind:ident, $limit:ty, |$value:ident, $choices:ident| $read:expr, |$this:ident| $write:expr;)*) => {$(
        impl ArgType for $type {
            type Limit = $limit;
            const KIND: Kind = Kind::$kind;

            fn number(limit: $limit) -> f64 {
                limit as f64
            }

            fn read($value: &Value, $choices: &[&'static str]) -> Option<Self> {
                $read
            }

            fn write(self) -> Value {
                let $this = self;
                $write
            }
        }
    )*};
}

arg_types! {
    usize, Size, usize, |value, _choices| size(value), |size| Value::Int(size as i64);
    f64, Number, f64, |value, _choices| number(value), |number| Value::Float(number);
    bool, Bool, usize, |value, _choices| match value {
        Value::Bool(value) => Some(*value),
        _ => None,
    }, |value| Value::Bool(value);
    &'static str, Word, usize, |value, choices| word(value, choices), |word| Value::Word(word.into());
    [usize; 2], TwoSizes, usize, |value, _choices| two(value, size), |sizes| match sizes {
        [a, b] if a == b => a.write(),
        sizes => Value::Tuple(sizes.map(usize::write).into()),
    };
    [f64; 2], TwoNumbers, f64, |value, _choices| two(value, number).filter(|_| matches!(value, Value::Tuple(_))),
        |numbers| Value::Tuple(numbers.map(f64::write).into());
    SizeOrWord, SizeOrWord, usize, |value, choices| match size(value) {
        Some(size) => Some(SizeOrWord::Size(size)),
        None => word(value, choices).map(SizeOrWord::Word),
    }, |this| match this {
        SizeOrWord::Size(size) => size.write(),
        SizeOrWord::Word(word) => word.write(),
    };
}

fn size(value: &Value) -> Option<usize> {
    match value {
        Value::Int(n) => usize::try_from(*n).ok(),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match *value {
        Value::Int(n) => Some(n as f64),
        Value::Float(x) if x.is_finite() => Some(x),
        _ => None,
    }
}

/// One for both, or a tuple of two.
fn two<T: Copy>(value: &Value, one: fn(&Value) -> Option<T>) -> Option<[T; 2]> {
    match value {
        Value::Tuple(values) => match &values[..] {
            [a, b] => Some([one(a)?, one(b)?]),
            _ => None,
        },
        value => one(value).map(|value| [value; 2]),
    }
}

fn word(value: &Value, choices: &[&'static str]) -> Option<&'static str> {
    match value {
        Value::Word(word) => choices.iter().copied().find(|choice| choice == word),
        _ => None,
    }
}
