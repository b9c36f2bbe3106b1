//! The types that arguments can have.

use crate::{Name, NumbersOrWord, SizeOrWord, SizesOrWord, Value, info::Kind};

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
    Name, &'static str, Name, usize, |value, _| name(value), |name| Value::Word(name.into());
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

fn name(value: &Value) -> Option<Name> {
    match value {
        Value::Word(word) => Some(Name(word.clone())),
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
