//! The four MNIST files, embedded in the binary.

use super::{
    file::{Place, SourceFile},
    idx_files::IdxFiles,
};

macro_rules! file {
    ($name:literal, $sum:literal) => {
        SourceFile {
            file: concat!("mnist/", $name, ".gz").into(),
            place: Place::Bytes(include_bytes!(concat!("../../mnist/", $name, ".gz"))),
            sha256: Some($sum),
        }
    };
}

/// Returns the four files. The checksums are those
/// in `mnist/SHA256SUMS`.
pub(crate) fn mnist() -> IdxFiles {
    let [a, b, c, d] = [
        file!(
            "train-images-idx3-ubyte",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        file!(
            "train-labels-idx1-ubyte",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        file!(
            "t10k-images-idx3-ubyte",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        file!(
            "t10k-labels-idx1-ubyte",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    ];
    IdxFiles {
        train: [a, b],
        test: Some([c, d]),
    }
}
