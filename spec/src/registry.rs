//! Registries of definitions.

use std::{collections::BTreeMap, error::Error, fmt};

use crate::{
    ArgInfo, Span,
    accept::accept,
    info::{Fallback, Kind},
    lex::is_name,
    names,
    nearest::nearest,
};

/// A definition that can be registered: plain data of any type. Each [`Call`](crate::Call) holds a
/// copy.
pub trait Named: Clone {
    /// The name used in specs.
    fn name(&self) -> &'static str;

    /// Alternative names that are accepted. Printed specs never use them.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// A one-line description.
    fn about(&self) -> &'static str;

    /// The arguments: positional ones in order, then keyword-only ones.
    fn args(&self) -> &'static [ArgInfo] {
        &[]
    }

    /// The kind of body that calls take in brackets.
    fn body(&self) -> Body {
        Body::None
    }
}

/// Implements [`Named`] for a struct with the fields `name`, `aliases`, `about` and `args`, and
/// optionally `body`.
///
/// ```
/// use tapeline_spec::{ArgInfo, Body, Registry, named};
///
/// #[derive(Clone, Copy)]
/// struct Filter {
///     name: &'static str,
///     aliases: &'static [&'static str],
///     about: &'static str,
///     args: &'static [ArgInfo],
///     body: Body,
/// }
///
/// named!(Filter, body);
///
/// let split = Filter { name: "split", aliases: &["fork"], about: "two ways", args: &[], body: Body::Branches };
/// let filters = Registry::new("filter").with(split)?;
/// assert!(filters.get("fork").is_some());
/// # Ok::<(), tapeline_spec::RegistryError>(())
/// ```
#[macro_export]
macro_rules! named {
    ($def:ty $(, $body:ident)?) => {
        impl $crate::Named for $def {
            fn name(&self) -> &'static str {
                self.name
            }

            fn aliases(&self) -> &'static [&'static str] {
                self.aliases
            }

            fn about(&self) -> &'static str {
                self.about
            }

            fn args(&self) -> &'static [$crate::ArgInfo] {
                self.args
            }

            $(fn body(&self) -> $crate::Body {
                self.$body
            })?
        }
    };
}

/// The kind of body that a call takes in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// No body.
    None,
    /// One chain, which may be empty: `residual[ relu ]`.
    One,
    /// One or more chains, separated by `|`: `concat[ relu | tanh ]`.
    Branches,
}

/// Definitions sorted by name. A plain value that can be extended with [`Registry::with`].
#[derive(Clone, Debug)]
pub struct Registry<D> {
    noun: &'static str,
    defs: BTreeMap<&'static str, D>,
    /// Maps aliases to names.
    aliases: BTreeMap<&'static str, &'static str>,
}

impl<D: Named> Registry<D> {
    /// Creates an empty registry. `noun` is what messages call its definitions: `layer`,
    /// `optimizer`.
    pub fn new(noun: &'static str) -> Self {
        Registry {
            noun,
            defs: BTreeMap::new(),
            aliases: BTreeMap::new(),
        }
    }

    /// Adds a definition.
    ///
    /// # Errors
    /// If one of its names is taken or not in snake case, or if one of its arguments is
    /// inconsistent: a name that is repeated or not in snake case, a default or `tried` range
    /// outside the limits, choices that are not valid names, or a default taken from an argument
    /// that doesn't exist.
    pub fn with(mut self, def: D) -> Result<Self, RegistryError> {
        let (name, noun) = (def.name(), self.noun);
        let mut names = vec![name];
        names.extend(def.aliases());
        for (i, &new) in names.iter().enumerate() {
            if names::problem(new).is_some() {
                return Err(RegistryError::NotAName { noun, name: new });
            }
            if self.get(new).is_some() || names[..i].contains(&new) {
                return Err(RegistryError::Taken { noun, name: new });
            }
        }
        for (place, info) in def.args().iter().enumerate() {
            check(def.args(), place).map_err(|problem| RegistryError::Argument {
                of: name,
                name: info.name,
                problem,
            })?;
        }
        self.aliases
            .extend(def.aliases().iter().map(|&alias| (alias, name)));
        self.defs.insert(name, def);
        Ok(self)
    }

