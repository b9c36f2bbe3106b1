//! Headers of safetensors files: rejection of invalid ones and their error messages, with the
//! `safetensors` crate as the oracle for validity.

use std::{collections::BTreeMap, path::Path};

use proptest::{collection::vec, prelude::*, sample::select};
use safetensors::SafeTensors;
use tapeline_models::weights;

/// Creates a file with a header and `data` bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn read(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let read = weights::metadata(bytes, Path::new("some.safetensors"));
    read.map_err(|error| error.to_string())
}

/// Formats a JSON object, which may have duplicate names.
fn object(entries: &[(String, String)]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, value)| format!("{}:{value}", serde_json::json!(name)))
        .collect();
    format!("{{{}}}", entries.join(","))
}

fn text(text: &str) -> String {
    serde_json::json!(text).to_string()
}

/// Returns the entries of valid, contiguous tensors, and the size of their data.
fn sound(shapes: &[(&str, &str, Vec<usize>)]) -> (Vec<(String, String)>, usize) {
    let mut end = 0;
    let entries = shapes.iter().map(|(name, dtype, shape)| {
        let size = if *dtype == "F16" { 2 } else { 4 };
        let begin = end;
        end += size * shape.iter().product::<usize>();
        let about =
            format!(r#"{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{begin},{end}]}}"#);
        (name.to_string(), about)
    });
    (entries.collect(), end)
}

fn tensors() -> impl Strategy<Value = (Vec<(String, String)>, usize)> {
    let names = select(vec![
        vec!["0.weight"],
        vec!["0.weight", "0.bias"],
        vec!["b", "a", "π\u{7}\"", ""],
    ]);
    let tensor = (select(vec!["F32", "F16", "I32"]), vec(0..4usize, 0..3));
    (names, vec(tensor, 4)).prop_map(|(names, tensors)| {
        let named = names.iter().zip(tensors);
        let named: Vec<_> = named
            .map(|(name, (dtype, shape))| (*name, dtype, shape))
            .collect();
        sound(&named)
    })
}

/// Generates replacements for a number in the header.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..40u64).prop_map(|n| n.to_string()),
        select(vec![
            "-8",
            "1.5",
            "1e3",
            "18446744073709551615",
            "18446744073709551616",
            "9223372036854775807",
            "null",
            "\"8\"",
            "[8]"
        ])
        .prop_map(String::from),
    ]
}

