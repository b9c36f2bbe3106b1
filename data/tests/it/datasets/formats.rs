//! Picture files are read as Pillow reads them.

use std::fs;

use tapeline_data::{Fit, read_picture, read_picture_from, resized};

use super::common::{bytes, expected, fixtures};

#[test]
fn pictures_have_the_pixels_that_pillow_reads() {
    let folder = fixtures().join("pictures/formats");
    let pictures = expected()["pictures"].as_object().unwrap().clone();
    assert_eq!(pictures.len(), fs::read_dir(&folder).unwrap().count());
    for (name, wanted) in pictures {
        let read = read_picture(folder.join(&name), 3).unwrap_or_else(|error| panic!("{error}"));
        let shape = read.shape().map(|size| size as u64);
        assert_eq!(wanted["shape"], serde_json::json!(shape), "{name}");
        // Decoders of JPEG files round differently; blending rounds once here, twice in Pillow.
        let most = match &name {
            name if name.ends_with(".jpg") => 6,
            name if name.starts_with("alpha") => 1,
            _ => 0,
        };
        for (i, (&found, wanted)) in read
            .bytes()
            .iter()
            .zip(bytes(&wanted["pixels"]))
            .enumerate()
        {
            assert!(
                found.abs_diff(wanted) <= most,
                "{name}, {i}: {found}, Pillow {wanted}"
            );
        }
    }
}

#[test]
fn resizing_is_antialiased_as_that_of_pillow() {
    let large = read_picture(fixtures().join("pictures/large.png"), 1).unwrap();
    for (name, wanted) in expected()["resized"].as_object().unwrap() {
        let (rows, cols) = name.split_once('x').unwrap();
        let shape = [1, rows.parse().unwrap(), cols.parse().unwrap()];
        let found = resized(&large, shape, Fit::Stretch);
        for (found, wanted) in found.bytes().iter().zip(bytes(wanted)) {
            assert!(
                found.abs_diff(wanted) <= 1,
                "{name}: {found}, Pillow {wanted}"
            );
        }
    }
}

/// Only the first frame of a GIF file or an animation is read, so it may end after that.
#[test]
fn truncated_pictures_are_refused() {
    for entry in fs::read_dir(fixtures().join("pictures/formats")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        let whole = fs::read(&path).unwrap();
        let wanted = read_picture_from(&whole, 3, &path).unwrap();
        for length in 0..whole.len() {
            match read_picture_from(&whole[..length], 3, &path) {
                Err(error) => assert!(error.to_string().starts_with(&name), "{error}"),
                Ok(read) => {
                    assert!(
                        name.ends_with(".gif"),
                        "{length} of {} bytes of {name}",
                        whole.len()
                    );
                    assert!(
                        read == wanted,
                        "{length} of {} bytes of {name}",
                        whole.len()
                    );
                }
            }
        }
    }
}