    /// Returns the definition of a name or alias.
    pub fn get(&self, name: &str) -> Option<&D> {
        let name = self.aliases.get(name).copied().unwrap_or(name);
        self.defs.get(name)
    }

    /// Returns all definitions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &D> {
        self.defs.values()
    }

    /// Returns the name or alias most similar to `name`, if there is a similar one.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names())
    }

    /// Returns all names, then all aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.defs.keys().chain(self.aliases.keys()).copied()
    }

    /// Returns the word for a definition in messages.
    pub fn noun(&self) -> &'static str {
        self.noun
    }
}

fn check(infos: &[ArgInfo], place: usize) -> Result<(), String> {
    let info = &infos[place];
    let facts = info.facts();
    if let Some(problem) = names::problem(info.name) {
        return Err(problem);
    }
    let names = |info: &ArgInfo| [Some(info.name), info.facts().alias];
    let earlier = infos[..place].iter().flat_map(names).flatten();
    let mut own = names(info).into_iter().flatten();
    if earlier
        .into_iter()
        .any(|name| own.clone().any(|own| own == name))
    {
        return Err("it is declared twice".into());
    }
    if let Some((alias, problem)) = own.find_map(|name| Some((name, names::problem(name)?))) {
        return Err(format!("its alias `{alias}`: {problem}"));
    }
    if !info.keyword_only() && infos[..place].iter().any(ArgInfo::keyword_only) {
        return Err("it may be given by position, but follows a keyword-only argument".into());
    }
    if matches!(
        facts.kind,
        Kind::Word | Kind::SizeOrWord | Kind::SizesOrWord | Kind::NumbersOrWord
    ) && facts.choices.is_empty()
    {
        return Err("it has no words to choose from".into());
    }
    if let Some(word) = facts.choices.iter().find(|word| !is_name(word)) {
        return Err(format!("its choice `{word}` is not a valid name"));
    }
    if facts
        .tried
        .is_some_and(|ends| ends[0] > ends[1] || !ends.iter().all(|&end| facts.allow(end)))
    {
        return Err("its `tried` range is outside its limits".into());
    }
    match facts.fallback {
        Fallback::Required => Ok(()),
        Fallback::Value(value) => match accept(info, &value, Span::default(), None) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("its default isn't allowed: {}", error.message)),
        },
        Fallback::As(other) => match infos
            .iter()
            .find(|info| info.name == other)
            .map(ArgInfo::facts)
        {
            None => Err(format!(
                "it defaults to the value of `{other}`, which doesn't exist"
            )),
            Some(source)
                if source.kind != facts.kind || matches!(source.fallback, Fallback::As(_)) =>
            {
                Err(format!("it can't default to the value of `{other}`"))
            }
            Some(_) => Ok(()),
        },
    }
}

/// An invalid registration: a mistake in the definition, not in a spec.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name or alias is already registered.
    Taken {
        /// What kind of definition it is.
        noun: &'static str,
        /// The name.
        name: &'static str,
    },
    /// The name is not in snake case.
    NotAName {
        /// What kind of definition it is.
        noun: &'static str,
        /// The name.
        name: &'static str,
    },
    /// An argument is inconsistent.
    Argument {
        /// The name of the definition.
        of: &'static str,
        /// The name of the argument.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The text of a preset is invalid.
    Preset {
        /// The name of the preset.
        name: &'static str,
        /// What is wrong with the text.
        problem: String,
    },
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegistryError::Taken { noun, name } => {
                write!(f, "{noun} `{name}` is already registered")
            }
            RegistryError::NotAName { noun, name } => {
                let problem = names::problem(name).unwrap_or_default();
                write!(f, "{noun} name `{name}`: {problem}")
            }
            RegistryError::Argument { of, name, problem } => {
                write!(f, "argument `{name}` of `{of}`: {problem}")
            }
            RegistryError::Preset { name, problem } => write!(f, "preset `{name}`: {problem}"),
        }
    }
}

impl Error for RegistryError {}
