//! What is known of an argument, whatever its type.

use std::fmt;

use crate::{SizeOrWord, Value, arg::ArgType};

/// What is known of an argument, whatever its type: part of a definition, made by [`Arg::info`](crate::Arg::info).
#[derive(Clone, Copy)]
pub struct ArgInfo {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a few words.
    pub doc: &'static str,
    pub(crate) arg: &'static dyn AnyArg,
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
    pub default: Option<Default>,
    pub tried: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Size,
    Number,
    Bool,
    Word,
    TwoSizes,
    TwoNumbers,
    SizeOrWord,
}

#[derive(Clone, Copy, Debug)]
pub enum Bound<L> {
    None,
    Closed(L),
    Open(L),
}

/// What stands for an argument that isn't given.
#[derive(Clone, Debug)]
pub enum Default {
    Value(Value),
    /// The value of another argument.
    Other(&'static str),
}

impl<L> Bound<L> {
    pub fn map<M>(self, f: impl FnOnce(L) -> M) -> Bound<M> {
        match self {
            Bound::None => Bound::None,
            Bound::Closed(limit) => Bound::Closed(f(limit)),
            Bound::Open(limit) => Bound::Open(f(limit)),
        }
    }
}

impl fmt::Debug for ArgInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArgInfo({})", self.name)
    }
}

impl ArgInfo {
    pub(crate) fn facts(&self) -> Facts {
        self.arg.facts()
    }

    /// What is allowed, in words: `integer, 1 to 100`.
    pub fn kind(&self) -> String {
        self.facts().in_words()
    }

    /// Its default as it is written in a text, or the name of the argument whose value it takes; `None` when it is required.
    pub fn default_text(&self) -> Option<String> {
        Some(match self.facts().default? {
            Default::Other(name) => name.into(),
            Default::Value(value) => value.to_string(),
        })
    }

    /// Whether it must be given.
    pub fn required(&self) -> bool {
        self.facts().default.is_none()
    }

    /// The value when it isn't given; `None` when it is required or takes another argument's.
    pub(crate) fn default_value(&self) -> Option<Value> {
        match self.facts().default? {
            Default::Value(value) => Some(value),
            Default::Other(_) => None,
        }
    }

    /// The value in the form in which it is kept: a number for a number, one for two equal sizes.
    ///
    /// # Errors
    /// What is wrong with it, behind the argument's name: `is 0; it must be an integer, 1 to 100`.
    pub(crate) fn admit(&self, value: &Value) -> Result<Value, String> {
        let facts = self.facts();
        facts.admit(value).ok_or_else(|| {
            let article = match facts.kind {
                Kind::Size | Kind::TwoSizes | Kind::SizeOrWord => "an ",
                Kind::Number | Kind::TwoNumbers => "a ",
                Kind::Bool | Kind::Word => "",
            };
            format!("is {value}; it must be {article}{}", facts.in_words())
        })
    }

    /// A value for a check, a function of `n`: from what is tried; without that, the default, or the least that is allowed. `None` leaves
    /// the argument out.
    pub fn draw(&self, n: u64) -> Option<Value> {
        self.facts().draw(n)
    }
}

impl Facts {
    fn in_words(&self) -> String {
        let limits = self.limits();
        match self.kind {
            Kind::Size => format!("integer{limits}"),
            Kind::Number => format!("number{limits}"),
            Kind::Bool => "true or false".into(),
            Kind::Word => self.choices.join(" or "),
            Kind::TwoSizes => format!("integer or tuple of two{limits}"),
            Kind::TwoNumbers => format!("tuple of two numbers{limits}"),
            Kind::SizeOrWord => format!("integer{limits}, or {}", self.choices.join(" or ")),
        }
    }

    fn limits(&self) -> String {
        let low = match self.low {
            Bound::None => None,
            Bound::Closed(low) => Some(format!("at least {low}")),
            Bound::Open(low) => Some(format!("above {low}")),
        };
        let high = match self.high {
            Bound::None => None,
            Bound::Closed(high) => Some(format!("at most {high}")),
            Bound::Open(high) => Some(format!("below {high}")),
        };
        match (self.low, self.high, low, high) {
            (Bound::Closed(low), Bound::Closed(high), ..) => format!(", {low} to {high}"),
            (.., Some(low), Some(high)) => format!(", {low} and {high}"),
            (.., Some(one), None) | (.., None, Some(one)) => format!(", {one}"),
            (.., None, None) => String::new(),
        }
    }

