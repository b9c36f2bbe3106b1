//! The number of alternatives.

use crate::tree::{Arg, Expr, Item, Let, OneOf, Param};

/// Counts alternatives, saturating at `u64::MAX`.
pub(super) trait Ways {
    fn ways(&self) -> u64;
}

impl<T: Ways> Ways for Vec<T> {
    fn ways(&self) -> u64 {
        self.iter()
            .fold(1, |product, part| product.saturating_mul(part.ways()))
    }
}

impl<T: Ways> Ways for OneOf<T> {
    fn ways(&self) -> u64 {
        self.options
            .iter()
            .fold(0, |sum, option| sum.saturating_add(option.ways()))
    }
}

impl Ways for Item {
    fn ways(&self) -> u64 {
        match self {
            Item::Call(call) => call.args.ways().saturating_mul(call.bodies.ways()),
            Item::Repeat(repeat) => repeat
                .body
                .ways()
                .saturating_mul(repeat.counts.len() as u64),
            Item::OneOf(one_of) => one_of.ways(),
        }
    }
}

impl Ways for Let {
    fn ways(&self) -> u64 {
        self.params.ways().saturating_mul(self.body.ways())
    }
}

impl Ways for Param {
    fn ways(&self) -> u64 {
        self.default.as_ref().map_or(1, Ways::ways)
    }
}

impl Ways for Arg {
    fn ways(&self) -> u64 {
        self.value.ways()
    }
}

impl Ways for Expr {
    fn ways(&self) -> u64 {
        match self {
            Expr::Value(_) => 1,
            Expr::Tuple(parts) => parts.ways(),
            Expr::OneOf(one_of) => one_of.ways(),
            Expr::Chain(chain) => chain
                .operands()
                .fold(1, |product, part| product.saturating_mul(part.ways())),
        }
    }
}
