//! Named specs and named integers.

use crate::{
    RegistryError, Tree,
    extent::{Extent, measure},
    names,
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

/// Presets in registration order, and the integers that specs can refer to by name. A plain value
/// that can be extended with [`Presets::with`] and [`Presets::with_integer`].
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
pub struct Presets {
    entries: Vec<Entry>,
    integers: Vec<Integer>,
    deferred: Vec<&'static str>,
}

/// A named integer; `value` is `None` if it isn't known yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integer {
    pub name: &'static str,
    pub value: Option<usize>,
}

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
    /// If the name is taken or not in snake case, or if the spec has syntax errors or alternatives,
    /// or exceeds the maximum length or depth once presets and its definitions are expanded.
    pub fn with(mut self, preset: Preset) -> Result<Self, RegistryError> {
        let (noun, name) = ("preset", preset.name);
        if names::problem(name).is_some() {
            return Err(RegistryError::NotAName { noun, name });
        }
        if self.get(name).is_some() {
            return Err(RegistryError::Taken { noun, name });
        }
        let refuse = |problem: String| RegistryError::Preset { name, problem };
        let tree = parse(preset.text).map_err(|error| refuse(error.summary()))?;
        let mut locals: Vec<(&str, Extent)> = Vec::new();
        let lets = tree.lets.iter().map(|local| (&*local.name, &local.body));
        for (name, items) in lets.chain([("", &tree.items)]) {
            let named = |name: &str| match entry(&self.entries, name) {
                Some(entry) => Some(entry.extent.used()),
                None => {
                    let local = locals.iter().find(|(local, _)| *local == name);
                    local.map(|(_, extent)| extent.used())
                }
            };
            let extent = measure(items, &named).map_err(|error| refuse(error.to_string()))?;
            if extent.alternatives {
                return Err(refuse("alternatives are not allowed".into()));
            }
            locals.push((name, extent));
        }
        let extent = locals.pop().map(|(_, extent)| extent).unwrap_or_default();
        self.entries.push(Entry {
            preset,
            tree,
            extent,
        });
        Ok(self)
    }

    /// Returns all presets in registration order.
    pub fn iter(&self) -> impl Iterator<Item = &Preset> {
        self.entries.iter().map(|entry| &entry.preset)
    }

    /// Returns the preset of a name.
    pub fn get(&self, name: &str) -> Option<&Preset> {
        self.iter().find(|preset| preset.name == name)
    }

    /// Defines an integer that a spec can use by its name wherever an argument is an integer, or
    /// replaces its value. `None` stands for a value that isn't known yet: a spec can be resolved
    /// to find its errors, with an arbitrary valid integer in the place of the name.
    ///
    /// A resolved spec contains the value, so its printed forms don't depend on the name.
    ///
    /// ```
    /// use tapeline_spec::{Arg, ArgInfo, Named, Presets, Registry, read};
    ///
    /// const SIZE: Arg<usize> = Arg::new("size", "how many").range(1..=9);
    ///
    /// #[derive(Clone)]
    /// struct Shelf;
    ///
    /// impl Named for Shelf {
    ///     fn name(&self) -> &'static str { "shelf" }
    ///     fn about(&self) -> &'static str { "holds books" }
    ///     fn args(&self) -> &'static [ArgInfo] { &const { [SIZE.info()] } }
    /// }
    ///
    /// let registry = Registry::new("thing").with(Shelf)?;
    /// let presets = Presets::new().with_integer("books", Some(4));
    /// assert_eq!(read("shelf(books)", &registry, &presets)?.short(), "shelf(4)");
    ///
    /// let error = read("shelf(books)", &registry, &presets.with_integer("books", Some(10))).unwrap_err();
    /// assert_eq!(error.to_string(), "\
    /// error: `size` of `shelf` is 10; it must be an integer, 1 to 9
    ///   │ shelf(books)
    ///   │       ^^^^^ help: `books` is the integer 10");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_integer(mut self, name: &'static str, value: Option<usize>) -> Self {
        match self.integers.iter_mut().find(|known| known.name == name) {
            Some(known) => known.value = value,
            None => self.integers.push(Integer { name, value }),
        }
        self
    }

    /// Defines an integer that depends on where a call is used, such as the size of its input: a
    /// spec can use its name like that of [`with_integer`](Presets::with_integer), and the calls
    /// that do are [deferred](crate::Call::is_deferred) until [`Call::bind`](crate::Call::bind)
    /// computes their arguments.
    ///
    /// ```
    /// use tapeline_spec::{Arg, ArgInfo, Named, Presets, Registry, read};
    ///
    /// const SIZE: Arg<usize> = Arg::new("size", "how many");
    ///
    /// #[derive(Clone)]
    /// struct Shelf;
    ///
    /// impl Named for Shelf {
    ///     fn name(&self) -> &'static str { "shelf" }
    ///     fn about(&self) -> &'static str { "holds books" }
    ///     fn args(&self) -> &'static [ArgInfo] { &const { [SIZE.info()] } }
    /// }
    ///
    /// let registry = Registry::new("thing").with(Shelf)?;
    /// let presets = Presets::new().with_deferred("width");
    /// let spec = read("shelf(width / 2)", &registry, &presets)?;
    /// assert_eq!(spec.short(), "shelf(width/2)");
    ///
    /// let call = &spec.calls()[0];
    /// assert_eq!(call.bind(|_| Ok(8))?.args.get(SIZE), 4);
    /// assert_eq!(call.bind(|_| Ok(7)).unwrap_err().message, "`width/2` is not an integer: 7 / 2 leaves a remainder of 1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_deferred(mut self, name: &'static str) -> Self {
        if !self.deferred.contains(&name) {
            self.deferred.push(name);
        }
        self
    }

    pub(crate) fn deferred(&self) -> &[&'static str] {
        &self.deferred
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn integers(&self) -> &[Integer] {
        &self.integers
    }
}

/// Returns the preset of a name.
pub(crate) fn entry<'e>(entries: &'e [Entry], name: &str) -> Option<&'e Entry> {
    entries.iter().find(|entry| entry.preset.name == name)
}
