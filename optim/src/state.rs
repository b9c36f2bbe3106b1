//! The state of a [`Stepper`](crate::Stepper), for resuming.

use std::collections::BTreeMap;

use tapeline_tensor::Tensor;

/// The state of an optimizer: named values in the order of the parameters. The weights themselves
/// are not included.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T = f32> {
    /// For each parameter, the number of its update steps: `steps.0.weight`.
    pub steps: Vec<(String, u64)>,
    /// The moments that the transforms keep for each weight, in its shape: `momentum.0.weight`. If
    /// another transform uses the same name, its moments are called `momentum#2.0.weight`.
    pub moments: Vec<(String, Tensor<T>)>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        State {
            steps: Vec::new(),
            moments: Vec::new(),
        }
    }
}

/// A mismatch between a [`State`] and the optimizer or the parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A value that the optimizer needs is missing.
    #[error("the optimizer's state has no `{name}`")]
    Missing {
        /// Its name.
        name: String,
    },
    /// The state has a value that the optimizer doesn't use.
    #[error("the optimizer's state has `{name}`, which this optimizer doesn't use")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A name occurs twice.
    #[error("the optimizer's state has `{name}` twice")]
    Repeated {
        /// Its name.
        name: String,
    },
    /// An array doesn't have the shape of its weight.
    #[error("the optimizer's state has `{name}` with shape {found:?}, expected {wanted:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape found.
        found: Vec<usize>,
        /// The shape of the weight.
        wanted: Vec<usize>,
    },
}

pub(crate) fn steps_of(param: &str) -> String {
    format!("steps.{param}")
}

/// The values of a state that have not been taken yet, by name.
pub(crate) struct ByName<'a, T> {
    steps: BTreeMap<&'a str, u64>,
    moments: BTreeMap<&'a str, &'a Tensor<T>>,
}

impl<T> State<T> {
    pub(crate) fn by_name(&self) -> Result<ByName<'_, T>, RestoreError> {
        Ok(ByName {
            steps: distinct(self.steps.iter().map(|(name, n)| (name.as_str(), *n)))?,
            moments: distinct(self.moments.iter().map(|(name, x)| (name.as_str(), x)))?,
        })
    }
}

impl<'a, T> ByName<'a, T> {
    pub(crate) fn steps(&mut self, name: &str) -> Result<u64, RestoreError> {
        self.steps.remove(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn moment(
        &mut self,
        name: &str,
        shape: &[usize],
    ) -> Result<&'a Tensor<T>, RestoreError> {
        let array = self.moments.remove(name).ok_or_else(|| missing(name))?;
        if array.shape() == shape {
            return Ok(array);
        }
        Err(RestoreError::Shape {
            name: name.to_owned(),
            found: array.shape().to_vec(),
            wanted: shape.to_vec(),
        })
    }

    pub(crate) fn nothing_left(self) -> Result<(), RestoreError> {
        match self.steps.keys().chain(self.moments.keys()).next() {
            None => Ok(()),
            Some(&name) => Err(RestoreError::Unknown { name: name.into() }),
        }
    }
}

fn missing(name: &str) -> RestoreError {
    RestoreError::Missing { name: name.into() }
}

fn distinct<'a, V>(
    pairs: impl Iterator<Item = (&'a str, V)>,
) -> Result<BTreeMap<&'a str, V>, RestoreError> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs {
        if map.insert(name, value).is_some() {
            return Err(RestoreError::Repeated { name: name.into() });
        }
    }
    Ok(map)
}
