use std::{path::Path, sync::Arc};

use super::{
    DatasetDef, Loaded, Loading, Lookup, PATH,
    args::{LAYOUT, SEED, TEST, layout},
    loaded::Part,
    npz_arrays::{Arrays, Place},
    npz_values::{images, labels, range},
};
use crate::{
    DataError,
    classes::{self, CLASSES_FILE},
    npz::Archive,
};

/// A NumPy archive of images and labels, or archives side by side.
///
/// The arrays are named `train_images`, `train_labels` and so on, or `x_train`, `y_train` and so
/// on, with `val` and `test`, or without a part. Several archives with one array `arr_0` each are
/// named by their contents: `kmnist-train-imgs.npz`, `kmnist-train-labels.npz`; the path is one of
/// them, or their folder.
///
/// Pixels are whole numbers from 0 to 255, or floats from 0 to 1 or from 0 to 255. Images are
/// `[n, rows, columns]`, `[n, rows, columns, channels]` or `[n, channels, rows, columns]`; the last
/// two are distinguished by which size is at most 4. Class names are an array `class_names`, or the
/// lines of a file `classes.txt`. Without test data, some of the images are split off.
pub(super) const NPZ: DatasetDef = DatasetDef {
    name: "npz",
    aliases: &["numpy"],
    about: "a NumPy archive of images and labels, as those of MedMNIST, Keras or KMNIST",
    args: &[PATH.info(), LAYOUT.info(), TEST.info(), SEED.info()],
    examples: &[
        "npz(\"pathmnist.npz\")",
        "npz(\"mine.npz\", layout=chw, test=0.1)",
    ],
    recognises: |lookup: &Lookup| {
        let is_archive = match lookup.is_folder {
            true => Arrays::beside(lookup.path, "").is_ok_and(|arrays| !arrays.is_empty()),
            false => lookup.head.starts_with(b"PK") && lookup.has_ending("npz"),
        };
        is_archive.then_some("a NumPy archive")
    },
    load,
    ..DatasetDef::BASE
};

fn load(loading: &Loading) -> Result<Loaded, DataError> {
    let arrays = Arrays::find(loading.path)?;
    let [Some(train), val, test] = arrays.parts else {
        return Err(DataError::invalid(loading.path, "holds no training data"));
    };
    let layout = layout(loading.args);
    let all: Vec<&[Place; 2]> = [&train].into_iter().chain(&val).chain(&test).collect();
    let (scale, note) = range(all.iter().map(|[images, _]| images))?;

    let part = |[of_images, of_labels]: &[Place; 2]| {
        let (images, labels) = DataError::both(
            images(of_images, layout, scale, &loading.storage),
            labels(of_labels),
        )?;
        Ok(Part {
            images,
            labels,
            images_file: of_images.file(),
            labels_file: of_labels.file(),
        })
    };
    let parts = DataError::both(
        part(&train),
        DataError::both(
            val.as_ref().map(part).transpose(),
            test.as_ref().map(part).transpose(),
        ),
    );
    let (train, (val, test)) = parts?;
    let classes = class_names(
        loading.path,
        arrays.class_names,
        [Some(&train), val.as_ref(), test.as_ref()],
    )?;
    let mut loaded = Loaded::of_parts(classes, train, val, test, loading)?;
    loaded.notes.splice(0..0, note);
    Ok(loaded)
}

/// Returns the names of the array `class_names`, or those of `classes.txt`, or numbers.
fn class_names(
    path: &Path,
    array: Option<Place>,
    parts: [Option<&Part>; 3],
) -> Result<Arc<[String]>, DataError> {
    let names = match array {
        Some(place) => {
            let names = Archive::open(&place.archive)?
                .array(&place.array)?
                .texts()?;
            classes::expect_distinct(&names, &place.file())?;
            Some(names)
        }
        None => {
            let folder = match path.is_dir() {
                true => Some(path),
                false => path.parent(),
            };
            classes::read(&folder.unwrap_or(path).join(CLASSES_FILE))?
        }
    };
    let labels = parts.into_iter().flatten().flat_map(|part| &part.labels);
    Ok(classes::numbered(&names.unwrap_or_default(), labels))
}
