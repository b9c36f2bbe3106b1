use std::path::Path;

use super::{
    DatasetDef, FileReport, Loading, idx::load_files, idx_files, idx_files::IdxFiles, verify,
};
use crate::{DataError, layout::Layout};

const FOLDER: &str = "/usr/share/datasets/fashion-mnist";

pub(super) const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// Images of clothing by Zalando Research, in the files of Debian's package.
pub(super) const FASHION_MNIST: DatasetDef = DatasetDef {
    name: "fashion_mnist",
    about: "articles of clothing, 60000 + 10000 images of 28x28",
    examples: &["fashion_mnist"],
    origin: "/usr/share/datasets/fashion-mnist, Debian's package dataset-fashion-mnist",
    available: || idx_files::find(Path::new(FOLDER)).is_ok(),
    load: |loading: &Loading| {
        let (files, notes) = find()?;
        let mut loaded = load_files(files, &CLASSES, Some(Layout::Chw), loading)?;
        loaded.notes.splice(0..0, notes);
        Ok(loaded)
    },
    verify: Some(|_| -> Result<Vec<FileReport>, DataError> {
        Ok(verify::idx_files(find()?.0, Some(Layout::Chw)))
    }),
    ..DatasetDef::BASE
};

fn find() -> Result<(IdxFiles, Vec<String>), DataError> {
    let folder = Path::new(FOLDER);
    if !folder.is_dir() {
        let how = format!(
            "no folder {FOLDER}; install Debian's package dataset-fashion-mnist, or give the path of a folder with its four files"
        );
        return Err(DataError::Unavailable {
            name: "fashion_mnist",
            how,
        });
    }
    idx_files::find(folder)
}
