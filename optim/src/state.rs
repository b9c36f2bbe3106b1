//! What is kept of a [`Stepper`](crate::Stepper) to go on later.

use std::collections::BTreeMap;

use tapeline_tensor::Tensor;

/// Everything by name, in the order of the parameters. The weights themselves are not part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T = f32> {
    /// For each entry of the parameters the number of steps that it was given: `steps.0.weight`.
    pub steps: Vec<(String, u64)>,
    /// What the transforms keep of each weight, in its shape: `momentum.0.weight`. A second transform's of the same name is
    /// `momentum#2.0.weight`.
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

/// A [`State`] doesn't fit the optimizer or the parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Something that the optimizer needs is absent.
    #[error("the optimizer's state has no `{name}`")]
    Missing {
        /// Its name.
        name: String,
    },
    /// There is something that the optimizer doesn't know.
    #[error("the optimizer's state has `{name}`, which this optimizer doesn't keep")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A name stands there twice.
    #[error("the optimizer's state has `{name}` twice")]
    Repeated {
        /// Its name.
        name: String,
    },
    /// An array has not its weight's shape.
    #[error("the optimizer's state has `{name}` in shape {found:?}, wanted {wanted:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape that it has.
        found: Vec<usize>,
        /// The shape of its weight.
        wanted: Vec<usize>,
    },
}

pub(crate) fn steps_of(param: &str) -> String {
    format!("steps.{param}")
}

/// What of a state has not been taken yet.
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
