//! Datasets of picture files whose labels are known before the files are read.

use std::{collections::HashMap, path::Path, path::PathBuf, sync::Arc};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use tapeline_spec::{Arg, Args, SizeOrWord, SizesOrWord, printable};

use super::{
    Loaded, Loading,
    args::holdout,
    loaded::{Part, split_note},
};
use crate::{
    DataError, Images,
    pictures::{Common, Fit, Frame, read_all, survey},
};

pub(super) const SIZE: Arg<SizesOrWord> = Arg::new(
    "size",
    "rows and columns; `auto` is the size of the pictures if it is the same, else 32",
)
.choices(&["auto"])
.range(1..=8192)
.default(SizesOrWord::Word("auto"))
.keyword_only();

pub(super) const CHANNELS: Arg<SizeOrWord> = Arg::new(
    "channels",
    "1 is grey, 3 is colour; `auto` is 1 if all pictures are grey",
)
.choices(&["auto"])
.range(1..=3)
.default(SizeOrWord::Word("auto"))
.keyword_only();

pub(super) const FIT: Arg<&str> =
    Arg::new("fit", "how a picture gets another ratio of height to width")
        .choices(&["pad", "crop", "stretch"])
        .default("pad")
        .keyword_only();

pub(super) const SKIP_DAMAGED: Arg<bool> =
    Arg::new("skip_damaged", "pass over pictures that can't be read")
        .default(false)
        .keyword_only();

/// The size of pictures that differ in size, or are too large to be kept as they are.
const DEFAULT_SIDE: usize = 32;

/// The maximum side of pictures that are kept as they are.
const MAX_AUTO_SIDE: usize = 256;

/// A picture file with its class.
#[derive(Clone)]
pub(super) struct Listed {
    pub file: PathBuf,
    pub label: u8,
}

/// Picture files in the three parts of a dataset, and the file or folder that lists them.
pub(super) struct Lists<'a> {
    pub classes: Arc<[String]>,
    pub train: Vec<Listed>,
    pub val: Vec<Listed>,
    pub test: Vec<Listed>,
    pub origin: &'a Path,
}

/// The arguments about pictures.
struct Wanted {
    size: Option<[usize; 2]>,
    channels: Option<usize>,
    fit: Fit,
    skip_damaged: bool,
}

impl Wanted {
    fn of(args: &Args, origin: &Path) -> Result<Self, DataError> {
        let channels = match args.get(CHANNELS) {
            SizeOrWord::Word(_) => None,
            SizeOrWord::Size(2) => {
                let problem = "`channels` is 2; a picture has 1 channel (grey) or 3 (colour)";
                return Err(DataError::invalid(origin, problem));
            }
            SizeOrWord::Size(channels) => Some(channels),
        };
        Ok(Wanted {
            size: match args.get(SIZE) {
                SizesOrWord::Word(_) => None,
                SizesOrWord::Sizes(sizes) => Some(sizes),
            },
            channels,
            fit: match args.get(FIT) {
                "crop" => Fit::Crop,
                "stretch" => Fit::Stretch,
                _ => Fit::Pad,
            },
            skip_damaged: args.get(SKIP_DAMAGED),
        })
    }

    /// Returns the shape of the images, reading the headers of all pictures if it depends on them.
    fn frame(&self, lists: &[&Vec<Listed>], notes: &mut Vec<String>) -> Frame {
        let common = match (self.size, self.channels) {
            (Some(_), Some(_)) => Common {
                size: None,
                is_grey: false,
            },
            _ => {
                let all = lists.iter().flat_map(|list| list.iter());
                survey(&all.map(|listed| &*listed.file).collect::<Vec<_>>())
            }
        };
        let kept = common
            .size
            .filter(|sides| sides.iter().all(|&side| side <= MAX_AUTO_SIDE));
        let [rows, cols] = self.size.or(kept).unwrap_or_else(|| {
            let found = match common.size {
                Some([rows, cols]) => format!("are {rows}x{cols}"),
                None => "differ in size".into(),
            };
            notes.push(format!(
                "pictures {found}: they are resized to {DEFAULT_SIDE}x{DEFAULT_SIDE}; choose another size with `size`"
            ));
            [DEFAULT_SIDE; 2]
        });
        let channels = self.channels.unwrap_or(if common.is_grey { 1 } else { 3 });
        Frame {
            shape: [channels, rows, cols],
            fit: self.fit,
        }
    }
}

