//! Peak memory of decoding images.
#![cfg(feature = "pictures")]

use std::{fs, io::Cursor, path::Path};

use image::{ColorType, ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use peak_alloc::PeakAlloc;
use tapeline_data::read_picture_from;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The limit documented for `read_picture`.
const LIMIT: usize = 256 << 20;

/// Returns the peak memory of decoding an image, or `None` if it was rejected as too large.
fn peak(bytes: &[u8], channels: usize) -> Option<usize> {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let read = read_picture_from(bytes, channels, "picture");
    let peak = ALLOCATOR.peak_usage() - before;
    assert!(peak <= LIMIT, "{} MiB", peak >> 20);
    match read {
        Ok(_) => Some(peak),
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains("is too large, wanted at most"), "{error}");
            assert!(peak < 1 << 20, "{peak} bytes for what is refused");
            None
        }
    }
}

fn png(side: usize, color: ColorType) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let pixels = vec![77; side * side * usize::from(color.bytes_per_pixel())];
    let side = side as u32;
    PngEncoder::new(&mut bytes)
        .write_image(&pixels, side, side, ExtendedColorType::from(color))
        .unwrap();
    bytes.into_inner()
}

/// Reads a JPEG file and changes the size in its header.
fn resized(name: &str, side: u16) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures");
    let mut bytes = fs::read(folder.join(name)).unwrap();
    let frame = bytes
        .windows(2)
        .position(|pair| pair[0] == 0xff && matches!(pair[1], 0xc0 | 0xc2))
        .unwrap();
    let side = side.to_be_bytes();
    bytes[frame + 5..frame + 9].copy_from_slice(&[side, side].concat());
    bytes
}

/// A single test, since memory is counted for the whole program.
#[test]
fn no_picture_takes_more_than_the_limit() {
    for (color, side, channels, fits) in [
        (ColorType::L8, 8192, 1, true),
        (ColorType::L8, 8192, 3, false),
        (ColorType::Rgb8, 8192, 1, false),
        (ColorType::Rgba8, 8192, 1, false),
        (ColorType::Rgba8, 4096, 1, true),
        (ColorType::Rgba16, 4096, 3, true),
        (ColorType::Rgba16, 8192, 3, false),
    ] {
        let peak = peak(&png(side, color), channels);
        assert_eq!(peak.is_some(), fits, "{color:?}, {side}, {channels}");
    }

    for name in [
        "baseline.jpg",
        "progressive.jpg",
        "progressive-420.jpg",
        "cmyk.jpg",
    ] {
        for side in [4096, 8192] {
            let bytes = resized(name, side);
            let before = ALLOCATOR.current_usage();
            ALLOCATOR.reset_peak_usage();
            // The data is too short for that size, which is only noticed after memory has been
            // allocated.
            assert!(read_picture_from(&bytes, 3, name).is_err());
            let peak = ALLOCATOR.peak_usage() - before;
            assert!(peak <= LIMIT, "{name}, {side}: {} MiB", peak >> 20);
        }
    }
}
