//! Texts under a word.

use crate::{RegistryError, Tree, parse, registry::is_name, tree::Item};

/// A text under a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The word.
    pub name: &'static str,
    /// The text that it stands for.
    pub text: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
}

/// Presets in the order in which they were registered; each may use those before it.
#[derive(Clone, Debug, Default)]
pub struct Presets {
    all: Vec<(Preset, Tree)>,
}

impl Presets {
    /// No presets.
    pub fn new() -> Self {
        Presets::default()
    }

    /// The presets with one more.
    ///
    /// # Errors
    /// When its name is taken or can't be written in a text, its text can't be read, or it uses itself.
    pub fn with(mut self, preset: Preset) -> Result<Self, RegistryError> {
        let Preset { name, text, .. } = preset;
        if !is_name(name) {
            return Err(RegistryError(format!(
                "`{name}` can't be written as the name of a preset"
            )));
        }
        if self.get(name).is_some() {
            return Err(RegistryError(format!("a second preset `{name}`")));
        }
        let tree = parse(text).map_err(|errors| {
            let problems: Vec<_> = errors.iter().map(ToString::to_string).collect();
            RegistryError(format!("preset `{name}`: {}", problems.join("; ")))
        })?;
        if uses(&tree.items, name) {
            return Err(RegistryError(format!("preset `{name}` uses itself")));
        }
        self.all.push((preset, tree));
        Ok(self)
    }

    /// The preset of this name.
    pub fn get(&self, name: &str) -> Option<&Preset> {
        self.iter().find(|preset| preset.name == name)
    }

    /// The presets, in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Preset> {
        self.all.iter().map(|(preset, _)| preset)
    }

    /// Among the first `visible` presets, the one of this name, with its place and its tree.
    pub(crate) fn find(&self, name: &str, visible: usize) -> Option<(usize, &Preset, &Tree)> {
        let all = self.all[..visible].iter().enumerate();
        let mut found = all.filter(|(_, (preset, _))| preset.name == name);
        found
            .next()
            .map(|(place, (preset, tree))| (place, preset, tree))
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}

fn uses(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Call(call) => {
            call.name == name || call.bodies.iter().flatten().any(|body| uses(body, name))
        }
        Item::Repeat { items, .. } => uses(items, name),
        Item::Choice { choices, .. } => choices.iter().any(|choice| uses(choice, name)),
    })
}
