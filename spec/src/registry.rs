//! What has a name.

use std::fmt;

use crate::{ArgInfo, info::Default, nearest::nearest};

/// Something that a text can call by name.
pub trait Named {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Other names that are understood, but never printed.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// What it does, in one line.
    fn about(&self) -> &'static str;

    /// Its arguments, in the order in which they may be given without a name.
    fn args(&self) -> &'static [ArgInfo] {
        &[]
    }

    /// What it takes in brackets.
    fn body(&self) -> Body {
        Body::None
    }
}

/// What a call takes in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// Other calls: `name[ … ]`.
    One,
    /// Other calls in branches: `name[ … | … ]`; one or more.
    Branches,
}

/// Definitions by name: a value, put together by whoever uses it.
///
/// ```
/// use tapeline_spec::{Named, Registry};
///
/// struct Filter(&'static str);
///
/// impl Named for Filter {
///     fn name(&self) -> &'static str {
///         self.0
///     }
///
///     fn about(&self) -> &'static str {
///         "a filter"
///     }
/// }
///
/// let filters = Registry::new("filter").with(Filter("echo"))?.with(Filter("chorus"))?;
/// assert_eq!(filters.nearest("ecko"), Some("echo"));
/// assert_eq!(filters.with(Filter("echo")).err().unwrap().to_string(), "a second filter `echo`");
/// # Ok::<(), tapeline_spec::RegistryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry<D> {
    noun: &'static str,
    defs: Vec<D>,
}

/// Why something can't be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryError(pub(crate) String);

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RegistryError {}

impl<D: Named> Registry<D> {
    /// An empty registry; `noun` says in messages what its entries are: `layer`.
    pub fn new(noun: &'static str) -> Self {
        Registry {
            noun,
            defs: Vec::new(),
        }
    }

    /// The registry with one more definition.
    ///
    /// # Errors
    /// When a name or an alias is taken or can't be written in a text, an argument stands twice, or a default isn't allowed.
    pub fn with(mut self, def: D) -> Result<Self, RegistryError> {
        let noun = self.noun;
        for (i, name) in names(&def).enumerate() {
            if !is_name(name) {
                return Err(RegistryError(format!(
                    "`{name}` can't be written as the name of a {noun}"
                )));
            }
            if self.get(name).is_some() || names(&def).take(i).any(|before| before == name) {
                return Err(RegistryError(format!("a second {noun} `{name}`")));
            }
        }
        check_args(def.args())
            .map_err(|problem| RegistryError(format!("{noun} `{}`: {problem}", def.name())))?;
        let place = self.defs.partition_point(|other| other.name() < def.name());
        self.defs.insert(place, def);
        Ok(self)
    }

    /// The definition of this name or alias.
    pub fn get(&self, name: &str) -> Option<&D> {
        self.defs
            .iter()
            .find(|def| names(*def).any(|known| known == name))
    }

    /// The definitions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &D> {
        self.defs.iter()
    }

    /// The name or alias that was probably meant, if one is near.
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.names())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.defs.iter().flat_map(|def| names(def))
    }

    /// What its entries are, in messages.
    pub fn noun(&self) -> &'static str {
        self.noun
    }
}

fn names<D: Named>(def: &D) -> impl Iterator<Item = &'static str> + use<D> {
    std::iter::once(def.name()).chain(def.aliases().iter().copied())
}

/// Whether the grammar takes it for a name.
pub(crate) fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
        && !matches!(name, "true" | "false")
}

fn check_args(infos: &[ArgInfo]) -> Result<(), String> {
    for (i, info) in infos.iter().enumerate() {
        let name = info.name;
        if !is_name(name) {
            return Err(format!(
                "`{name}` can't be written as the name of an argument"
            ));
        }
        if infos[..i].iter().any(|before| before.name == name) {
            return Err(format!("a second argument `{name}`"));
        }
        if let Some(value) = info.default_value() {
            info.admit(&value)
                .map_err(|problem| format!("the default of `{name}` {problem}"))?;
        }
        let facts = info.facts();
        if let Some(Default::Other(other)) = facts.default {
            let source = infos
                .iter()
                .find(|info| info.name == other)
                .map(ArgInfo::facts);
            let fits = source.is_some_and(|source| {
                source.kind == facts.kind && !matches!(source.default, Some(Default::Other(_)))
            });
            if !fits {
                return Err(format!(
                    "`{name}` takes its value from `{other}`, which has none of its type"
                ));
            }
        }
    }
    Ok(())
}
