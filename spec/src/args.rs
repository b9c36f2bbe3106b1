//! The arguments of one call.

use crate::{Arg, ArgInfo, Diagnostic, Span, Value, arg::ArgType, info::Default, nearest::nearest};

/// The arguments of one call, checked, defaults filled in.
#[derive(Clone, Debug)]
pub struct Args {
    filled: Vec<Filled>,
}

#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub info: ArgInfo,
    pub value: Value,
    pub given: bool,
}

/// By name and value, whether given or not.
impl PartialEq for Args {
    fn eq(&self, other: &Args) -> bool {
        let pairs = |args: &Args| {
            args.filled
                .iter()
                .map(|f| (f.info.name, f.value.clone()))
                .collect::<Vec<_>>()
        };
        pairs(self) == pairs(other)
    }
}

impl Args {
    /// Arguments from Rust code: those of `infos`, with the values `given` by name.
    ///
    /// # Errors
    /// As for a text: an unknown or repeated name, a value that isn't allowed, a required argument that is missing.
    pub fn of(infos: &[ArgInfo], given: &[(&str, Value)]) -> Result<Args, Diagnostic> {
        let error = |message: String| Diagnostic::error(Span::default(), message);
        let mut values = vec![None; infos.len()];
        for (name, value) in given {
            let place = infos.iter().position(|info| info.name == *name);
            let place = place.ok_or_else(|| unknown(Span::default(), "this", name, infos))?;
            if values[place].is_some() {
                return Err(error(format!("`{name}` is given twice")));
            }
            let admitted = infos[place]
                .admit(value)
                .map_err(|problem| error(format!("`{name}` {problem}")))?;
            values[place] = Some(admitted);
        }
        Args::fill(infos, values)
            .map_err(|missing| error(format!("`{}` is missing: {}", missing.name, missing.kind())))
    }

    /// Fills defaults in; `values` have been admitted.
    ///
    /// # Errors
    /// The first required argument that has no value.
    pub(crate) fn fill(infos: &[ArgInfo], values: Vec<Option<Value>>) -> Result<Args, ArgInfo> {
        let mut filled = Vec::with_capacity(infos.len());
        for (info, value) in infos.iter().zip(&values) {
            let given = value.is_some();
            let value = value.clone().or_else(|| info.default_value()).or_else(|| {
                match info.facts().default {
                    Some(Default::Other(other)) => {
                        let place = infos.iter().position(|info| info.name == other)?;
                        values[place]
                            .clone()
                            .or_else(|| infos[place].default_value())
                    }
                    _ => None,
                }
            });
            filled.push(Filled {
                info: *info,
                value: value.ok_or(*info)?,
                given,
            });
        }
        Ok(Args { filled })
    }

    /// The value of an argument.
    ///
    /// # Panics
    /// When the key is none of those that the call's definition lists.
    #[track_caller]
    pub fn get<T: ArgType>(&self, key: Arg<T>) -> T {
        let value = self.find(key.name()).and_then(|filled| {
            let facts = filled.info.facts();
            T::read(&filled.value, facts.choices).filter(|_| facts.kind == T::KIND)
        });
        value.unwrap_or_else(|| {
            panic!(
                "Args::get: `{}` is no argument of this call's definition",
                key.name()
            )
        })
    }

    fn find(&self, name: &str) -> Option<&Filled> {
        self.filled.iter().find(|filled| filled.info.name == name)
    }

    /// Whether there is an argument of this name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether the argument stood in the text.
    pub fn given(&self, name: &str) -> bool {
        self.find(name).is_some_and(|filled| filled.given)
    }

    /// The same with one value replaced.
    ///
    /// # Errors
    /// When there is no such argument, or the value isn't allowed. The place is an empty one.
    pub fn with(&self, name: &str, value: Value) -> Result<Args, Diagnostic> {
        let infos: Vec<_> = self.filled.iter().map(|filled| filled.info).collect();
        let given = self
            .filled
            .iter()
            .filter(|filled| filled.given && filled.info.name != name);
        let mut values: Vec<_> = given
            .map(|filled| (filled.info.name, filled.value.clone()))
            .collect();
        values.push((name, value));
        Args::of(&infos, &values)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Filled> {
        self.filled.iter()
    }
}

/// The complaint about an argument that there isn't.
pub(crate) fn unknown(span: Span, call: &str, name: &str, infos: &[ArgInfo]) -> Diagnostic {
    let message = format!("{call} has no argument `{name}`");
    let names: Vec<_> = infos.iter().map(|info| info.name).collect();
    Diagnostic::error(span, message).help(match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it takes none".into(),
        None => format!("it takes `{}`", names.join("`, `")),
    })
}
