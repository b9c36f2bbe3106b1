//! The arguments about pictures, and the shape that they ask for.

use std::path::Path;

use tapeline_spec::{Arg, Args, SizeOrWord, SizesOrWord};

use super::listed::Listed;
use crate::{
    DataError,
    pictures::{Common, Fit, Frame, survey},
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

/// The arguments about pictures.
pub(super) struct Wanted {
    size: Option<[usize; 2]>,
    channels: Option<usize>,
    fit: Fit,
    pub skip_damaged: bool,
}

impl Wanted {
    pub fn of(args: &Args, origin: &Path) -> Result<Self, DataError> {
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
    pub fn frame(&self, parts: &[Vec<Listed>; 3], notes: &mut Vec<String>) -> Frame {
        let common = match (self.size, self.channels) {
            (Some(_), Some(_)) => Common {
                size: None,
                is_grey: false,
            },
            _ => {
                let all = parts.iter().flatten();
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
