//! Definitions by name.

use std::{collections::BTreeMap, error::Error, fmt};

use crate::{
    ArgInfo, Span,
    accept::accept,
    info::{Fallback, Kind},
    lex::is_name,
    nearest::nearest,
};

/// What a registry needs to know of a definition. A definition is plain data of any type.
pub trait Named {
    /// The name by which a text calls it.
    fn name(&self) -> &'static str;

    /// Other names that are accepted; printed texts never have them.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// What it is, in one line.
    fn about(&self) -> &'static str;

    /// Its arguments: those that may be given by position, in that order, then those that are keyword-only.
    fn args(&self) -> &'static [ArgInfo] {
        &[]
    }

    /// Whether it takes other calls in brackets.
    fn body(&self) -> Body {
        Body::None
    }
}

/// Implements [`Named`] for a struct with the fields `name`, `aliases`, `about` and `args`, and `body` where that is said.
///
/// ```
/// use tapeline_spec::{ArgInfo, Body, Registry, named};
///
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

/// What a definition takes in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// One chain, which may be empty: `residual[ relu ]`.
    One,
    /// One chain or more, parted by `|`: `concat[ relu | tanh ]`.
    Branches,
}

/// Definitions sorted by name: a value, to which each user adds their own.
#[derive(Clone, Debug)]
pub struct Registry<D> {
    noun: &'static str,
    defs: BTreeMap<&'static str, D>,
    /// Alias to name.
    aliases: BTreeMap<&'static str, &'static str>,
}

impl<D: Named> Registry<D> {
    /// An empty registry. `noun` says in messages what its definitions are: `layer`, `optimizer`.
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
    /// When one of its names is taken or is no name of the grammar, or one of its arguments contradicts itself: a name repeated, a
    /// default or what is to be tried out of range, words that can't be written, the value of an argument that isn't there.
    pub fn with(mut self, def: D) -> Result<Self, RegistryError> {
        let (name, noun) = (def.name(), self.noun);
        let mut names = vec![name];
        names.extend(def.aliases());
        for (i, &new) in names.iter().enumerate() {
            if !is_name(new) {
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

    /// The definition of a name or alias.
    pub fn get(&self, name: &str) -> Option<&D> {
        let name = self.aliases.get(name).copied().unwrap_or(name);
        self.defs.get(name)
    }

    /// All definitions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &D> {
        self.defs.values()
    }

    /// The name or alias most like `name`, if one is near.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names())
    }

    /// All names, then all aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.defs.keys().chain(self.aliases.keys()).copied()
    }

    /// What its definitions are, in one word.
    pub fn noun(&self) -> &'static str {
        self.noun
    }
}

fn check(infos: &[ArgInfo], place: usize) -> Result<(), String> {
    let info = &infos[place];
    let facts = info.facts();
    if !is_name(info.name) {
        return Err("it is no name of the grammar".into());
    }
    if infos[..place].iter().any(|other| other.name == info.name) {
        return Err("it is declared twice".into());
    }
    if !info.keyword_only() && infos[..place].iter().any(ArgInfo::keyword_only) {
        return Err("it may be given by position, but follows a keyword-only argument".into());
    }
    if matches!(
        facts.kind,
        Kind::Word | Kind::SizeOrWord | Kind::SizesOrWord
    ) && facts.choices.is_empty()
    {
        return Err("it has no words to choose from".into());
    }
    if let Some(word) = facts.choices.iter().find(|word| !is_name(word)) {
        return Err(format!("its choice `{word}` is no name of the grammar"));
    }
    if facts
        .tried
        .is_some_and(|ends| ends[0] > ends[1] || !ends.iter().all(|&end| facts.allow(end)))
    {
        return Err("what is to be tried isn't within its limits".into());
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
                "it takes the value of `{other}`, which isn't there"
            )),
            Some(source)
                if source.kind != facts.kind || matches!(source.fallback, Fallback::As(_)) =>
            {
                Err(format!("it can't take the value of `{other}`"))
            }
            Some(_) => Ok(()),
        },
    }
}

/// Why something can't be registered: an author's mistake.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name or alias is there already.
    Taken {
        /// What it would be the name of.
        noun: &'static str,
        /// The name.
        name: &'static str,
    },
    /// No text could write the name.
    NotAName {
        /// What it would be the name of.
        noun: &'static str,
        /// The name.
        name: &'static str,
    },
    /// An argument contradicts itself.
    Argument {
        /// The definition's name.
        of: &'static str,
        /// The argument's name.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A preset's text can't be used.
    Preset {
        /// The preset's name.
        name: &'static str,
        /// What is wrong with its text.
        problem: String,
    },
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegistryError::Taken { noun, name } => write!(f, "a second {noun} `{name}`"),
            RegistryError::NotAName { noun, name } => {
                write!(
                    f,
                    "`{name}` can't name a {noun}: a name is made of ASCII letters, digits and `_`"
                )
            }
            RegistryError::Argument { of, name, problem } => {
                write!(f, "argument `{name}` of `{of}`: {problem}")
            }
            RegistryError::Preset { name, problem } => write!(f, "preset `{name}`: {problem}"),
        }
    }
}

impl Error for RegistryError {}
