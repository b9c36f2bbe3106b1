//! Files of specs: a single spec, several with names, or definitions.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use tapeline_data::{files, identify_other};
use tapeline_spec::{definitions, nearest, pick, quote};

use crate::{error::Error, settings::named::named};

/// The maximum size of a spec file in bytes.
const MAX_SPEC: u64 = 1 << 20;

/// Reads the text of a spec file.
///
/// # Errors
/// When the file can't be read, is not text, or is larger than 1 MiB.
pub fn spec_in(path: &Path) -> Result<String, Error> {
    let file = files::open(path)
        .map_err(|reason| Error::usage(format!("{}: cannot open: {reason}", path.display())))?;
    read_spec(file, path)
}

/// Reads the text of a spec. `path` names its origin in errors.
///
/// # Errors
/// Same as [`spec_in`].
pub fn read_spec(from: impl Read, path: &Path) -> Result<String, Error> {
    let fail = |problem: String| Error::usage(format!("{}: {problem}", path.display()));
    let mut bytes = Vec::new();
    from.take(MAX_SPEC + 1)
        .read_to_end(&mut bytes)
        .map_err(|reason| fail(format!("cannot read: {reason}")))?;
    match identify_other(&bytes, "a spec") {
        Some(kind) if kind.help.is_none() => {
            return Err(fail(kind.instead_of("a spec"))
                .help("the name of a model file must end in `.safetensors`"));
        }
        Some(kind) if !bytes.is_empty() => {
            return Err(fail(kind.instead_of("a spec or a safetensors file")));
        }
        _ => {}
    }
    if bytes.len() as u64 > MAX_SPEC {
        return Err(fail(format!(
            "is larger than {MAX_SPEC} bytes, the maximum for a spec"
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        fail("is not UTF-8 text, which a spec must be".into())
            .help("the name of a model file must end in `.safetensors`")
    })
}

/// Splits a path like `nets.spec#resnet18` into the file and a name in it, unless there is a file
/// of the whole name.
pub(super) fn in_file(path: &Path) -> Option<(PathBuf, String)> {
    let (file, name) = path.to_str()?.rsplit_once('#')?;
    let is_name = !name.is_empty() && !name.contains(['/', '\\']);
    (is_name && !path.exists()).then(|| (file.into(), name.into()))
}

/// Returns the spec of a name in a file of named specs, or of definitions.
pub(super) fn definition(text: String, path: &Path, name: &str) -> Result<String, Error> {
    let specs = named(&text);
    let (picked, known) = match specs {
        Some(specs) => {
            let names = specs.iter().map(|(name, _)| name.clone()).collect();
            let mut specs = specs.into_iter();
            (
                specs.find(|(known, _)| known == name).map(|(_, spec)| spec),
                names,
            )
        }
        None => {
            let wrong = |error| Error::Spec {
                origin: Some(path.display().to_string()),
                error,
            };
            let names = definitions(&text).map_err(wrong)?;
            (pick(&text, name).map_err(wrong)?, names)
        }
    };
    picked.ok_or_else(|| {
        let message = format!(
            "{}: there is no {} in this file",
            path.display(),
            quote(name)
        );
        let help = match nearest(name, known.iter().map(|known| &**known)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "it has no definitions, `let name = [ … ];`".into(),
            None => {
                let known: Vec<_> = known.iter().map(|known| quote(known)).collect();
                format!("it has {}", known.join(", "))
            }
        };
        Error::usage(message).help(help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_picked_from_definitions_and_from_named_specs() {
        let file = Path::new("nets.spec");
        let pick = |text: &str, name| definition(text.into(), file, name);
        let library = "let narrow = [ linear(8) ]; let wide = [ 2*narrow ]; narrow";
        assert!(pick(library, "wide").unwrap().ends_with("];\nwide"));
        assert_eq!(
            pick("narrow: linear(8)\nwide: linear(9)", "wide")
                .unwrap()
                .trim(),
            "linear(9)"
        );
        for (text, name, help) in [
            (library, "wid", "did you mean `wide`?"),
            (library, "resnet18", "it has `narrow`, `wide`"),
            ("relu", "wide", "it has no definitions, `let name = [ … ];`"),
            ("a: relu\nb: tanh", "cdef", "it has `a`, `b`"),
        ] {
            let error = pick(text, name).unwrap_err().to_string();
            assert!(
                error.contains(help) && error.contains("nets.spec"),
                "{error}"
            );
        }
        assert!(matches!(pick("let a = [", "a"), Err(Error::Spec { .. })));
    }
}
