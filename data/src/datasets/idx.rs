use super::{
    DatasetDef, FileReport, Loaded, Loading, Lookup, PATH,
    args::{LAYOUT, SEED, TEST, layout},
    fashion_mnist,
    file::SourceFile,
    idx_files::{self, IdxFiles},
    loaded::Part,
    mnist, verify,
};
use crate::{
    DataError,
    classes::{self, CLASSES_FILE},
    idx::Arrangement,
    layout::Layout,
};

/// IDX files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`
/// and `t10k-labels-idx1-ubyte`.
///
/// A dot may replace the hyphen before `idx`, and each file may be gzipped with the suffix `.gz`.
/// Images with channels have a fourth size. The classes range from 0 to the highest label in either
/// part; `classes.txt` may give their names, one on each line. A folder named like a known dataset
/// has at least the classes of that dataset, with their names. Without the files of test data, some
/// of the images are split off.
pub(super) const IDX: DatasetDef = DatasetDef {
    name: "idx",
    about: "IDX files of images and labels, as those of MNIST",
    args: &[PATH.info(), LAYOUT.info(), TEST.info(), SEED.info()],
    examples: &["idx(\"folder\")", "idx(\"folder\", layout=hwc)"],
    recognises: |lookup: &Lookup| idx_files::any(&lookup.entries).then_some("IDX files"),
    load,
    verify: Some(check),
    ..DatasetDef::BASE
};

fn load(loading: &Loading) -> Result<Loaded, DataError> {
    let (files, notes) = idx_files::find(loading.path)?;
    let mut names = classes::read(&loading.path.join(CLASSES_FILE))?.unwrap_or_default();
    if names.is_empty() {
        let known = match loading.path.file_name().and_then(|name| name.to_str()) {
            Some("fashion-mnist" | "fashion_mnist") => &fashion_mnist::CLASSES,
            Some("mnist") => &mnist::CLASSES,
            _ => &[][..],
        };
        names = known.iter().map(|name| name.to_string()).collect();
    }
    let mut loaded = load_files(files, &names, layout(loading.args), loading)?;
    loaded.notes.splice(0..0, notes);
    Ok(loaded)
}

fn check(loading: &Loading) -> Result<Vec<FileReport>, DataError> {
    let (files, _) = idx_files::find(loading.path)?;
    Ok(verify::idx_files(files, layout(loading.args)))
}

/// Loads training and test data; the latter are split off if there are none.
pub(super) fn load_files<S: AsRef<str>>(
    files: IdxFiles,
    names: &[S],
    layout: Option<Layout>,
    loading: &Loading,
) -> Result<Loaded, DataError> {
    let part = |[images, labels]: &[SourceFile; 2]| {
        let to = Arrangement {
            storage: &loading.storage,
            layout,
        };
        let (found, numbers) = DataError::both(images.images(to), labels.labels())?;
        Ok(Part {
            images: found,
            labels: numbers,
            images_file: images.file.clone(),
            labels_file: labels.file.clone(),
        })
    };
    let test = files.test.as_ref().map(part).transpose();
    let (train, test) = DataError::both(part(&files.train), test)?;
    let labels = [Some(&train), test.as_ref()].into_iter().flatten();
    let classes = classes::numbered(names, labels.flat_map(|part| &part.labels));
    Loaded::of_parts(classes, train, None, test, loading)
}
