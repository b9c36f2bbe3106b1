//! What is known of an argument, whatever its type.

use std::{
    fmt,
    ops::{Bound, RangeBounds},
};

use crate::{Value, draw::Random};

/// An argument as definitions list it, whatever its type; made by [`Arg::info`](crate::Arg::info).
#[derive(Clone, Copy)]
pub struct ArgInfo {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub doc: &'static str,
    pub(crate) arg: &'static dyn AnyArg,
}

impl ArgInfo {
    pub(crate) fn facts(&self) -> Facts {
        self.arg.facts()
    }

    /// What it may be, in words: `integer, 1 to 65536`, `true or false`, `two numbers, at least 0 and below 1`.
    pub fn kind(&self) -> String {
        self.facts().in_words()
    }

    /// Its default as a spec writes it; `= kernel_size` when it takes the value of that argument. `None` when it is required.
    pub fn default_text(&self) -> Option<String> {
        match self.facts().fallback {
            Fallback::Required => None,
            Fallback::As(other) => Some(format!("= {other}")),
            Fallback::Value(value) => Some(self.written(&value)),
        }
    }

    /// A value of it as a spec writes it: one integer for a pair of the same, and for a list of one.
    pub(crate) fn written(&self, value: &Value) -> String {
        match (self.facts().kind, value) {
            (Kind::Sizes | Kind::SizesOrWord, Value::Tuple(pair))
                if pair.len() == 2 && pair[0] == pair[1] =>
            {
                pair[0].to_string()
            }
            (Kind::SizeList | Kind::NumberList, Value::Tuple(list)) if list.len() == 1 => {
                list[0].to_string()
            }
            _ => value.to_string(),
        }
    }

    /// Whether it must be given.
    pub fn required(&self) -> bool {
        matches!(self.facts().fallback, Fallback::Required)
    }

    /// Whether it is accepted by name only.
    pub fn keyword_only(&self) -> bool {
        self.facts().keyword_only
    }

    /// Whether [`draw`](ArgInfo::draw) has values to choose from: what [`Arg::tried`](crate::Arg::tried) says, words, or true and false.
    pub fn drawn(&self) -> bool {
        let facts = self.facts();
        facts.tried.is_some() || matches!(facts.kind, Kind::Bool | Kind::Word)
    }

    /// A value for checks to try, a function of `n`: from what [`Arg::tried`](crate::Arg::tried) says, from all choices, from true and
    /// false. Of other arguments it is the default, or the smallest allowed where there is none. `None` means to leave it out; one
    /// that takes another's value is sometimes left out.
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

/// An argument without its type.
pub struct Facts {
    pub kind: Kind,
    pub low: Bound<f64>,
    pub high: Bound<f64>,
    pub choices: &'static [&'static str],
    pub fallback: Fallback<Value>,
    /// Smallest and greatest of the values that checks draw.
    pub tried: Option<[f64; 2]>,
    pub keyword_only: bool,
    pub inferred: Option<Inferred>,
}

/// What another library has at a position where this argument would be, and which is inferred here.
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
    Text,
    Sizes,
    Numbers,
    SizeList,
    NumberList,
    SizeOrWord,
    SizesOrWord,
}

/// What an argument is when it isn't given.
#[derive(Clone, Copy, Debug)]
pub enum Fallback<V> {
    Required,
    Value(V),
    /// What another argument is.
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
        }
    }

    /// `, 1 to 5`, `, at least 0 and below 1`, or nothing.
    fn limits(&self) -> String {
        let low = match self.low {
            Bound::Unbounded
                if !matches!(self.kind, Kind::Number | Kind::Numbers | Kind::NumberList) =>
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
