use std::{collections::BTreeSet, path::Path, sync::Arc};

use tapeline_spec::quote;

use super::{
    DatasetDef, Loaded, Loading, Lookup, PATH,
    args::{LAYOUT, SEED, TEST, holdout},
    csv_lines::{Columns, IMAGE, LABEL, Lines, SPLIT},
    csv_pixels::pixels,
    listed::{Listed, Lists},
    loaded::split_note,
    picture_args::{CHANNELS, FIT, SIZE, SKIP_DAMAGED},
};
use crate::{
    DataError,
    classes::{self, CLASSES_FILE},
};

/// A CSV file with a label column and either pixel columns, one for each pixel, or a column of
/// paths of picture files.
///
/// The first line has the names of the columns. Pixel columns are all whose names begin with
/// `pixel`, or all other columns if there are none; their number must be a square for grey images,
/// or `size` must be given. Paths are relative to the folder of the file. Labels are whole numbers,
/// whose names may be in a file `classes.txt` in the same folder, or words, which are sorted.
/// Without a column of splits, some of the images are split off as test data.
pub(super) const CSV: DatasetDef = DatasetDef {
    name: "csv",
    about: "a CSV file of labels and pixels, or of labels and paths of picture files",
    args: &[
        PATH.info(),
        LABEL.info(),
        IMAGE.info(),
        SPLIT.info(),
        SIZE.info(),
        CHANNELS.info(),
        LAYOUT.info(),
        FIT.info(),
        SKIP_DAMAGED.info(),
        TEST.info(),
        SEED.info(),
    ],
    examples: &[
        "csv(\"train.csv\")",
        "csv(\"train.csv\", label=\"digit\", test=0.1)",
        "csv(\"pictures.csv\", label=\"kind\", image=\"file\", size=32)",
    ],
    recognises: |lookup: &Lookup| {
        let is_table = lookup.has_ending("csv") || lookup.has_ending("tsv");
        is_table.then_some("a CSV file")
    },
    load,
    ..DatasetDef::BASE
};

fn load(loading: &Loading) -> Result<Loaded, DataError> {
    let file = loading.path;
    let columns = Columns::read(loading)?;
    let mut lines = Lines::read(file, &columns)?;
    if lines.labels.is_empty() {
        return Err(DataError::NoImages { file: file.into() });
    }
    let (classes, labels) = class_names(&lines.labels, file)?;
    if columns.image.is_some() {
        return listed(lines, classes, &labels, loading);
    }
    let mut notes = Vec::new();
    if !lines.parts.contains(&2) {
        // The labels are known before the pixels, so each image is stored in its part directly.
        let train: Vec<_> = (0..labels.len()).filter(|&i| lines.parts[i] == 0).collect();
        let of_train: Vec<u8> = train.iter().map(|&i| labels[i]).collect();
        let (held, seed) = holdout(loading.args);
        let (_, test) = held.split(&of_train, seed)?;
        notes.push(split_note(test.len(), train.len()));
        test.iter().for_each(|&i| lines.parts[train[i]] = 2);
    }
    let [train, val, test] = pixels(&columns, &lines.parts, &labels, loading)?;
    let val = Some(val).filter(|val| !val.labels.is_empty());
    let mut loaded = Loaded::of(classes, train, val, test)?;
    loaded.notes.extend(notes);
    Ok(loaded)
}

/// Returns the classes, with the names of `classes.txt` if labels are numbers.
fn class_names(labels: &[String], file: &Path) -> Result<(Arc<[String]>, Vec<u8>), DataError> {
    let (found, numbers) = of_text(labels, file)?;
    let is_number = |(i, name): (usize, &String)| *name == i.to_string();
    let folder = file.parent().unwrap_or(Path::new(""));
    match classes::read(&folder.join(CLASSES_FILE))? {
        Some(names) if found.iter().enumerate().all(is_number) => {
            Ok((classes::numbered(&names, numbers.iter()), numbers))
        }
        _ => Ok((found, numbers)),
    }
}

/// Loads the pictures whose paths are in the lines.
fn listed(
    lines: Lines,
    classes: Arc<[String]>,
    labels: &[u8],
    loading: &Loading,
) -> Result<Loaded, DataError> {
    let mut parts = [const { Vec::new() }; 3];
    for ((path, part), &label) in lines.paths.into_iter().zip(lines.parts).zip(labels) {
        parts[part].push(Listed { file: path, label });
    }
    let origin = loading.path;
    let lists = Lists {
        classes,
        parts,
        origin,
    };
    lists.load(loading)
}

/// Returns the classes of labels written as text, and the class of each label.
///
/// Whole numbers are class numbers. Other labels are names of classes, which are sorted by bytes.
///
/// # Errors
/// Returns an error if labels are numbers but not all are whole and below 256, or if there are too
/// many names.
fn of_text(labels: &[String], file: &Path) -> Result<(Arc<[String]>, Vec<u8>), DataError> {
    let is_number = |label: &String| label.parse::<f64>().is_ok_and(f64::is_finite);
    if !labels.is_empty() && labels.iter().all(is_number) {
        let number = |(i, label): (usize, &String)| {
            label.parse::<u8>().map_err(|_| {
                let problem = format!(
                    "label {} at position {i}, wanted a whole number, 0 to 255",
                    quote(label)
                );
                DataError::invalid(file, problem)
            })
        };
        let numbers: Vec<u8> = labels
            .iter()
            .enumerate()
            .map(number)
            .collect::<Result<_, _>>()?;
        return Ok((classes::numbered::<&str>(&[], numbers.iter()), numbers));
    }
    let names: BTreeSet<&String> = labels.iter().collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    classes::expect_distinct(&names, file)?;
    let class = |label| names.binary_search(label).unwrap_or_default() as u8;
    let numbers = labels.iter().map(class).collect();
    Ok((names.into(), numbers))
}
