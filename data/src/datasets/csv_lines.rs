//! The lines of a CSV file: labels, paths, parts, and which columns hold them.

use std::{
    borrow::Cow,
    fs::File,
    path::{Path, PathBuf},
};

use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use tapeline_spec::{Arg, quote};

use super::{Loading, args::part_named};
use crate::{
    DataError,
    error::quoted,
    files::{self, Peeked},
    identify_other,
};

pub(super) const LABEL: Arg<String> = Arg::new("label", "column of the labels").default("label");
pub(super) const IMAGE: Arg<String> = Arg::new("image", "column of the paths of picture files")
    .default("path")
    .keyword_only();
pub(super) const SPLIT: Arg<String> = Arg::new("split", "column of the words train, val or test")
    .default("split")
    .keyword_only();

/// The columns of a file, by position.
pub(super) struct Columns {
    pub names: Vec<String>,
    label: usize,
    /// The column of paths.
    pub image: Option<usize>,
    split: Option<usize>,
}

/// What the lines say besides pixels.
#[derive(Default)]
pub(super) struct Lines {
    pub labels: Vec<String>,
    pub paths: Vec<PathBuf>,
    /// The part of each image: 0, 1 or 2 for training, validation or test data.
    pub parts: Vec<usize>,
}

impl Columns {
    pub fn read(loading: &Loading) -> Result<Self, DataError> {
        let file = loading.path;
        let mut reader = open(file)?;
        let header = reader
            .byte_headers()
            .map_err(|error| csv_error(file, error))?;
        let names: Vec<_> = header
            .iter()
            .map(|name| text(name).trim().to_string())
            .collect();
        let [label, image, split] = [LABEL, IMAGE, SPLIT].map(|key| loading.args.get(key));
        let find = |name: &String| names.iter().position(|found| found == name);
        let missing = |name: &String, key: &str| {
            let (name, held) = (quote(name), quoted(&names));
            let problem = format!("has no column {name}; its columns are {held}");
            DataError::invalid(file, problem).help(format!(
                "name the column with `{key}=\"…\"`; the first line must hold the names"
            ))
        };
        let place = find(&label).ok_or_else(|| missing(&label, "label"))?;
        let optional = |name: &String, key: &str| match find(name) {
            None if loading.args.given(key) => Err(missing(name, key)),
            found => Ok(found),
        };
        let (image, split) = (optional(&image, "image")?, optional(&split, "split")?);
        Ok(Columns {
            label: place,
            image,
            split,
            names,
        })
    }

    /// Returns the positions of the pixel columns.
    pub fn pixels(&self) -> Vec<usize> {
        let all = || (0..self.names.len()).filter(|i| *i != self.label && Some(*i) != self.split);
        let named: Vec<_> = all()
            .filter(|&i| self.names[i].starts_with("pixel"))
            .collect();
        match named.is_empty() {
            true => all().collect(),
            false => named,
        }
    }
}

impl Lines {
    pub fn read(file: &Path, columns: &Columns) -> Result<Self, DataError> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut lines = Lines::default();
        let (mut reader, mut record) = (open(file)?, ByteRecord::new());
        while next(&mut reader, &mut record, file)? {
            lines
                .labels
                .push(text(&record[columns.label]).trim().into());
            if let Some(image) = columns.image {
                lines.paths.push(folder.join(text(&record[image]).trim()));
            }
            let part = columns.split.map_or(Ok(0), |split| {
                let word = text(&record[split]).trim().to_lowercase();
                let part = part_named(&word);
                part.ok_or_else(|| {
                    let name = quote(&columns.names[split]);
                    let wanted = "wanted train, val or test";
                    at_line(
                        file,
                        &record,
                        format!("column {name} is {}, {wanted}", quote(&word)),
                    )
                })
            });
            lines.parts.push(part?);
        }
        Ok(lines)
    }
}

/// Opens a file, which must be a regular file: it is read twice.
pub(super) fn open(file: &Path) -> Result<Reader<File>, DataError> {
    let io_error = |doing| {
        move |reason| DataError::Io {
            file: file.into(),
            doing,
            reason,
        }
    };
    let peeked = Peeked::new(files::open_regular(file).map_err(io_error("open"))?);
    let head = peeked.map_err(io_error("read"))?.head;
    const WANTED: &str = "a CSV file";
    if head.is_empty() {
        return Err(DataError::invalid(
            file,
            format!("is empty, wanted {WANTED}"),
        ));
    }
    if let Some(found) = identify_other(&head, WANTED) {
        return Err(DataError::Kind {
            file: file.into(),
            found,
            wanted: WANTED,
        });
    }
    let is_tsv = file
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("tsv"));
    let opened = files::open_regular(file).map_err(io_error("open"))?;
    let mut builder = ReaderBuilder::new();
    builder.delimiter(if is_tsv { b'\t' } else { b',' });
    Ok(builder.from_reader(opened))
}

/// Reads the next line; returns `false` at the end.
pub(super) fn next(
    reader: &mut Reader<File>,
    record: &mut ByteRecord,
    file: &Path,
) -> Result<bool, DataError> {
    let read = reader.read_byte_record(record);
    read.map_err(|error| csv_error(file, error))
}

fn csv_error(file: &Path, error: ::csv::Error) -> DataError {
    match error.into_kind() {
        ErrorKind::Io(reason) => DataError::Io {
            file: file.into(),
            doing: "read",
            reason,
        },
        ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.map_or(String::new(), |pos| format!("line {}: ", pos.line()));
            let problem = format!("{line}found {len} fields, wanted {expected_len}");
            DataError::invalid(file, problem)
        }
        other => DataError::invalid(file, format!("can't be read: {other:?}")),
    }
}

pub(super) fn at_line(file: &Path, record: &ByteRecord, problem: String) -> DataError {
    let line = record.position().map_or(0, |position| position.line());
    DataError::invalid(file, format!("line {line}: {problem}"))
}

pub(super) fn text(field: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(field)
}
