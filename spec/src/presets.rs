//! Named specs.

use crate::{
    RegistryError, Tree,
    extent::{Extent, measure},
    lex::is_name,
    parse::parse,
};

/// A named spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name.
    pub name: &'static str,
    /// The spec that it stands for.
    pub text: &'static str,
    /// A one-line description.
    pub about: &'static str,
}

/// Presets in registration order. A plain value that can be extended with [`Presets::with`].
///
/// ```
/// use tapeline_spec::{Preset, Presets};
///
/// let block = Preset { name: "block", text: "linear(8) relu", about: "a hidden layer" };
/// let deep = Preset { name: "deep", text: "3*block linear(2)", about: "three of them and an end" };
/// let presets = Presets::new().with(block)?.with(deep)?;
/// assert_eq!(presets.get("deep"), Some(&deep));
/// # Ok::<(), tapeline_spec::RegistryError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Presets(Vec<Entry>);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub preset: Preset,
    pub tree: Tree,
    pub extent: Extent,
}

impl Presets {
    /// Creates an empty collection.
    pub fn new() -> Self {
        Presets::default()
    }

    /// Adds a preset. It may use presets that are already registered, but neither itself nor later
    /// ones.
    ///
    /// # Errors
    /// If the name is taken or invalid, or if the spec has syntax errors, has alternatives, or
    /// exceeds the maximum length or depth once presets are expanded.
    pub fn with(mut self, preset: Preset) -> Result<Self, RegistryError> {
        let (noun, name) = ("preset", preset.name);
        if !is_name(name) {
            return Err(RegistryError::NotAName { noun, name });
        }
        if self.get(name).is_some() {
            return Err(RegistryError::Taken { noun, name });
        }
        let refuse = |problem: String| RegistryError::Preset { name, problem };
        let tree = parse(preset.text).map_err(|error| refuse(error.summary()))?;
        let extent = measure(&tree.items, &self.0).map_err(|error| refuse(error.to_string()))?;
        if extent.alternatives {
            return Err(refuse("alternatives are not allowed".into()));
        }
        self.0.push(Entry {
            preset,
            tree,
            extent,
        });
        Ok(self)
    }

    /// Returns all presets in registration order.
    pub fn iter(&self) -> impl Iterator<Item = &Preset> {
        self.0.iter().map(|entry| &entry.preset)
    }

    /// Returns the preset of a name.
    pub fn get(&self, name: &str) -> Option<&Preset> {
        self.iter().find(|preset| preset.name == name)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }
}