proptest! {
    /// The rules of the format are those of the `safetensors` crate.
    #[test]
    fn what_the_other_reader_accepts_is_accepted(
        (mut entries, data) in tensors(),
        metadata in proptest::option::of(proptest::collection::btree_map("[a-c]{0,2}", "[ -~]{0,3}", 0..3)),
        edit in proptest::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>(), number())),
        more in -4i64..5,
    ) {
        if let Some((which, place, number)) = edit {
            // Replace a number of one tensor.
            let place_of = which.index(entries.len());
            let about = &entries[place_of].1;
            let starts: Vec<_> = about.char_indices().filter(|(i, c)| c.is_ascii_digit() && !about[..*i].ends_with(|c: char| c.is_ascii_alphanumeric())).collect();
            if !starts.is_empty() {
                let start = starts[place.index(starts.len())].0;
                let length = about[start..].find(|c: char| !c.is_ascii_digit()).unwrap();
                let edited = format!("{}{number}{}", &about[..start], &about[start + length..]);
                entries[place_of].1 = edited;
            }
        }
        if let Some(metadata) = &metadata {
            let texts: Vec<_> = metadata.iter().map(|(name, value)| (name.clone(), text(value))).collect();
            entries.insert(0, ("__metadata__".into(), object(&texts)));
        }
        let more = if more.abs() < 4 { 0 } else { more };
        let bytes = file(&object(&entries), data.saturating_add_signed(more as isize));
        let (found, wanted) = (read(&bytes), SafeTensors::read_metadata(&bytes));
        prop_assert_eq!(found.is_ok(), wanted.is_ok(), "{:?} and {:?} of {}", found, wanted.err(), object(&entries));
        if let Ok(found) = found {
            prop_assert_eq!(found, metadata.unwrap_or_default());
        }
    }

    /// Duplicate names are rejected, whatever the second value is and wherever it is.
    #[test]
    fn a_name_used_twice_is_refused((entries, data) in tensors(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), same in any::<bool>()) {
        let (mut entries, which) = (entries.clone(), which.index(entries.len()));
        let mut again = entries[which].clone();
        if !same {
            again.1 = again.1.replace("F32", "F16");
        }
        let name = again.0.clone();
        entries.insert(at.index(entries.len() + 1), again);
        for data in [data, data + 4, data * 2] {
            let message = read(&file(&object(&entries), data)).unwrap_err();
            prop_assert!(message.contains(&tapeline_spec::quote(&name)), "{}", message);
        }
    }

    #[test]
    fn a_field_used_twice_is_refused(field in select(vec!["dtype", "shape", "data_offsets"]), last in any::<bool>()) {
        let about = r#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#;
        let again = match field {
            "dtype" => r#""dtype":"I32""#,
            "shape" => r#""shape":[1]"#,
            _ => r#""data_offsets":[0,4]"#,
        };
        let about = if last { format!("{about},{again}") } else { format!("{again},{about}") };
        let message = read(&file(&format!(r#"{{"0.bias":{{{about}}}}}"#), 4)).unwrap_err();
        prop_assert!(message.contains("`0.bias`") && message.contains(field), "{}", message);
    }
}

#[test]
fn metadata_used_twice_are_refused() {
    for (header, name) in [
        (
            r#"{"__metadata__":{"spec":"a","spec":"a"}}"#,
            "`spec` twice",
        ),
        (
            r#"{"__metadata__":{"spec":"a","x":"","spec":"b"}}"#,
            "`spec` twice",
        ),
        (
            r#"{"__metadata__":{},"__metadata__":{}}"#,
            "`__metadata__` twice",
        ),
        (
            r#"{"__metadata__":{"spec":"a"},"__metadata__":{"input":"b"}}"#,
            "`__metadata__` twice",
        ),
    ] {
        let message = read(&file(header, 0)).unwrap_err();
        assert!(message.contains(name), "{message}");
    }
}

/// A message about a tensor includes its name and the value found.
#[test]
fn what_is_wrong_with_a_tensor_names_it() {
    let about = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#"{{"0.weight":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    let f32 = "\"F32\"";
    for (header, found) in [
        (about(f32, "[1]", "[-4,0]"), "[-4,0]"),
        (about(f32, "[1]", "[4,0]"), "[4,0]"),
        (about(f32, "[1]", "[0]"), "[0]"),
        (about(f32, "[1]", "[0,4,8]"), "[0,4,8]"),
        (about(f32, "[1]", "[4,8]"), "4"),
        (about(f32, "[2]", "[0,8]"), "8"),
        (about(f32, "[2]", "[0,4]"), "[2]"),
        (about(f32, "[-1]", "[0,4]"), "[-1]"),
        (about(f32, "[1.5]", "[0,4]"), "[1.5]"),
        (about(f32, "3", "[0,4]"), "3"),
        (
            about(f32, "[4294967296,4294967296,4]", "[0,4]"),
            "[4294967296,4294967296,4]",
        ),
        (
            about(f32, "[18446744073709551616]", "[0,4]"),
            "wanted a list of sizes",
        ),
        (about("\"F33\"", "[1]", "[0,4]"), "F33"),
        (about("7", "[1]", "[0,4]"), "7"),
        (
            r#"{"0.weight":{"shape":[1],"data_offsets":[0,4]}}"#.into(),
            "dtype",
        ),
    ] {
        let message = read(&file(&header, 4)).unwrap_err();
        for part in ["some.safetensors", "`0.weight`", found] {
            assert!(message.contains(part), "no {part} in {message}");
        }
    }
}

/// Files of other types that are passed as weights.
#[test]
fn files_of_other_kinds_are_named_with_what_to_do() {
    let pytorch = b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0c\0\x12\0model/data.pklFB\x0e\0";
    for (bytes, parts) in [
        (
            &pytorch[..],
            [
                "a PyTorch file",
                "safetensors.torch.save_file(model.state_dict()",
            ],
        ),
        (
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
            ["pickle", "safetensors.torch.save_file"],
        ),
        (
            b"\x80\x04\x95\x10\0\0\0\0\0\0\0",
            ["pickle", "safetensors.torch.save_file"],
        ),
        (
            b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0arr_0.npy",
            ["a NumPy archive", "convert"],
        ),
        (
            b"\x93NUMPY\x01\0v\0{'descr': '<f4'}",
            ["a NumPy array", "convert"],
        ),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0", ["an HDF5 file", "convert"]),
        (b"GGUF\x03\0\0\0\0\0\0\0", ["a GGUF file", "convert"]),
        (
            b"\x08\x0a\x12\x07pytorch\x1a\x03",
            ["an ONNX model", "convert"],
        ),
        (
            b"<!DOCTYPE html>\n<html><body>Not found</body></html>",
            ["an HTML page", "download failed"],
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:",
            ["a Git LFS pointer", "git lfs pull"],
        ),
        (b"", ["is empty", "fetch the file again"]),
    ] {
        let message = read(bytes).unwrap_err();
        for part in parts {
            assert!(message.contains(part), "no {part} in {message}");
        }
    }
}
