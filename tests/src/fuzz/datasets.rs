//! Files and folders of datasets, as `--data` reads them.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Component, Path, PathBuf},
};

use image::{GrayImage, ImageFormat};
use tapeline_data::{DataError, DataSource, Dataset, LoadOptions, Loaded, datasets};
use tapeline_spec::printable;
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::message::expect_readable;

/// The maximum number of files in a folder.
const FILES: usize = 12;

/// Reads a CSV file.
pub fn csv(input: &[u8]) {
    let folder = folder();
    let file = folder.path().join("table.csv");
    write(&file, input);
    load(&call("csv", &file, layout(input)));
}

/// Reads a NumPy archive.
pub fn npz(input: &[u8]) {
    let folder = folder();
    let file = folder.path().join("arrays.npz");
    write(&file, input);
    load(&call("npz", &file, layout(input)));
}

/// Returns further arguments, chosen by the length of the input.
fn layout(input: &[u8]) -> &'static str {
    [", test=0.5", ", layout=hwc, test=0.5"][input.len() % 2]
}

/// Reads the files of CIFAR-10 and CIFAR-100. The input is the beginning of each file; the last
/// record is filled up.
pub fn cifar(input: &[u8]) {
    let (Some((&tail, input)), folder) = (input.split_first(), folder()) else {
        return;
    };
    for (name, record) in [("cifar10", 3073), ("cifar100", 3074)] {
        let mut bytes = input.to_vec();
        // A multiple of the size of a record, unless the first byte says otherwise.
        let length = input.len().next_multiple_of(record) + usize::from(tail % 4);
        bytes.resize(length, 0);
        for file in ["train.bin", "test.bin", "test_batch.bin"] {
            write(&folder.path().join(file), &bytes);
        }
        for batch in 1..=5 {
            write(
                &folder.path().join(format!("data_batch_{batch}.bin")),
                &bytes,
            );
        }
        load(&call(name, folder.path(), ""));
    }
}

/// Reads a folder of pictures. Each line of the input is the path of a picture, or `path > target`
/// for a link; `classes.txt` holds the lines after an empty one.
pub fn folders(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (paths, classes) = text.split_once("\n\n").unwrap_or((&text, ""));
    let folder = folder();
    if !classes.is_empty() {
        write(&folder.path().join("classes.txt"), classes.as_bytes());
    }
    for (i, line) in paths.lines().take(FILES).enumerate() {
        let (path, target) = line.split_once('>').unwrap_or((line, ""));
        let Some(path) = inside(folder.path(), path) else {
            continue;
        };
        let above = path.parent().map(fs::create_dir_all);
        if above.is_none_or(|made| made.is_err()) {
            continue;
        }
        match inside(folder.path(), target) {
            Some(target) => link(&target, &path),
            None => _ = fs::write(&path, picture(i as u8)),
        }
    }
    load(&call("images", folder.path(), ", size=3"));
    if let Err(error) = DataSource::find(folder.path(), &datasets()) {
        readable(&error);
    }
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) {
    let _ = std::os::unix::fs::symlink(target, path);
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) {}

/// Returns a path that can't leave the folder; `None` for an empty one.
fn inside(folder: &Path, text: &str) -> Option<PathBuf> {
    let parts = Path::new(text.trim()).components();
    let parts: PathBuf = parts
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    (!parts.as_os_str().is_empty()).then(|| folder.join(parts))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

fn write(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).expect("room in the folder for temporary files");
}

fn call(name: &str, path: &Path, rest: &str) -> String {
    format!("{name}(\"{}\"{rest})", path.display())
}

/// Checks that a dataset is consistent, and the same when it is loaded again; or that each line of
/// the message can be read.
fn load(call: &str) {
    let load = || {
        let source = DataSource::find(call, &datasets()).expect("a valid call");
        source.load(&LoadOptions::default())
    };
    match load() {
        Ok(loaded) => {
            let Loaded {
                train, val, test, ..
            } = &loaded;
            for part in [train, test].into_iter().chain(val) {
                consistent(part, train);
            }
            loaded
                .notes
                .iter()
                .chain(&loaded.warnings)
                .for_each(expect_readable);
            let again = load().expect("the same as before");
            assert!(again.train == *train && again.test == *test && again.val == *val);
        }
        Err(error) => readable(&error),
    }
}