impl Lists<'_> {
    /// Reads all pictures, after splitting off test data if there are none.
    ///
    /// # Errors
    /// Returns an error that names every picture that can't be read, unless they are skipped.
    pub fn load(mut self, loading: &Loading) -> Result<Loaded, DataError> {
        let wanted = Wanted::of(loading.args, self.origin)?;
        let mut notes = Vec::new();
        if self.train.is_empty() {
            return Err(DataError::NoImages {
                file: self.origin.into(),
            });
        }
        if self.test.is_empty() {
            let labels: Vec<u8> = self.train.iter().map(|listed| listed.label).collect();
            let (holdout, seed) = holdout(loading.args);
            let (train, test) = holdout.split(&labels, seed)?;
            notes.push(split_note(test.len(), labels.len()));
            let chosen =
                |indices: &[usize]| indices.iter().map(|&i| self.train[i].clone()).collect();
            (self.train, self.test) = (chosen(&train), chosen(&test));
        }
        let frame = wanted.frame(&[&self.train, &self.val, &self.test], &mut notes);
        let all = self.train.len() + self.val.len() + self.test.len();
        let (mut first, mut damaged) = (0, Vec::new());
        let mut read = |list: &mut Vec<Listed>| {
            let files: Vec<_> = list.iter().map(|listed| &*listed.file).collect();
            let options = loading.options;
            let (images, errors) =
                read_all(&files, frame, &loading.storage, options, [first, all])?;
            first += files.len();
            let is_damaged: Vec<usize> = errors.iter().map(|&(i, _)| i).collect();
            let mut i = 0..;
            list.retain(|_| {
                is_damaged
                    .binary_search(&i.next().unwrap_or_default())
                    .is_err()
            });
            damaged.extend(errors.into_iter().map(|(_, error)| error));
            Ok::<Images, DataError>(images)
        };
        let images = [
            read(&mut self.train)?,
            read(&mut self.val)?,
            read(&mut self.test)?,
        ];
        let mut warnings = Vec::new();
        if wanted.skip_damaged && !damaged.is_empty() {
            let first = &damaged[0];
            warnings.push(format!(
                "{} of {all} pictures can't be read and are skipped; the first: {first}",
                damaged.len()
            ));
        } else {
            DataError::all::<()>(damaged.into_iter().map(Err).collect())?;
        }
        let lists = [&self.train, &self.val, &self.test];
        let twice = [1, 2].map(|i| duplicates([0, i], lists, &images));
        warnings.extend(twice.into_iter().flatten());

        let part = |images: Images, list: &[Listed]| {
            let labels = list.iter().map(|listed| listed.label).collect();
            Part::of_file(images, labels, self.origin)
        };
        let [train, val, test] = images;
        let (train, test) = (part(train, &self.train), part(test, &self.test));
        let val = Some(part(val, &self.val)).filter(|val| !val.labels.is_empty());
        let mut loaded = Loaded::of(self.classes, train, val, test)?;
        loaded.notes.extend(notes);
        let shown = warnings.iter().map(|warning| printable(warning));
        loaded.warnings.extend(shown);
        Ok(loaded)
    }
}

/// Returns a warning if the same pixels are in two parts.
fn duplicates(
    [a, b]: [usize; 2],
    lists: [&Vec<Listed>; 3],
    images: &[Images; 3],
) -> Option<String> {
    let sums = |images: &Images| -> Vec<[u8; 32]> {
        let indices = (0..images.count()).into_par_iter();
        indices
            .map(|i| Sha256::digest(images.pixels(i)).into())
            .collect()
    };
    let (first, second) = (sums(&images[a]), sums(&images[b]));
    let places: HashMap<_, _> = first.iter().zip(lists[a]).rev().collect();
    let mut twice = second
        .iter()
        .zip(lists[b])
        .filter_map(|(sum, listed)| Some((places.get(sum)?, listed)));
    let (one, other) = twice.next()?;
    let more = twice.count();
    let names = ["training", "validation", "test"];
    let rest = match more {
        0 => String::new(),
        _ => format!(" ({more} more)"),
    };
    Some(format!(
        "the same picture is in {} and {} data: {} and {}{rest}",
        names[a],
        names[b],
        one.file.display(),
        other.file.display()
    ))
}
