//! Sampling of argument values for checks.

use std::ops::Bound;

use crate::{
    Value,
    info::{Facts, Fallback, Kind},
};

impl Facts {
    pub(crate) fn draw(&self, random: &mut Random) -> Option<Value> {
        if matches!(self.fallback, Fallback::As(_)) && random.below(3) == 0 {
            return None;
        }
        let drawn = match (self.kind, self.tried) {
            (Kind::Bool, _) => Some(Value::Bool(random.below(2) == 1)),
            (Kind::Word, _) => Some(random.word(self.choices)),
            (Kind::SizeOrWord | Kind::SizesOrWord | Kind::NumbersOrWord, Some(_))
                if random.below(2) == 0 =>
            {
                Some(random.word(self.choices))
            }
            (Kind::Size | Kind::SizeOrWord, Some(tried)) => Some(random.size(tried)),
            (Kind::Number, Some(tried)) => Some(random.number(tried)),
            (Kind::Sizes | Kind::SizesOrWord, Some(tried)) => {
                Some(Value::Tuple(vec![random.size(tried), random.size(tried)]))
            }
            (Kind::Numbers, Some(tried)) => Some(Value::Tuple(vec![
                random.number(tried),
                random.number(tried),
            ])),
            (Kind::SizeList, Some(tried)) => Some(random.list(|random| random.size(tried))),
            (Kind::NumberList | Kind::NumbersOrWord, Some(tried)) => {
                Some(random.list(|random| random.number(tried)))
            }
            (Kind::Name | Kind::Text, _) | (_, None) => None,
        };
        match &self.fallback {
            Fallback::Required => drawn.or_else(|| Some(self.least())),
            Fallback::Value(value) => drawn.or_else(|| Some(value.clone())),
            Fallback::As(_) => drawn,
        }
    }

    /// Returns the smallest integer allowed.
    pub(crate) fn least_integer(&self) -> i64 {
        let least = match self.low {
            Bound::Excluded(x) => x + 1.0,
            Bound::Included(x) => x,
            Bound::Unbounded => 0.0,
        };
        least as i64
    }

    /// Returns the smallest value allowed, or any allowed value if there is no smallest one.
    pub(crate) fn least(&self) -> Value {
        let number = match (self.low, self.high) {
            (Bound::Included(x), _) => x,
            (Bound::Excluded(x), Bound::Unbounded) => x + 1.0,
            (Bound::Excluded(x), Bound::Included(y) | Bound::Excluded(y)) => x + (y - x) / 2.0,
            (Bound::Unbounded, Bound::Unbounded) => 0.0,
            (Bound::Unbounded, Bound::Included(y) | Bound::Excluded(y)) => (y - 1.0).min(0.0),
        };
        let (size, number) = (Value::Int(self.least_integer()), Value::Float(number));
        match self.kind {
            Kind::Size | Kind::SizeOrWord => size,
            Kind::Sizes | Kind::SizesOrWord => Value::Tuple(vec![size; 2]),
            Kind::SizeList => Value::Tuple(vec![size]),
            Kind::NumberList | Kind::NumbersOrWord => Value::Tuple(vec![number]),
            Kind::Number => number,
            Kind::Numbers => Value::Tuple(vec![number; 2]),
            Kind::Bool => Value::Bool(false),
            Kind::Word => Random(0).word(self.choices),
            Kind::Name => Value::Word("a".into()),
            Kind::Text => Value::Text(String::new()),
        }
    }
}

/// A SplitMix64 random number generator.
pub(crate) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `n`, which must not be 0.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn size(&mut self, [low, high]: [f64; 2]) -> Value {
        let (low, high) = (low as u64, high as u64);
        let count = high.saturating_sub(low).saturating_add(1);
        Value::Int((low + self.below(count)) as i64)
    }

    /// Samples a number from a range. The ends are likely, since that is where errors tend to
    /// occur.
    fn number(&mut self, [low, high]: [f64; 2]) -> Value {
        Value::Float(match self.below(6) {
            0 => low,
            1 => high,
            _ => {
                let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
                low * (1.0 - share) + high * share
            }
        })
    }

    /// Samples a list of one to three values.
    fn list(&mut self, one: impl Fn(&mut Self) -> Value) -> Value {
        let count = 1 + self.below(3);
        Value::Tuple((0..count).map(|_| one(self)).collect())
    }

    /// Samples one of the words; a registered definition has at least one.
    fn word(&mut self, words: &[&str]) -> Value {
        let place = self.below(words.len().max(1) as u64) as usize;
        Value::Word(words.get(place).copied().unwrap_or_default().into())
    }
}
