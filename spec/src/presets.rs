//! Whole texts under a word.

use crate::{
    RegistryError, Tree,
    extent::{Extent, measure},
    lex::is_name,
    parse::parse,
};

/// A text under a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The word.
    pub name: &'static str,
    /// The text it stands for.
    pub text: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
}

/// Presets in the order in which they were registered: a value, to which each user adds their own.
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
    /// No presets.
    pub fn new() -> Self {
        Presets::default()
    }

    /// Adds a preset. It may use those that are there already, never itself or later ones.
    ///
    /// # Errors
    /// When its word is taken or is no name of the grammar, or its text can't be read, has alternatives, or with other presets
    /// written out is longer or deeper than a text may be.
    pub fn with(mut self, preset: Preset) -> Result<Self, RegistryError> {
        let (noun, name) = ("preset", preset.name);
        if !is_name(name) {
            return Err(RegistryError::NotAName { noun, name });
        }
        if self.get(name).is_some() {
            return Err(RegistryError::Taken { noun, name });
        }
        let refuse = |problem: String| RegistryError::Preset { name, problem };
        let tree = parse(preset.text).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            refuse(errors.join("; "))
        })?;
        let extent = measure(&tree.items, &self.0).map_err(|error| refuse(error.to_string()))?;
        if extent.alternatives {
            return Err(refuse("it has alternatives".into()));
        }
        self.0.push(Entry {
            preset,
            tree,
            extent,
        });
        Ok(self)
    }

    /// All presets, in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Preset> {
        self.0.iter().map(|entry| &entry.preset)
    }

    /// The preset of a word.
    pub fn get(&self, name: &str) -> Option<&Preset> {
        self.iter().find(|preset| preset.name == name)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }
}
