//! Detection of file types by their first bytes.

/// A type of file that may be found in place of the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    /// Its name with an article: `a PNG picture`.
    pub name: &'static str,
    /// What the user can do if another type is expected.
    pub help: Option<&'static str>,
}

const TEXT: &str = "a text";

const UNPACK: Option<&str> = Some("unpack it first");
const FETCH: Option<&str> = Some("fetch the file again");
const CONVERT_PICTURE: Option<&str> = Some("convert it to PNG");
const FROM_PYTORCH: Option<&str> = Some(
    "convert it in Python: `safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")`",
);
const TO_SAFETENSORS: Option<&str> =
    Some("convert it in Python to a safetensors file with the names of PyTorch's `state_dict`");

/// A name, its help, and a predicate for the first bytes of a file.
type Known = (&'static str, Option<&'static str>, fn(&[u8]) -> bool);

/// Known types of files; the first match wins.
const KINDS: &[Known] = &[
    ("empty", FETCH, |b| b.is_empty()),
    ("a safetensors file", None, is_safetensors),
    ("an IDX file", None, |b| {
        matches!(b, [0, 0, 8 | 9 | 11..=14, 1..=8, ..])
    }),
    ("a PNG picture", None, |b| {
        b.starts_with(b"\x89PNG\r\n\x1a\n")
    }),
    ("a JPEG picture", None, |b| b.starts_with(b"\xff\xd8\xff")),
    ("a GIF picture", CONVERT_PICTURE, |b| b.starts_with(b"GIF8")),
    ("a WebP picture", CONVERT_PICTURE, |b| {
        b.starts_with(b"RIFF") && at(b, 8, b"WEBP")
    }),
    ("a TIFF picture", CONVERT_PICTURE, |b| {
        b.starts_with(b"II*\0") || b.starts_with(b"MM\0*")
    }),
    ("a BMP picture", CONVERT_PICTURE, |b| {
        b.starts_with(b"BM") && at(b, 6, &[0; 4])
    }),
    ("a HEIF or AVIF picture", CONVERT_PICTURE, |b| {
        at(b, 4, b"ftyp")
    }),
    ("a PDF document", CONVERT_PICTURE, |b| {
        b.starts_with(b"%PDF-")
    }),
    ("a PyTorch file", FROM_PYTORCH, |b| {
        is_zip(b) && has(b, b"data.pkl")
    }),
    ("a PyTorch file or another pickle", FROM_PYTORCH, |b| {
        matches!(b, [0x80, 2..=5, ..])
    }),
    ("a NumPy archive", TO_SAFETENSORS, |b| {
        is_zip(b) && has(b, b".npy")
    }),
    ("a NumPy array", TO_SAFETENSORS, |b| {
        b.starts_with(b"\x93NUMPY")
    }),
    ("a Keras model", TO_SAFETENSORS, |b| {
        is_zip(b) && (has(b, b"model.weights.h5") || has(b, b"metadata.json"))
    }),
    ("an HDF5 file", TO_SAFETENSORS, |b| {
        b.starts_with(b"\x89HDF\r\n\x1a\n")
    }),
    ("a GGUF file", TO_SAFETENSORS, |b| b.starts_with(b"GGUF")),
    ("a TensorFlow Lite model", TO_SAFETENSORS, |b| {
        at(b, 4, b"TFL3")
    }),
    ("an ONNX model", TO_SAFETENSORS, |b| {
        // The first two fields of the message: the version, then the name of the producer or the
        // graph.
        matches!(b, [0x08, 1..=32, 0x12 | 0x3a, ..])
    }),
    ("a zip archive", UNPACK, is_zip),
    ("a gzip file", UNPACK, |b| b.starts_with(b"\x1f\x8b")),
    ("a bzip2 file", UNPACK, |b| b.starts_with(b"BZh")),
    ("an xz file", UNPACK, |b| b.starts_with(b"\xfd7zXZ\0")),
    ("a Zstandard file", UNPACK, |b| {
        b.starts_with(b"\x28\xb5\x2f\xfd")
    }),
    ("a 7z archive", UNPACK, |b| {
        b.starts_with(b"7z\xbc\xaf\x27\x1c")
    }),
    ("a tar archive", UNPACK, |b| at(b, 257, b"ustar")),
    (
        "an HTML page",
        Some("its download failed: fetch the file again"),
        is_html,
    ),
    (
        "a Git LFS pointer",
        Some("fetch the file itself with `git lfs pull`"),
        |b| b.starts_with(b"version https://git-lfs"),
    ),
    (TEXT, None, is_text),
];

/// Identifies the type of a file by its first bytes, of which 1000 are enough.
///
/// Returns `None` if the type is unknown.
///
/// ```
/// let found = tapeline_data::identify(b"<!DOCTYPE html><html>").unwrap();
/// assert_eq!(found.name, "an HTML page");
/// ```
pub fn identify(bytes: &[u8]) -> Option<FileKind> {
    let found = KINDS.iter().find(|(_, _, is)| is(bytes));
    found.map(|&(name, help, _)| FileKind { name, help })
}

/// Identifies the type of a file if it isn't `wanted`, which is one of the names of [`FileKind`].
///
/// Returns `None` if the type is `wanted`, text or unknown: the reader of `wanted` then gives a
/// better error message.
pub fn identify_other(bytes: &[u8], wanted: &str) -> Option<FileKind> {
    identify(bytes).filter(|kind| kind.name != wanted && kind.name != TEXT)
}

impl FileKind {
    /// Returns a message about a file of this type where `wanted` is expected: `is an HTML page,
    /// wanted a PNG picture; fetch the file again`.
    pub fn instead_of(&self, wanted: &str) -> String {
        match self.help {
            Some(help) => format!("is {}, wanted {wanted}; {help}", self.name),
            None => format!("is {}, wanted {wanted}", self.name),
        }
    }
}

fn at(bytes: &[u8], place: usize, wanted: &[u8]) -> bool {
    bytes
        .get(place..)
        .is_some_and(|rest| rest.starts_with(wanted))
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Checks for a header length below 4 GiB, followed by an opening brace.
fn is_safetensors(bytes: &[u8]) -> bool {
    at(bytes, 4, b"\0\0\0\0{")
}

fn is_html(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    let begins = |tag: &[u8]| {
        start
            .get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
    };
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body"]
        .into_iter()
        .any(begins)
}

/// Checks for printable UTF-8, which may be cut within a character.
fn is_text(bytes: &[u8]) -> bool {
    let bytes = &bytes[..bytes.len().min(512)];
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}
