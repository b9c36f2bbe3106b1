//! The values of images and labels in NumPy archives.

use std::path::Path;

use super::npz_arrays::Place;
use crate::{
    DataError, Images,
    layout::Layout,
    npy::{Header, Kind},
    npz::Archive,
    storage::Storage,
};

/// Returns the factor that makes floats bytes, the same for all arrays, and a note if it isn't 1.
///
/// # Errors
/// Returns an error if a value isn't finite, or is outside of the range of bytes.
pub(super) fn range<'p>(
    places: impl Iterator<Item = &'p Place>,
) -> Result<(f64, Option<String>), DataError> {
    let (mut highest, mut is_float) = (0f64, false);
    for place in places {
        let mut archive = Archive::open(&place.archive)?;
        let array = archive.array(&place.array)?;
        if (array.header.kind, array.header.width) == (Kind::Unsigned, 1) {
            continue;
        }
        let floats = array.header.kind == Kind::Float;
        is_float |= floats;
        array.numbers(|i, number| {
            if !(0.0..=255.0).contains(&number) {
                let wanted = "wanted pixels from 0 to 255, or from 0 to 1";
                let problem = format!("the value at position {i} is {number}, {wanted}");
                return Err(DataError::invalid(place.file(), problem));
            }
            if floats {
                highest = highest.max(number);
            }
            Ok(())
        })?;
    }
    Ok(match is_float && highest <= 1.0 {
        true => (
            255.0,
            Some("pixels from 0 to 1 are multiplied by 255".into()),
        ),
        false => (1.0, None),
    })
}

/// Reads images; floats are multiplied by `scale` and rounded.
pub(super) fn images(
    place: &Place,
    layout: Option<Layout>,
    scale: f64,
    storage: &Storage,
) -> Result<Images, DataError> {
    let mut archive = Archive::open(&place.archive)?;
    let array = archive.array(&place.array)?;
    let (file, header) = (place.file(), &array.header);
    let (count, shape, layout) = shape(header, layout, &file)?;
    let area: usize = shape.iter().product();
    let mut writer = storage.writer((count * area) as u64, &file)?;
    let (mut pixels, mut image) = (Vec::new(), Vec::new());
    array.read(area, |header, bytes| {
        pixels.clear();
        match (header.kind, header.width) {
            (Kind::Unsigned, 1) => pixels.extend_from_slice(bytes),
            (kind, width) => {
                let scale = if kind == Kind::Float { scale } else { 1.0 };
                let elements = bytes.chunks_exact(width);
                pixels
                    .extend(elements.map(|element| (header.number(element) * scale).round() as u8));
            }
        }
        layout.arrange(&pixels, shape[0], &mut image);
        writer.write(&image)
    })?;
    let [channels, rows, cols] = shape;
    Ok(Images::stored(
        writer.finish()?,
        [count, channels, rows, cols],
    ))
}

/// Returns the number of images, their shape, and the order of their sizes in the array.
fn shape(
    header: &Header,
    given: Option<Layout>,
    file: &Path,
) -> Result<(usize, [usize; 3], Layout), DataError> {
    let fail = |problem: String| Err(DataError::invalid(file, problem));
    let sizes = &header.shape;
    let (count, shape, layout) = match sizes[..] {
        [count, rows, cols] => (count, [1, rows, cols], Layout::Chw),
        [count, a, b, c] => {
            let is_few = |channels| (1..=4).contains(&channels);
            let layout = match (given, is_few(a), is_few(c)) {
                (Some(layout), ..) => layout,
                (None, true, false) => Layout::Chw,
                (None, false, true) => Layout::Hwc,
                (None, ..) => {
                    let problem =
                        format!("has sizes {sizes:?}, which don't say where the channels are");
                    return Err(DataError::invalid(file, problem).help(
                        "give the order of the last three sizes: `layout=hwc` or `layout=chw`",
                    ));
                }
            };
            (count, layout.shape([a, b, c]), layout)
        }
        _ => {
            return fail(format!(
                "has sizes {sizes:?}, wanted [n, rows, columns], [n, rows, columns, channels] or [n, channels, rows, columns]"
            ));
        }
    };
    match count > 0 && shape.contains(&0) {
        true => Err(DataError::NoPixels {
            file: file.into(),
            rows: shape[1],
            cols: shape[2],
        }),
        false => Ok((count, shape, layout)),
    }
}

/// Reads labels: whole numbers from 0 to 255, `[n]` or `[n, 1]`.
pub(super) fn labels(place: &Place) -> Result<Vec<u8>, DataError> {
    let mut archive = Archive::open(&place.archive)?;
    let array = archive.array(&place.array)?;
    let file = place.file();
    if !matches!(array.header.shape[..], [_] | [_, 1]) {
        let sizes = &array.header.shape;
        let problem =
            format!("has sizes {sizes:?}, wanted one label for each image: [n] or [n, 1]");
        return Err(DataError::invalid(file, problem));
    }
    let mut labels = Vec::new();
    array.numbers(|i, number| {
        if number.fract() != 0.0 || !(0.0..=255.0).contains(&number) {
            let problem =
                format!("label {number} at position {i}, wanted a whole number, 0 to 255");
            return Err(DataError::invalid(&file, problem));
        }
        labels.push(number as u8);
        Ok(())
    })?;
    Ok(labels)
}
