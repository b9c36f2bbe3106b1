//! IDX files, uncompressed and gzipped.

use std::io::{Read, Write};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use tapeline_data::{Images, read_images_from, read_labels_from};

use super::message::expect_readable;

const GZIP: &[u8] = &[0x1f, 0x8b];

/// The maximum number of bytes decompressed to compare the contents of a gzip file.
const MOST_UNPACKED: u64 = 1 << 20;

/// Checks that encoding the images or labels read from a file reproduces the file.
pub fn raw(input: &[u8]) {
    if input.starts_with(GZIP) {
        return;
    }
    match read_images_from(input, "images") {
        Ok(images) => {
            let [channels, rows, cols] = images.shape();
            let sizes = match input[3] {
                3 => vec![images.count(), rows, cols],
                _ => vec![images.count(), channels, rows, cols],
            };
            assert_eq!(input, file(&sizes, images.bytes()));
        }
        Err(error) => expect_readable(&error),
    }
    match read_labels_from(input, "labels") {
        Ok(labels) => assert_eq!(input, file(&[labels.len()], &labels)),
        Err(error) => expect_readable(&error),
    }
}

/// Checks that a gzip file is read like its contents, and that other input is read the same after
/// gzipping it in two members.
pub fn gzipped(input: &[u8]) {
    if input.starts_with(GZIP) {
        let mut held = Vec::new();
        let mut unpacked = MultiGzDecoder::new(input).take(MOST_UNPACKED);
        match unpacked.read_to_end(&mut held) {
            // Too large to compare, or gzip within gzip.
            Ok(_) if held.len() as u64 == MOST_UNPACKED || held.starts_with(GZIP) => {}
            Ok(_) => expect_as_raw(input, &held),
            Err(_) => assert_eq!(read(input), (None, None)),
        }
    } else {
        let cut = input.first().map_or(0, |&first| usize::from(first)) % input.len().max(1);
        let (front, back) = input.split_at(cut);
        let packed = [member(front), member(back)].concat();
        expect_as_raw(&packed, input);
    }
}

fn expect_as_raw(packed: &[u8], raw: &[u8]) {
    assert_eq!(read(packed), read(raw));
}

fn read(bytes: &[u8]) -> (Option<Images>, Option<Vec<u8>>) {
    let images = read_images_from(bytes, "images").inspect_err(expect_readable);
    let labels = read_labels_from(bytes, "labels").inspect_err(expect_readable);
    (images.ok(), labels.ok())
}

/// Encodes bytes as an IDX file.
fn file(sizes: &[usize], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    for &size in sizes {
        let size = u32::try_from(size).expect("sizes come from four bytes");
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend(body);
    bytes
}

fn member(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).expect("a vector grows");
    out.finish().expect("a vector grows")
}

pub fn raw_seeds() -> Vec<Vec<u8>> {
    vec![
        file(&[3], &[0, 1, 9]),
        file(&[2, 1, 3], &[0, 1, 2, 3, 4, 255]),
        file(&[1, 3, 2, 1], &[9, 8, 7, 6, 5, 4]),
        file(&[0, 28, 28], &[]),
    ]
}

pub fn gzipped_seeds() -> Vec<Vec<u8>> {
    let raw = raw_seeds();
    let packed = raw.iter().map(|bytes| member(bytes)).collect::<Vec<_>>();
    [raw, packed].concat()
}
