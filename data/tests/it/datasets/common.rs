//! What several tests need.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::{ColorType, ExtendedColorType};
use tapeline_data::{DataError, DataSource, LoadOptions, Loaded, datasets};

/// Loads a call or path of the built-in datasets.
pub fn load(text: impl AsRef<std::ffi::OsStr>) -> Result<Loaded, DataError> {
    DataSource::find(text, &datasets())?.load(&LoadOptions::default())
}

/// Formats a call with a path and further arguments.
pub fn call(name: &str, path: &Path, rest: &str) -> String {
    format!("{name}(\"{}\"{rest})", path.display())
}

/// Asserts that the message of the error contains all of these parts.
#[track_caller]
pub fn says<T>(result: Result<T, DataError>, parts: &[&str]) {
    let text = result.err().expect("an error").to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// Asserts that one of the notes or warnings contains this text.
#[track_caller]
pub fn has(notes: &[String], text: &str) {
    let found = notes.iter().any(|note| note.contains(text));
    assert!(found, "{text:?} is not in {notes:?}");
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/datasets")
}

/// What Pillow and NumPy read from the fixtures.
pub fn expected() -> serde_json::Value {
    let text = fs::read_to_string(fixtures().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns a list of bytes of `expected.json`.
pub fn bytes(value: &serde_json::Value) -> Vec<u8> {
    let list = value.as_array().unwrap().iter();
    list.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap())
        .collect()
}

/// Writes a PNG file, and the folder that contains it. Pixels are `[channels, rows, columns]`.
pub fn write_png(file: &Path, pixels: &[u8], [channels, rows, cols]: [usize; 3]) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let area = rows * cols;
    let last = (0..area).flat_map(|i| (0..channels).map(move |channel| pixels[channel * area + i]));
    let color = if channels == 1 {
        ColorType::L8
    } else {
        ColorType::Rgb8
    };
    let last: Vec<u8> = last.collect();
    let (rows, cols) = (rows as u32, cols as u32);
    image::save_buffer(file, &last, cols, rows, ExtendedColorType::from(color)).unwrap();
}

/// Writes a picture of one grey value.
pub fn write_grey(file: impl AsRef<Path>, value: u8) {
    write_png(file.as_ref(), &[value; 12], [1, 3, 4]);
}