fn consistent(part: &Dataset, train: &Dataset) {
    assert!(!part.is_empty());
    assert_eq!(
        (part.shape(), &part.classes),
        (train.shape(), &train.classes)
    );
    assert_eq!(part.images.bytes().len(), part.len() * part.images.area());
    assert_eq!(part.labels.len(), part.len());
    assert!(
        part.labels
            .iter()
            .all(|&label| usize::from(label) < part.classes.len())
    );
}

/// Checks each line of a message. Paths in it are escaped where they are shown, and may be as long
/// as the input.
fn readable(error: &DataError) {
    const MOST: usize = 1000;
    for line in error.to_string().lines().filter(|line| !line.is_empty()) {
        let line: String = printable(line).chars().take(MOST).collect();
        expect_readable(&line);
    }
}

/// Returns a PNG file of one grey value.
fn picture(value: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = GrayImage::from_pixel(3, 2, [value].into());
    image
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("a vector grows");
    bytes.into_inner()
}

pub fn csv_seeds() -> Vec<Vec<u8>> {
    [
        "label,pixel0,pixel1,pixel2,pixel3\n1,0,1,2,255\n0,9,8,7,6\n1,0,0,0,0\n0,4,4,4,4.0\n",
        "label,a,split\nbee,1,train\nant,2,train\nbee,3,test\nant,4,val\n",
        "label,path\nx,a.png\ny,\"b,\"\"c.png\"\n",
        "label,p0,p1,p2\n1,2,3,4\n0,1,2,3\n",
    ]
    .map(Into::into)
    .into()
}

pub fn npz_seeds() -> Vec<Vec<u8>> {
    let bytes = npy("|u1", "(4, 2, 2)", &(0..16).collect::<Vec<u8>>());
    let floats: Vec<u8> = (0..24)
        .flat_map(|i| (i as f32 / 24.0).to_le_bytes())
        .collect();
    let floats = npy("<f4", "(2, 2, 2, 3)", &floats);
    let labels = npy(
        "<i8",
        "(4,)",
        &[[0; 8], [1; 8].map(|_| 0), [0; 8], [0; 8]].concat(),
    );
    let few = npy("|u1", "(2, 1)", &[1, 0]);
    let names = npy("|S3", "(2,)", b"antbee");
    vec![
        archive(&[("x_train", &bytes), ("y_train", &labels)]),
        archive(&[
            ("train_images", &floats),
            ("train_labels", &few),
            ("test_images", &floats),
            ("test_labels", &few),
            ("class_names", &names),
        ]),
        archive(&[("arr_0", &bytes)]),
    ]
}

fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header.as_bytes(), data].concat()
}

fn archive(arrays: &[(&str, &Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let name = format!("{name}.npy");
        zip.start_file(name, SimpleFileOptions::default())
            .expect("a vector grows");
        zip.write_all(bytes).expect("a vector grows");
    }
    zip.finish().expect("a vector grows").into_inner()
}

pub fn cifar_seeds() -> Vec<Vec<u8>> {
    vec![
        vec![0, 1, 2, 3],
        vec![1, 9],
        [&[0][..], &[7; 3100]].concat(),
        vec![4, 200, 200],
    ]
}

pub fn folder_seeds() -> Vec<Vec<u8>> {
    [
        "a/1.png\na/2.png\nb/3.png\nb/4.png\nb/.hidden\nREADME\n",
        "train/a/1.png\ntrain/b/2.jpg\ntest/a/3.png\nval/b/4\n",
        "a/1.png\na/2.png\nb/loop > b\nc/up > a\nd > e\ne > d\n",
        "x/1.png\nx/2.png\ny/3.png\ny/4.png\n\ny\nx\n",
    ]
    .map(Into::into)
    .into()
}
