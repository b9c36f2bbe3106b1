//! Validation and conversion of argument values.

use crate::{
    ArgInfo, Diagnostic, Span, Value,
    diagnostic::clip,
    info::{Facts, Kind},
    lex::is_name,
    nearest::nearest,
};

/// Converts a value to the form in which the argument stores it: an integer becomes a number where
/// a number is expected, and one integer becomes a pair where two are expected.
///
/// `owner` is the name of the definition, used in messages.
pub(crate) fn accept(
    info: &ArgInfo,
    value: &Value,
    span: Span,
    owner: Option<&str>,
) -> Result<Value, Diagnostic> {
    let facts = info.facts();
    convert(&facts, value).ok_or_else(|| {
        let kind = info.kind();
        let article = match kind.split([' ', ',']).next() {
            Some("integer") => "an ",
            Some("number" | "name" | "text") => "a ",
            _ => "",
        };
        let argument = argument(info.name, owner);
        let message = format!(
            "{argument} is {}; it must be {article}{kind}",
            clip(&value.to_string())
        );
        Diagnostic::error(span, message).maybe_help(help(&facts, value))
    })
}

/// Formats an argument for a message: `` `p` of `dropout` ``, or `` `p` `` if the owner is unknown.
pub(crate) fn argument(name: &str, owner: Option<&str>) -> String {
    match owner {
        Some(owner) => format!("`{name}` of `{owner}`"),
        None => format!("`{name}`"),
    }
}

fn convert(facts: &Facts, value: &Value) -> Option<Value> {
    let size = |value: &Value| size(facts, value);
    let number = |value: &Value| number(facts, value);
    match facts.kind {
        Kind::Size => size(value),
        Kind::Number => number(value),
        Kind::Bool => matches!(value, Value::Bool(_)).then(|| value.clone()),
        Kind::Word => word(facts, value),
        Kind::Name => matches!(value, Value::Word(name) if is_name(name)).then(|| value.clone()),
        Kind::Text => matches!(value, Value::Text(_)).then(|| value.clone()),
        Kind::Sizes => pair(value, size).or_else(|| Some(Value::Tuple(vec![size(value)?; 2]))),
        Kind::Numbers => pair(value, number),
        Kind::SizeList => list(value, size),
        Kind::NumberList => list(value, number),
        Kind::SizeOrWord => word(facts, value).or_else(|| size(value)),
        Kind::SizesOrWord => word(facts, value)
            .or_else(|| pair(value, size))
            .or_else(|| Some(Value::Tuple(vec![size(value)?; 2]))),
        Kind::NumbersOrWord => word(facts, value).or_else(|| list(value, number)),
    }
}

fn size(facts: &Facts, value: &Value) -> Option<Value> {
    match value {
        Value::Int(n) if *n >= 0 && facts.allow(*n as f64) => Some(value.clone()),
        _ => None,
    }
}

fn number(facts: &Facts, value: &Value) -> Option<Value> {
    let x = match value {
        Value::Int(n) => *n as f64,
        Value::Float(x) => *x,
        _ => return None,
    };
    (x.is_finite() && facts.allow(x)).then_some(Value::Float(x))
}

fn word(facts: &Facts, value: &Value) -> Option<Value> {
    match value {
        Value::Word(word) if facts.choices.contains(&word.as_str()) => Some(value.clone()),
        _ => None,
    }
}

fn pair(value: &Value, part: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    match value {
        Value::Tuple(values) if values.len() == 2 => {
            let parts: Option<_> = values.iter().map(part).collect();
            parts.map(Value::Tuple)
        }
        _ => None,
    }
}

/// Accepts one or more values; a single value needs no brackets.
fn list(value: &Value, part: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    let parts: Option<_> = match value {
        Value::Tuple(values) => values.iter().map(part).collect(),
        one => part(one).map(|one| vec![one]),
    };
    parts
        .filter(|parts: &Vec<_>| !parts.is_empty())
        .map(Value::Tuple)
}

/// Suggests what was probably meant: another spelling of the same value that would be accepted.
fn help(facts: &Facts, value: &Value) -> Option<String> {
    let meant = match value {
        Value::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => Value::Int(*x as i64),
        Value::Tuple(values) if values.len() == 1 => values[0].clone(),
        Value::Int(n @ (0 | 1)) => Value::Bool(*n == 1),
        Value::Word(word) if facts.kind == Kind::Text => Value::Text(word.clone()),
        Value::Word(word) if facts.kind == Kind::Bool => {
            Value::Bool(nearest(word, ["false", "true"])? == "true")
        }
        Value::Word(word) => {
            let word = nearest(word, facts.choices.iter().copied())?;
            return Some(format!("did you mean `{word}`?"));
        }
        Value::Text(word) => Value::Word(word.clone()),
        other => other.clone(),
    };
    match value {
        _ if convert(facts, &meant).is_some() => Some(format!("write `{meant}`")),
        Value::Float(_) if facts.kind.is_integer() => {
            Some("an integer has no decimal point and no exponent".into())
        }
        _ => None,
    }
}
