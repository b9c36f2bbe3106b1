//! The pixels of a CSV file with a column for each of them.

use ::csv::ByteRecord;
use tapeline_spec::{SizeOrWord, SizesOrWord, quote};

use super::{
    Loading,
    args::layout,
    csv_lines::{Columns, at_line, next, open, text},
    loaded::Part,
    picture_args::{CHANNELS, SIZE},
};
use crate::{DataError, Images, layout::Layout};

/// Reads the pixels of all images into their parts.
pub(super) fn pixels(
    columns: &Columns,
    parts: &[usize],
    labels: &[u8],
    loading: &Loading,
) -> Result<[Part; 3], DataError> {
    let file = loading.path;
    let places = columns.pixels();
    let (shape, layout) = shape(places.len(), loading)?;
    let writer = |part: usize| {
        let count = parts.iter().filter(|&&found| found == part).count();
        loading.storage.writer((count * places.len()) as u64, file)
    };
    let mut writers = [writer(0)?, writer(1)?, writer(2)?];
    let mut numbers = [const { Vec::new() }; 3];
    let (mut reader, mut record) = (open(file)?, ByteRecord::new());
    let (mut read, mut image) = (Vec::new(), Vec::new());
    for (&part, &label) in parts.iter().zip(labels) {
        if !next(&mut reader, &mut record, file)? {
            return Err(DataError::invalid(file, "became shorter while it was read"));
        }
        read.clear();
        for &place in &places {
            read.push(pixel(&record[place]).ok_or_else(|| {
                let (name, found) = (quote(&columns.names[place]), quote(&text(&record[place])));
                let wanted = "wanted a whole number, 0 to 255";
                at_line(file, &record, format!("column {name} is {found}, {wanted}"))
            })?);
        }
        layout.arrange(&read, shape[0], &mut image);
        writers[part].write(&image)?;
        numbers[part].push(label);
    }
    let [channels, rows, cols] = shape;
    let mut found = writers.into_iter().zip(numbers).map(|(writer, labels)| {
        let images = Images::stored(writer.finish()?, [labels.len(), channels, rows, cols]);
        Ok(Part::of_file(images, labels, file))
    });
    let mut part = || {
        found
            .next()
            .unwrap_or_else(|| unreachable!("there are three parts"))
    };
    Ok([part()?, part()?, part()?])
}

/// Returns a pixel: a whole number, also if it is written with a point, as in `255.0`.
fn pixel(field: &[u8]) -> Option<u8> {
    let text = str::from_utf8(field).ok()?.trim();
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        (number.fract() == 0.0 && (0.0..=255.0).contains(&number)).then_some(number as u8)
    })
}

/// Returns the shape of images with this number of pixels, and the order in which they are given.
fn shape(pixels: usize, loading: &Loading) -> Result<([usize; 3], Layout), DataError> {
    let layout = layout(loading.args);
    let fail =
        |problem: String, help: &str| Err(DataError::invalid(loading.path, problem).help(help));
    let channels = match loading.args.get(CHANNELS) {
        SizeOrWord::Size(channels) => Some(channels),
        _ => None,
    };
    let square = |pixels: usize| Some(pixels.isqrt()).filter(|side| side * side == pixels);
    let found = match (loading.args.get(SIZE), channels) {
        (SizesOrWord::Sizes([rows, cols]), _) => {
            let channels = channels.unwrap_or(pixels / (rows * cols));
            Some([channels, rows, cols])
        }
        (SizesOrWord::Word(_), Some(channels)) => {
            square(pixels / channels).map(|side| [channels, side, side])
        }
        (SizesOrWord::Word(_), None) => square(pixels)
            .map(|side| [1, side, side])
            .or_else(|| square(pixels / 3).map(|side| [3, side, side])),
    };
    let shape = found.filter(|shape| pixels > 0 && shape.iter().product::<usize>() == pixels);
    match (shape, layout) {
        (None, _) => fail(
            format!("{pixels} pixel columns are no image of that size, or no square"),
            "give rows and columns: `size=(28, 28)`; for pictures, name the column of their paths: `image=\"…\"`",
        ),
        (Some(shape @ [1, ..]), _) => Ok((shape, Layout::Chw)),
        (Some(shape), Some(layout)) => Ok((shape, layout)),
        (Some(_), None) => fail(
            format!("the order of the {pixels} pixel columns of a colour image is unknown"),
            "give it: `layout=hwc` if the channels of a pixel are next to each other, else `layout=chw`",
        ),
    }
}
