//! The same data in different formats are the same dataset.

use std::{fs::File, io::Write, path::Path};

use proptest::{collection::vec, prelude::*, test_runner::Config};
use tapeline_data::{Dataset, Images, Loaded, write_images, write_labels};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::common::{call, load, write_png};

/// Returns training and test data of the same shape and classes, sorted by class, which is the
/// order of folders. Each class has a training image.
fn parts() -> impl Strategy<Value = [Dataset; 2]> {
    let shape = (prop_oneof![Just(1usize), Just(3)], 1..9usize, 1..9usize);
    (2..5usize, shape, vec(0..4u8, 1..6), vec(0..4u8, 1..6)).prop_flat_map(
        |(classes, (channels, rows, cols), train, test)| {
            let all = 0..classes as u8;
            let labels = |more: Vec<u8>| more.into_iter().map(move |label| label % classes as u8);
            let mut train: Vec<u8> = all.chain(labels(train)).collect();
            let mut test: Vec<u8> = labels(test).collect();
            train.sort_unstable();
            test.sort_unstable();
            let area = channels * rows * cols;
            let names: Vec<String> = (0..classes).map(|i| i.to_string()).collect();
            let [train, test] = [train, test].map(|labels| {
                let names = names.clone();
                vec(any::<u8>(), labels.len() * area).prop_map(move |pixels| {
                    let images = Images::new(pixels, [labels.len(), channels, rows, cols]);
                    Dataset::new(images, labels.clone(), names.clone()).unwrap()
                })
            });
            (train, test).prop_map(|(train, test)| [train, test])
        },
    )
}

fn write_idx(folder: &Path, parts: &[Dataset; 2]) {
    for (part, data) in ["train", "t10k"].iter().zip(parts) {
        write_images(
            folder.join(format!("{part}-images-idx3-ubyte")),
            &data.images,
        )
        .unwrap();
        write_labels(
            folder.join(format!("{part}-labels-idx1-ubyte")),
            &data.labels,
        )
        .unwrap();
    }
}

fn write_folders(folder: &Path, parts: &[Dataset; 2]) {
    for (part, data) in ["train", "test"].iter().zip(parts) {
        for i in 0..data.len() {
            let class = &data.classes[usize::from(data.labels[i])];
            let file = folder.join(part).join(class).join(format!("{i:03}.png"));
            write_png(&file, data.images.pixels(i), data.shape());
        }
    }
}

/// Writes an archive, with channels last if `last`. Archives of NumPy itself are fixtures.
fn write_npz(file: &Path, parts: &[Dataset; 2], last: bool, floats: bool) {
    let mut zip = ZipWriter::new(File::create(file).unwrap());
    let mut add = |name: String, kind: &str, shape: &[usize], data: &[u8]| {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default())
            .unwrap();
        let shape: String = shape.iter().map(|size| format!("{size}, ")).collect();
        let header =
            format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n");
        zip.write_all(b"\x93NUMPY\x01\0").unwrap();
        zip.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        zip.write_all(header.as_bytes()).unwrap();
        zip.write_all(data).unwrap();
    };
    for (part, data) in ["train", "test"].iter().zip(parts) {
        let mut images = data.images.view();
        if last {
            images = images.permuted_axes([0, 2, 3, 1]);
        }
        let bytes: Vec<u8> = match floats {
            true => images
                .iter()
                .flat_map(|&pixel| (f32::from(pixel) / 255.0).to_le_bytes())
                .collect(),
            false => images.iter().copied().collect(),
        };
        let kind = if floats { "<f4" } else { "|u1" };
        add(format!("x_{part}"), kind, images.shape(), &bytes);
        let labels = data
            .labels
            .iter()
            .flat_map(|&label| i64::from(label).to_be_bytes());
        add(
            format!("y_{part}"),
            ">i8",
            &[data.len()],
            &labels.collect::<Vec<_>>(),
        );
    }
    zip.finish().unwrap();
}

/// Writes a table with the `csv` crate.
fn write_csv(file: &Path, parts: &[Dataset; 2]) {
    let mut csv = csv::Writer::from_path(file).unwrap();
    let area = parts[0].images.area();
    let pixels = (0..area).map(|i| format!("pixel{i}"));
    csv.write_record(
        ["id".to_string(), "label".into(), "split".into()]
            .into_iter()
            .chain(pixels),
    )
    .unwrap();
    for (part, data) in ["train", "test"].iter().zip(parts) {
        for i in 0..data.len() {
            let start = [
                format!("{part}{i}"),
                data.labels[i].to_string(),
                part.to_string(),
            ];
            let pixels = data.images.pixels(i).iter().map(u8::to_string);
            csv.write_record(start.into_iter().chain(pixels)).unwrap();
        }
    }
    csv.flush().unwrap();
}

/// Writes a table of the paths of the pictures in `folder`.
fn write_paths(file: &Path, folder: &str, parts: &[Dataset; 2]) {
    let mut csv = csv::Writer::from_path(file).unwrap();
    csv.write_record(["path", "label", "split"]).unwrap();
    for (part, data) in ["train", "test"].iter().zip(parts) {
        for i in 0..data.len() {
            let class = &data.classes[usize::from(data.labels[i])];
            let path = format!("{folder}/{part}/{class}/{i:03}.png");
            csv.write_record([&*path, class, part]).unwrap();
        }
    }
    csv.flush().unwrap();
}

proptest! {
    #![proptest_config(Config::with_cases(40))]

    #[test]
    fn all_formats_give_the_same_dataset(parts in parts()) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["idx", "images"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        write_idx(&path("idx"), &parts);
        write_folders(&path("images"), &parts);
        write_npz(&path("first.npz"), &parts, false, false);
        write_npz(&path("last.npz"), &parts, true, false);
        // Pixels are scaled if none is above 1, so one must be above 1/255.
        let is_bright = parts.iter().any(|data| data.images.bytes().iter().any(|&pixel| pixel > 1));
        write_npz(&path("floats.npz"), &parts, false, is_bright);
        write_csv(&path("pixels.csv"), &parts);
        write_paths(&path("paths.csv"), "images", &parts);

        let [_, rows, cols] = parts[0].shape();
        let sizes = format!(", size=({rows}, {cols}), layout=chw");
        let calls = [
            call("idx", &path("idx"), ", layout=chw"),
            call("images", &path("images"), ""),
            call("npz", &path("first.npz"), ", layout=chw"),
            call("npz", &path("last.npz"), ", layout=hwc"),
            call("npz", &path("floats.npz"), ", layout=chw"),
            call("csv", &path("pixels.csv"), &sizes),
            call("csv", &path("paths.csv"), ""),
        ];
        for call in calls {
            let Loaded { train, test, val, .. } = load(&call).unwrap_or_else(|error| panic!("{call}: {error}"));
            prop_assert_eq!(&train.labels, &parts[0].labels, "{}", call);
            prop_assert_eq!(&train.images, &parts[0].images, "{}", call);
            prop_assert!(train == parts[0] && test == parts[1], "{}", call);
            prop_assert!(val.is_none());
        }
        let bare = load(path("images")).unwrap();
        prop_assert!(bare.train == parts[0] && bare.test == parts[1]);
    }
}
