//! The arguments of a call, with defaults filled in.

mod print;

use std::{fmt, sync::Arc};

use crate::{
    Arg, ArgInfo, Diagnostic, Span, Value,
    accept::{accept, argument},
    arg::ArgType,
    diagnostic::{clip, list, quote},
    info::Fallback,
    late::{self, Lookup},
    nearest::nearest,
    tree::Expr,
};

/// The arguments of one call: every argument of the definition, with its value or default.
///
/// Two are equal if all values are equal, whether given explicitly or by default.
///
/// ```
/// use tapeline_spec::{Arg, ArgInfo, Args, Value};
///
/// const LR: Arg<f64> = Arg::new("lr", "learning rate").default(0.001).above(0.0);
/// const ARGS: &[ArgInfo] = &[LR.info()];
/// let args = Args::of(ARGS, &[])?;
/// assert_eq!((args.get(LR), args.given("lr")), (0.001, false));
/// assert_eq!(args.with("lr", Value::Int(1))?.get(LR), 1.0);
/// assert_eq!(args.with("lr", Value::Int(0)).unwrap_err().message, "`lr` is 0; it must be a number, above 0");
/// # Ok::<(), tapeline_spec::Diagnostic>(())
/// ```
#[derive(Clone)]
pub struct Args(Arc<[Filled]>);

#[derive(Clone)]
struct Filled {
    info: ArgInfo,
    /// An arbitrary allowed value if `late` is set.
    value: Value,
    /// The value as written, if it depends on where the call is used.
    late: Option<Arc<Expr>>,
    source: Source,
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// Given explicitly, at this span of the text; the span is `Span::default()` if there is no
    /// text.
    Given(Span),
    Default,
}

/// A value, how it is written if it is deferred, and where it comes from.
type Sourced = (Value, Option<Arc<Expr>>, Source);

/// A validated value for the argument at index `place` of the definition.
pub(crate) struct Given {
    pub place: usize,
    pub value: Value,
    pub late: Option<Arc<Expr>>,
    pub span: Span,
}

impl Args {
    /// Returns the value of an argument.
    ///
    /// # Panics
    /// If the key is not one of the definition's arguments, or its value is
    /// [deferred](Args::is_deferred).
    #[track_caller]
    pub fn get<T: ArgType>(&self, key: Arg<T>) -> T {
        let name = key.name();
        let value = self.find(name).filter(|filled| filled.late.is_none());
        let value = value.and_then(|filled| {
            let facts = filled.info.facts();
            T::read(&filled.value, facts.choices).filter(|_| facts.kind == T::KIND)
        });
        value.unwrap_or_else(|| panic!("no argument `{name}` of this type in {self:?}"))
    }

    /// Creates arguments from Rust values, with the same validation as for text.
    ///
    /// # Errors
    /// If a name is unknown or repeated, a value has the wrong type or is out of range, or a
    /// required argument is missing.
    pub fn of(infos: &[ArgInfo], given: &[(&str, Value)]) -> Result<Args, Diagnostic> {
        let mut accepted: Vec<Given> = Vec::with_capacity(given.len());
        for (name, value) in given {
            let span = Span::default();
            let place = find(infos, name, span, None)?;
            if accepted.iter().any(|given| given.place == place) {
                return Err(twice(name, span, None));
            }
            let value = accept(&infos[place], value, span, None)?;
            accepted.push(Given {
                place,
                value,
                late: None,
                span,
            });
        }
        Args::fill(infos, accepted, Span::default(), None)
    }

