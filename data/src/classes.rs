//! Names of classes: numbers, a file `classes.txt`, or labels that are words.

use std::{collections::BTreeSet, io::ErrorKind, path::Path, sync::Arc};

use tapeline_spec::quote;

use crate::{DataError, files};

/// The maximum number of classes, since labels are bytes.
pub(crate) const MAX_CLASSES: usize = 256;

/// A file with the name of each class on a line.
pub(crate) const CLASSES_FILE: &str = "classes.txt";

/// Reads the names from a file with one on each line, if it exists.
///
/// # Errors
/// Returns an error if the file can't be read, isn't UTF-8, or has a name twice.
pub(crate) fn read(file: &Path) -> Result<Option<Vec<String>>, DataError> {
    let text = match files::read_regular(file) {
        Ok(bytes) => String::from_utf8(bytes),
        Err(reason) if reason.kind() == ErrorKind::NotFound => return Ok(None),
        Err(reason) => {
            return Err(DataError::Io {
                file: file.into(),
                doing: "read",
                reason,
            });
        }
    };
    let text = text.map_err(|_| DataError::invalid(file, "is not UTF-8 text"))?;
    let text = text.trim_start_matches('\u{feff}');
    let names: Vec<String> = text.lines().map(|line| line.trim().into()).collect();
    let names = match names.iter().rposition(|name| !name.is_empty()) {
        None => return Err(DataError::invalid(file, "holds no class names")),
        Some(last) => names[..=last].to_vec(),
    };
    expect_distinct(&names, file)?;
    Ok(Some(names))
}

/// Checks that no name is empty or used twice, and that labels can number them.
pub(crate) fn expect_distinct(names: &[String], file: &Path) -> Result<(), DataError> {
    let mut seen = BTreeSet::new();
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(DataError::invalid(
                file,
                format!("the name of class {i} is empty"),
            ));
        }
        if !seen.insert(name) {
            return Err(DataError::invalid(
                file,
                format!("two classes are named {}", quote(name)),
            ));
        }
    }
    expect_countable(names.len(), file)
}

pub(crate) fn expect_countable(count: usize, file: &Path) -> Result<(), DataError> {
    match count <= MAX_CLASSES {
        true => Ok(()),
        false => Err(DataError::invalid(
            file,
            format!("{count} classes, wanted at most {MAX_CLASSES}"),
        )),
    }
}

/// Returns the names of numbered classes: the given names, then numbers up to the highest label.
pub(crate) fn numbered<'l, S: AsRef<str>>(
    names: &[S],
    labels: impl Iterator<Item = &'l u8>,
) -> Arc<[String]> {
    let highest = labels.copied().max();
    let count = highest.map_or(0, |label| usize::from(label) + 1);
    (0..count.max(names.len()))
        .map(|i| {
            let name = names.get(i).map(|name| name.as_ref().to_string());
            name.unwrap_or_else(|| i.to_string())
        })
        .collect()
}
