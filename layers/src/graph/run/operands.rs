//! What an operator is applied to: the inputs and attributes of a node.

use ndarray::ArcArray;
use tapeline_tensor::Tensor;

use super::operators::{AttributeKind, Operator};
use crate::graph::{Attribute, Node};

/// A value between nodes.
#[derive(Clone)]
pub enum Value {
    Numbers(Tensor<f64>),
    /// The result of a comparison.
    Flags(ArcArray<bool, ndarray::IxDyn>),
    Sizes(Vec<usize>),
    Absent,
}

impl Value {
    /// Returns what it consists of, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Numbers(_) => "numbers",
            Value::Flags(_) => "flags",
            Value::Sizes(_) => "sizes",
            Value::Absent => "absent",
        }
    }
}

impl<S: Into<Tensor<f64>>> From<S> for Value {
    fn from(numbers: S) -> Self {
        Value::Numbers(numbers.into())
    }
}

/// The output of a node, or the problem.
pub type Output = Result<Value, String>;

/// The inputs and attributes of a node. Their numbers, names and types are those of its operator.
pub struct Operands<'a> {
    operator: &'static Operator,
    node: &'a Node,
    inputs: Vec<Value>,
}

impl<'a> Operands<'a> {
    /// Checks the number of inputs, and the names and types of attributes.
    pub fn new(
        operator: &'static Operator,
        node: &'a Node,
        inputs: Vec<Value>,
    ) -> Result<Self, String> {
        let ([least, most], found) = (operator.inputs, inputs.len());
        if !(least..=most).contains(&found) {
            let expected = match most {
                usize::MAX => format!("{least} or more"),
                _ if least == most => format!("{least}"),
                _ => format!("{least} to {most}"),
            };
            return Err(format!("expected {expected} inputs, got {found}"));
        }
        for (i, (name, value)) in node.attributes.iter().enumerate() {
            let Some((_, kind)) = operator.attributes.iter().find(|(known, _)| known == name)
            else {
                return Err(format!("unknown attribute `{name}`"));
            };
            if node.attributes[..i]
                .iter()
                .any(|(earlier, _)| earlier == name)
            {
                return Err(format!("attribute `{name}` is given twice"));
            }
            kind.expect(value).map_err(|expected| {
                format!("attribute `{name}` must be {expected}, got {value:?}")
            })?;
        }
        Ok(Operands {
            operator,
            node,
            inputs,
        })
    }

    /// Returns input `i`, which must be numbers.
    pub fn numbers(&self, i: usize) -> Result<&Tensor<f64>, String> {
        match self.inputs.get(i) {
            Some(Value::Numbers(numbers)) => Ok(numbers),
            other => Err(must_be(i, "numbers", other)),
        }
    }

    /// Returns input `i`, which may be omitted.
    pub fn optional(&self, i: usize) -> Result<Option<&Tensor<f64>>, String> {
        match self.inputs.get(i) {
            None | Some(Value::Absent) => Ok(None),
            Some(_) => self.numbers(i).map(Some),
        }
    }

    /// Returns all inputs, which must be numbers.
    pub fn all(&self) -> Result<Vec<&Tensor<f64>>, String> {
        (0..self.inputs.len()).map(|i| self.numbers(i)).collect()
    }

    /// Returns input `i`, which must be the result of a comparison.
    pub fn flags(&self, i: usize) -> Result<&ArcArray<bool, ndarray::IxDyn>, String> {
        match self.inputs.get(i) {
            Some(Value::Flags(flags)) => Ok(flags),
            other => Err(must_be(i, "flags", other)),
        }
    }

    /// Returns input `i`, a list of sizes that may be omitted.
    pub fn sizes(&self, i: usize) -> Result<Option<&[usize]>, String> {
        match self.inputs.get(i) {
            None | Some(Value::Absent) => Ok(None),
            Some(Value::Sizes(sizes)) => Ok(Some(sizes)),
            other => Err(must_be(i, "sizes", other)),
        }
    }

    /// Returns a number, or its default.
    pub fn number_named(&self, name: &str) -> f64 {
        match (self.given(name), self.kind(name)) {
            (Some(Attribute::Number(number)), _) => *number,
            (_, AttributeKind::Number(default)) => default,
            (_, kind) => unreachable!("`{name}` is {kind:?}"),
        }
    }

    /// Returns a size, or its default.
    pub fn size_named(&self, name: &str) -> usize {
        match (self.given(name), self.kind(name)) {
            (Some(Attribute::Size(size)), _) => *size,
            (_, AttributeKind::Size(default)) => default,
            (_, kind) => unreachable!("`{name}` is {kind:?}"),
        }
    }

    /// Returns the attribute `axis`, which must be less than `bound`.
    pub fn axis(&self, bound: usize) -> Result<usize, String> {
        let axis = match (self.given("axis"), self.kind("axis")) {
            (Some(Attribute::Size(axis)), _) => *axis,
            (_, AttributeKind::LastAxis) => bound.saturating_sub(1),
            (_, AttributeKind::RequiredAxis) => return Err("attribute `axis` is required".into()),
            _ => self.size_named("axis"),
        };
        match axis < bound {
            true => Ok(axis),
            false => Err(format!(
                "axis {axis} is out of range, expected less than {bound}"
            )),
        }
    }

    /// Returns sizes, if they are given.
    pub fn sizes_named(&self, name: &str) -> Option<&[usize]> {
        match (self.given(name), self.kind(name)) {
            (Some(Attribute::Sizes(sizes)), _) => Some(sizes),
            (_, AttributeKind::Sizes) => None,
            (_, kind) => unreachable!("`{name}` is {kind:?}"),
        }
    }

    /// Returns a word, or its default.
    pub fn word_named(&self, name: &str) -> &'static str {
        match (self.given(name), self.kind(name)) {
            (Some(Attribute::Word(word)), _) => word,
            (_, AttributeKind::Word(words)) => words[0],
            (_, kind) => unreachable!("`{name}` is {kind:?}"),
        }
    }

    /// Returns words, or `len` times their default.
    pub fn words_named(&self, name: &str, len: usize) -> Result<Vec<&'static str>, String> {
        match (self.given(name), self.kind(name)) {
            (Some(Attribute::Words(words)), _) if words.len() == len => Ok(words.clone()),
            (Some(Attribute::Words(words)), _) => Err(format!(
                "attribute `{name}` must have {len} words, got {words:?}"
            )),
            (_, AttributeKind::Words(words)) => Ok(vec![words[0]; len]),
            (_, kind) => unreachable!("`{name}` is {kind:?}"),
        }
    }

    fn given(&self, name: &str) -> Option<&Attribute> {
        let mut given = self.node.attributes.iter();
        given
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    /// Returns the kind of an attribute of the operator.
    fn kind(&self, name: &str) -> AttributeKind {
        let mut known = self.operator.attributes.iter();
        let known = known.find(|(known, _)| *known == name);
        known
            .unwrap_or_else(|| unreachable!("no `{name}` in the table of operators"))
            .1
    }
}

fn must_be(i: usize, expected: &str, found: Option<&Value>) -> String {
    let found = found.map_or("absent", Value::kind);
    format!("input {i} must be {expected}, but is {found}")
}