    /// Fills in the defaults. The given values are validated and have no duplicates. `call` is the
    /// span of the call, `owner` the name of the definition.
    pub(crate) fn fill(
        infos: &[ArgInfo],
        given: Vec<Given>,
        call: Span,
        owner: Option<&str>,
    ) -> Result<Args, Diagnostic> {
        let mut values: Vec<Option<Sourced>> = vec![None; infos.len()];
        for given in given {
            values[given.place] = Some((given.value, given.late, Source::Given(given.span)));
        }
        // Plain defaults come first, so that the arguments that default to another argument can
        // read them. The registry rules out chains of those.
        for (place, info) in infos.iter().enumerate() {
            if let (None, Fallback::Value(value)) = (&values[place], info.facts().fallback) {
                values[place] = Some((value, None, Source::Default));
            }
        }
        for (place, info) in infos.iter().enumerate() {
            let (None, Fallback::As(other)) = (&values[place], info.facts().fallback) else {
                continue;
            };
            let other = infos.iter().position(|info| info.name == other);
            if let Some((value, late, source)) = other.and_then(|other| values[other].as_ref()) {
                let span = match source {
                    Source::Given(span) => *span,
                    Source::Default => call,
                };
                let value = match late {
                    Some(_) => info.facts().least(),
                    None => accept(info, value, span, owner)?,
                };
                values[place] = Some((value, late.clone(), Source::Default));
            }
        }
        let missing: Vec<_> = infos
            .iter()
            .zip(&values)
            .filter(|(info, value)| value.is_none() && info.required())
            .map(|(info, _)| format!("`{}` ({})", info.name, info.kind()))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(" and ");
            return Err(Diagnostic::error(
                call,
                match owner {
                    Some(owner) => format!("`{owner}` needs {missing}"),
                    None => format!("{missing} is missing"),
                },
            ));
        }
        let filled = infos.iter().zip(values).filter_map(|(&info, value)| {
            let (value, late, source) = value?;
            Some(Filled {
                info,
                value,
                late,
                source,
            })
        });
        Ok(Args(filled.collect()))
    }

    /// Returns `true` if the argument was given explicitly rather than by default.
    pub fn given(&self, name: &str) -> bool {
        self.span(name).is_some()
    }

    /// Returns `true` if the definition has an argument of this name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Returns the value of the argument of this name, unless it is
    /// [deferred](Args::is_deferred).
    pub fn value(&self, name: &str) -> Option<&Value> {
        let filled = self.find(name).filter(|filled| filled.late.is_none());
        filled.map(|filled| &filled.value)
    }

    /// Returns `true` if the value of an argument depends on where the call is used and isn't known
    /// yet; see [`Presets::with_deferred`](crate::Presets::with_deferred).
    pub fn is_deferred(&self) -> bool {
        self.0.iter().any(|filled| filled.late.is_some())
    }

    /// Computes the deferred values.
    pub(crate) fn bind(&self, owner: &str, size: Lookup<'_>) -> Result<Args, Diagnostic> {
        let infos: Vec<_> = self.0.iter().map(|filled| filled.info).collect();
        let mut given = Vec::new();
        for (place, filled) in self.0.iter().enumerate() {
            let Source::Given(span) = filled.source else {
                continue;
            };
            let value = match &filled.late {
                None => filled.value.clone(),
                Some(expr) => {
                    let value = late::value(expr, &filled.info.facts(), size);
                    let value = value.map_err(|error| Diagnostic { span, ..error })?;
                    let shown = clip(&value.to_string());
                    let help = || format!("{} is {shown} here", quote(&expr.to_string()));
                    accept(&filled.info, &value, span, Some(owner))
                        .map_err(|error| error.help(help()))?
                }
            };
            given.push(Given {
                place,
                value,
                late: None,
                span,
            });
        }
        Args::fill(&infos, given, Span::default(), Some(owner))
    }

    /// Returns the names and values of the arguments that are required or differ from their
    /// defaults, in the order of the definition, without those that are deferred.
    pub fn changed(&self) -> Vec<(&'static str, Value)> {
        let known = self.0.iter().filter(|filled| filled.late.is_none());
        let changed = known.filter(|filled| !self.at_default(filled));
        changed
            .map(|filled| (filled.info.name, filled.value.clone()))
            .collect()
    }

    /// Returns the arguments with one value replaced. Arguments that default to it change along.
    ///
    /// # Errors
    /// If the name is unknown, or the value has the wrong type or is out of range. The error has an
    /// empty span.
    pub fn with(&self, name: &str, value: Value) -> Result<Args, Diagnostic> {
        let infos: Vec<_> = self.0.iter().map(|filled| filled.info).collect();
        let span = Span::default();
        let replaced = find(&infos, name, span, None)?;
        let value = accept(&infos[replaced], &value, span, None)?;
        let kept = self
            .0
            .iter()
            .enumerate()
            .filter_map(|(place, filled)| match filled.source {
                Source::Given(span) if place != replaced => Some(Given {
                    place,
                    value: filled.value.clone(),
                    late: filled.late.clone(),
                    span,
                }),
                _ => None,
            });
        let mut given: Vec<_> = kept.collect();
        given.push(Given {
            place: replaced,
            value,
            late: None,
            span,
        });
        Args::fill(&infos, given, span, None)
    }

    /// Returns the span of the value if it was given explicitly.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        match self.find(name)?.source {
            Source::Given(span) => Some(span),
            _ => None,
        }
    }

    fn find(&self, name: &str) -> Option<&Filled> {
        self.0.iter().find(|filled| filled.info.name == name)
    }
}

impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        let values = |args: &Self| -> Vec<_> {
            args.0
                .iter()
                .map(|filled| (filled.info.name, filled.late.clone(), filled.value.clone()))
                .collect()
        };
        values(self) == values(other)
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Args({})", self.full())
    }
}

/// Returns the index of an argument in a definition.
pub(crate) fn find(
    infos: &[ArgInfo],
    name: &str,
    span: Span,
    owner: Option<&str>,
) -> Result<usize, Diagnostic> {
    let is_called = |info: &ArgInfo| info.name == name || info.facts().alias == Some(name);
    let place = infos.iter().position(is_called);
    place.ok_or_else(|| {
        let names = || infos.iter().map(|info| info.name);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if infos.is_empty() => "it takes no arguments".into(),
            None => format!("it takes {}", list(names())),
        };
        let message = match owner {
            Some(owner) => format!("`{owner}` has no argument {}", quote(name)),
            None => format!("there is no argument {}", quote(name)),
        };
        Diagnostic::error(span, message).help(help)
    })
}

pub(crate) fn twice(name: &str, span: Span, owner: Option<&str>) -> Diagnostic {
    Diagnostic::error(span, format!("{} is given twice", argument(name, owner)))
}