    fn admit(&self, value: &Value) -> Option<Value> {
        let size = |&n: &usize| self.allows(n as f64);
        match self.kind {
            Kind::Size => self.read::<usize>(value).filter(size).map(ArgType::write),
            Kind::Number => self
                .read::<f64>(value)
                .filter(|&x| self.allows(x))
                .map(ArgType::write),
            Kind::Bool => self.read::<bool>(value).map(ArgType::write),
            Kind::Word => self.read::<&'static str>(value).map(ArgType::write),
            Kind::TwoSizes => self
                .read::<[usize; 2]>(value)
                .filter(|two| two.iter().all(size))
                .map(ArgType::write),
            Kind::TwoNumbers => self
                .read::<[f64; 2]>(value)
                .filter(|two| two.iter().all(|&x| self.allows(x)))
                .map(ArgType::write),
            Kind::SizeOrWord => {
                let allowed = |value: &SizeOrWord| match value {
                    SizeOrWord::Size(n) => size(n),
                    SizeOrWord::Word(_) => true,
                };
                self.read::<SizeOrWord>(value)
                    .filter(allowed)
                    .map(ArgType::write)
            }
        }
    }

    fn read<T: ArgType>(&self, value: &Value) -> Option<T> {
        T::read(value, self.choices)
    }

    fn allows(&self, x: f64) -> bool {
        let above = match self.low {
            Bound::None => true,
            Bound::Closed(low) => x >= low,
            Bound::Open(low) => x > low,
        };
        let below = match self.high {
            Bound::None => true,
            Bound::Closed(high) => x <= high,
            Bound::Open(high) => x < high,
        };
        above && below
    }

    fn draw(&self, n: u64) -> Option<Value> {
        let random = scramble(n);
        if matches!(self.default, Some(Default::Other(_))) && random & 1 == 0 {
            return None;
        }
        let number = |random: u64| {
            let [low, high] = self.tried?;
            let share = (random >> 11) as f64 / (1u64 << 53) as f64;
            Some(low + share * (high - low))
        };
        let size = |random: u64| {
            let [low, high] = self.tried?.map(|limit| limit as u64);
            Some((low + random % (high - low + 1)) as usize)
        };
        let word = |random: u64| {
            let count = self.choices.len().max(1) as u64;
            self.choices
                .get((random % count) as usize)
                .map(|word| word.write())
        };
        let other = scramble(random);
        let drawn = match self.kind {
            Kind::Size => size(random).map(ArgType::write),
            Kind::Number => number(random).map(ArgType::write),
            Kind::Bool => Some(Value::Bool(random & 2 == 0)),
            Kind::Word => word(random),
            Kind::TwoSizes => size(random).zip(size(other)).map(|(a, b)| [a, b].write()),
            Kind::TwoNumbers => number(random)
                .zip(number(other))
                .map(|(a, b)| [a, b].write()),
            Kind::SizeOrWord if random.is_multiple_of(3) => word(other),
            Kind::SizeOrWord => size(other).map(ArgType::write),
        };
        let default = || match &self.default {
            Some(Default::Value(value)) => Some(value.clone()),
            _ => None,
        };
        drawn.or_else(default).or_else(|| self.least())
    }

    fn least(&self) -> Option<Value> {
        let low = match self.low {
            Bound::None => 0.0,
            Bound::Closed(low) => low,
            Bound::Open(low) => low + 1.0,
        };
        match self.kind {
            Kind::Size | Kind::TwoSizes | Kind::SizeOrWord => Some(Value::Int(low as i64)),
            Kind::Number => Some(Value::Float(low)),
            Kind::TwoNumbers => Some([low, low].write()),
            Kind::Bool | Kind::Word => None,
        }
    }
}

/// Turns neighbouring numbers into unrelated ones (splitmix64).
fn scramble(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
