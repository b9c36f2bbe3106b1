//! Parsers for numeric options, with range checks.

use std::{
    fmt::Display,
    ops::{Deref, RangeInclusive},
    str::FromStr,
};

use tapeline_experiments::settings::limits::within;
use tapeline_models::parse_shape;

/// Returns a parser for integers in a range.
pub fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| within(text.parse().ok(), &range)
}

/// The shape of an input, without the batch dimension.
#[derive(Clone, Debug)]
pub struct Shape(Vec<usize>);

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

/// Parses a shape such as `1x28x28`.
pub fn shape(text: &str) -> Result<Shape, String> {
    let shape = parse_shape(text).map(Shape);
    shape.ok_or_else(|| "must be one to four sizes, each 1 to 65536, like 1x28x28".into())
}
