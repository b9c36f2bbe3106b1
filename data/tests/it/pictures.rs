//! Image files are decoded completely or rejected.

use std::{fs, io::Cursor, path::Path};

use image::{DynamicImage, ImageFormat};
use proptest::{prelude::*, sample::Index};
use tapeline_data::{Images, read_picture_from};

/// Returns JPEG files written by Pillow, and PNG and JPEG files written by the `image` crate with
/// each pixel type.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures");
    let mut pictures: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jpg"))
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    assert!(pictures.len() >= 8);
    let picture = DynamicImage::from(image::RgbaImage::from_fn(7, 5, |x, y| {
        [
            (x * 36) as u8,
            (y * 50) as u8,
            (x * y * 8) as u8,
            255 - x as u8,
        ]
        .into()
    }));
    let converted = [
        picture.to_luma8().into(),
        picture.to_luma_alpha8().into(),
        picture.to_rgb8().into(),
        picture.to_luma16().into(),
        picture.to_luma_alpha16().into(),
        picture.to_rgb16().into(),
        picture.to_rgba16().into(),
        picture,
    ];
    for picture in &converted as &[DynamicImage] {
        let color = picture.color();
        let formats = match color.has_alpha() || color.bytes_per_pixel() > 3 {
            true => &[ImageFormat::Png][..],
            false => &[ImageFormat::Png, ImageFormat::Jpeg],
        };
        for &format in formats {
            let mut bytes = Cursor::new(Vec::new());
            let written = picture.write_to(&mut bytes, format);
            if format == ImageFormat::Jpeg && written.is_err() {
                // JPEG doesn't support this pixel type.
                continue;
            }
            pictures.push((format!("{color:?} as {format:?}"), bytes.into_inner()));
        }
    }
    pictures
}

fn read(bytes: &[u8]) -> Result<Images, String> {
    read_picture_from(bytes, 1, "picture").map_err(|error| error.to_string())
}

#[test]
fn a_picture_is_read_to_its_end_and_no_further() {
    for (name, bytes) in pictures() {
        let whole = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let more = [&bytes[..], b"\0\xff\xd8 and what a camera appends"].concat();
        assert_eq!(read(&more), Ok(whole), "{name}");
    }
}

#[test]
fn every_truncated_picture_is_refused() {
    for (name, bytes) in pictures() {
        for length in 0..bytes.len() {
            let cut = read(&bytes[..length]);
            assert!(cut.is_err(), "{length} of {} bytes of {name}", bytes.len());
        }
    }
}

/// A JPEG file that lacks a part but has an end-of-image marker.
#[test]
fn jpeg_data_with_a_hole_are_refused() {
    for (name, bytes) in pictures() {
        let scan = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]);
        let Some(scan) = scan.filter(|_| bytes.starts_with(&[0xff, 0xd8])) else {
            continue;
        };
        let header = usize::from(u16::from_be_bytes([bytes[scan + 2], bytes[scan + 3]]));
        for end in scan + 2 + header..bytes.len() - 3 {
            let damaged = [&bytes[..end], &[0xff, 0xd9]].concat();
            assert!(
                read(&damaged).is_err(),
                "{name} with an end at {end} of {}",
                bytes.len()
            );
        }
    }
}

/// By default, the decoder fills undecodable parts with grey.
#[test]
fn jpeg_data_that_cannot_be_decoded_are_refused() {
    for (name, bytes) in pictures() {
        let Some(scan) = bytes.windows(2).position(|pair| pair == [0xff, 0xda]) else {
            continue;
        };
        if !bytes.starts_with(&[0xff, 0xd8]) {
            continue;
        }
        // No Huffman code in use consists of ones only, and the stuffed zeros keep these bytes from
        // being a marker.
        let data = scan + 2 + usize::from(u16::from_be_bytes([bytes[scan + 2], bytes[scan + 3]]));
        let garbage = [0xff, 0].repeat(64);
        let damaged = [&bytes[..data], &garbage, &bytes[data..]].concat();
        assert!(read(&damaged).is_err(), "{name}");
    }
}

#[test]
fn every_flipped_bit_in_a_chunk_of_a_png_is_refused() {
    for (name, bytes) in pictures() {
        if !bytes.starts_with(b"\x89PNG") {
            continue;
        }
        for place in 8..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                assert!(
                    read(&damaged).is_err(),
                    "bit {bit} of byte {place} of {name}"
                );
            }
        }
    }
}

#[test]
fn the_orientation_tag_is_followed() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/pictures")
            .join(name);
        tapeline_data::read_picture(path, 1).unwrap()
    };
    let (plain, oriented) = (read("baseline.jpg"), read("oriented.jpg"));
    let [_, rows, cols] = plain.shape();
    assert_eq!(oriented.shape(), [1, cols, rows]);
    for (place, &pixel) in oriented.pixels(0).iter().enumerate() {
        // Rotated by 90° clockwise: the first row is the first column, from bottom to top.
        let (row, col) = (place / rows, place % rows);
        assert_eq!(pixel, plain.pixels(0)[(rows - 1 - col) * cols + row]);
    }
}

proptest! {
    /// The checksums of a PNG detect a part cut out of it.
    #[test]
    fn a_png_with_a_hole_is_refused(which in any::<Index>(), one in any::<Index>(), other in any::<Index>()) {
        let pngs: Vec<_> = pictures().into_iter().filter(|(_, bytes)| bytes.starts_with(b"\x89PNG")).collect();
        let (name, bytes) = which.get(&pngs);
        let (one, other) = (8 + one.index(bytes.len() - 8), 8 + other.index(bytes.len() - 8));
        prop_assume!(one != other);
        let hole = one.min(other)..one.max(other);
        let damaged = [&bytes[..hole.start], &bytes[hole.end..]].concat();
        prop_assert!(read(&damaged).is_err(), "{hole:?} of {name}");
    }
}
