//! Type-erased descriptions of arguments.

use std::{
    fmt,
    ops::{Bound, RangeBounds},
};

use crate::{Value, draw::Random};

/// A type-erased argument as listed in a definition, created by [`Arg::info`](crate::Arg::info).
#[derive(Clone, Copy)]
pub struct ArgInfo {
    /// The name.
    pub name: &'static str,
    /// A short description.
    pub doc: &'static str,
    pub(crate) arg: &'static dyn AnyArg,
}

impl ArgInfo {
    pub(crate) fn facts(&self) -> Facts {
        self.arg.facts()
    }

    /// Describes the accepted values: `integer, 1 to 65536`, `true or false`, `two numbers, at
    /// least 0 and below 1`.
    pub fn kind(&self) -> String {
        self.facts().in_words()
    }

    /// Returns the default as written in a spec, or `= kernel_size` if it is the value of that
    /// argument; `None` if the argument is required.
    pub fn default_text(&self) -> Option<String> {
        match self.facts().fallback {
            Fallback::Required => None,
            Fallback::As(other) => Some(format!("= {other}")),
            Fallback::Value(value) => Some(self.written(&value)),
        }
    }

    /// Formats a value as written in a spec: a pair of equal integers and a list with one element
    /// are written as a single value.
    pub(crate) fn written(&self, value: &Value) -> String {
        match (self.facts().kind, value) {
            (Kind::Sizes | Kind::SizesOrWord, Value::Tuple(pair))
                if pair.len() == 2 && pair[0] == pair[1] =>
            {
                pair[0].to_string()
            }
            (Kind::SizeList | Kind::NumberList | Kind::NumbersOrWord, Value::Tuple(list))
                if list.len() == 1 =>
            {
                list[0].to_string()
            }
            _ => value.to_string(),
        }
    }

    /// Returns `true` if values are lists of any length.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.facts().kind, Kind::SizeList | Kind::NumberList)
    }

    /// Returns `true` if the argument must be given.
    pub fn required(&self) -> bool {
        matches!(self.facts().fallback, Fallback::Required)
    }

    /// Returns `true` if the argument is accepted by name only.
    pub fn keyword_only(&self) -> bool {
        self.facts().keyword_only
    }

    /// Returns `true` if [`draw`](ArgInfo::draw) samples values: from the range of
    /// [`Arg::tried`](crate::Arg::tried), from words, or from true and false.
    pub fn drawn(&self) -> bool {
        let facts = self.facts();
        facts.tried.is_some() || matches!(facts.kind, Kind::Bool | Kind::Word)
    }

    /// Returns a value for checks, a function of `n`: sampled from the range of
    /// [`Arg::tried`](crate::Arg::tried), from all choices, or from true and false. For other
    /// arguments it is the default, or the smallest allowed value if there is no default. `None`
    /// means to omit the argument; an argument that defaults to another one is sometimes omitted.
    pub fn draw(&self, n: u64) -> Option<Value> {
        self.facts().draw(&mut Random(n))
    }
}

impl fmt::Debug for ArgInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArgInfo({})", self.name)
    }
}

/// An argument of any type.
pub trait AnyArg: Sync {
    fn facts(&self) -> Facts;
}

/// The properties of an argument, without its type.
pub struct Facts {
    pub kind: Kind,
    pub low: Bound<f64>,
    pub high: Bound<f64>,
    pub choices: &'static [&'static str],
    pub fallback: Fallback<Value>,
    /// Minimum and maximum of the values that checks sample.
    pub tried: Option<[f64; 2]>,
    pub keyword_only: bool,
    /// Another name under which it is accepted.
    pub alias: Option<&'static str>,
    pub inferred: Option<Inferred>,
}

/// A value that another library expects at the position of this argument, and that is inferred
/// here.
#[derive(Clone, Copy, Debug)]
pub struct Inferred {
    pub position: usize,
    pub what: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Size,
    Number,
    Bool,
    Word,
    Name,
    Text,
    Sizes,
    Numbers,
    SizeList,
    NumberList,
    SizeOrWord,
    SizesOrWord,
    NumbersOrWord,
}

impl Kind {
    /// Returns `true` if values are integers, or consist of integers.
    pub fn is_integer(self) -> bool {
        use Kind::{Size, SizeList, SizeOrWord, Sizes, SizesOrWord};
        matches!(self, Size | Sizes | SizeList | SizeOrWord | SizesOrWord)
    }
}

/// The value of an argument that isn't given.
#[derive(Clone, Copy, Debug)]
pub enum Fallback<V> {
    Required,
    Value(V),
    /// The value of another argument.
    As(&'static str),
}

impl Facts {
    pub fn allow(&self, x: f64) -> bool {
        (self.low, self.high).contains(&x)
    }

    fn in_words(&self) -> String {
        let limits = self.limits();
        match self.kind {
            Kind::Size => format!("integer{limits}"),
            Kind::Number => format!("number{limits}"),
            Kind::Bool => "true or false".into(),
            Kind::Word => self.choices.join(" or "),
            Kind::Name => "name".into(),
            Kind::Text => "text in quotes".into(),
            Kind::Sizes => format!("integer or two integers{limits}"),
            Kind::Numbers => format!("two numbers{limits}"),
            Kind::SizeList => format!("integer or list of integers{limits}"),
            Kind::NumberList => format!("number or list of numbers{limits}"),
            Kind::SizeOrWord => format!("integer{limits}, or {}", self.choices.join(" or ")),
            Kind::SizesOrWord => {
                let words = self.choices.join(" or ");
                format!("integer or two integers{limits}, or {words}")
            }
            Kind::NumbersOrWord => {
                let words = self.choices.join(" or ");
                format!("number or list of numbers{limits}, or {words}")
            }
        }
    }

    /// Describes the limits: `, 1 to 5`, `, at least 0 and below 1`, or an empty string.
    fn limits(&self) -> String {
        let low = match self.low {
            Bound::Unbounded
                if !matches!(
                    self.kind,
                    Kind::Number | Kind::Numbers | Kind::NumberList | Kind::NumbersOrWord
                ) =>
            {
                Bound::Included(0.0)
            }
            low => low,
        };
        if let (Bound::Included(low), Bound::Included(high)) = (low, self.high) {
            return format!(", {low} to {high}");
        }
        let low = match low {
            Bound::Included(x) => Some(format!("at least {x}")),
            Bound::Excluded(x) => Some(format!("above {x}")),
            Bound::Unbounded => None,
        };
        let high = match self.high {
            Bound::Included(x) => Some(format!("at most {x}")),
            Bound::Excluded(x) => Some(format!("below {x}")),
            Bound::Unbounded => None,
        };
        match (low, high) {
            (Some(low), Some(high)) => format!(", {low} and {high}"),
            (Some(bound), None) | (None, Some(bound)) => format!(", {bound}"),
            (None, None) => String::new(),
        }
    }
}
