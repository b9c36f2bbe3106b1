//! Datasets known by name.

use std::path::Path;

use crate::{DataError, folder, part::Part};

/// A dataset that [`load`](crate::load) knows by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDataset {
    /// Its name.
    pub name: &'static str,
    /// A one-line description.
    pub about: &'static str,
    /// The origin of its files.
    pub from: &'static str,
    /// Whether its files are available.
    pub available: bool,
}

/// The four files, and notes about them.
type Found = ([Part; 4], Vec<String>);

/// A dataset known by name, and how to find its files.
pub(crate) struct Entry {
    pub name: &'static str,
    about: &'static str,
    from: &'static str,
    pub classes: [&'static str; 10],
    pub find: fn() -> Result<Found, DataError>,
    available: fn() -> bool,
}

const FASHION: &str = "/usr/share/datasets/fashion-mnist";

pub(crate) static ENTRIES: [Entry; 2] = [
    Entry {
        name: "mnist",
        about: "handwritten digits, 60000 + 10000 images of 28x28",
        from: "bundled; Y. LeCun, C. Cortes, C. J. C. Burges, CC BY-SA 3.0",
        classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        find: mnist,
        available: || cfg!(feature = "bundled"),
    },
    Entry {
        name: "fashion-mnist",
        about: "articles of clothing, 60000 + 10000 images of 28x28",
        from: "/usr/share/datasets/fashion-mnist, Debian's package dataset-fashion-mnist",
        classes: [
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
        ],
        find: fashion,
        available: || folder::find(Path::new(FASHION)).is_ok(),
    },
];

/// Returns the datasets known by name.
pub fn known() -> Vec<KnownDataset> {
    ENTRIES
        .iter()
        .map(|e| KnownDataset {
            name: e.name,
            about: e.about,
            from: e.from,
            available: (e.available)(),
        })
        .collect()
}

#[cfg(feature = "bundled")]
fn mnist() -> Result<Found, DataError> {
    Ok((crate::bundled::mnist(), Vec::new()))
}

#[cfg(not(feature = "bundled"))]
fn mnist() -> Result<Found, DataError> {
    let how = "not part of this build; build with the feature `bundled`, or give the path of a folder with its four files";
    Err(DataError::Unavailable {
        name: "mnist",
        how: how.into(),
    })
}

fn fashion() -> Result<Found, DataError> {
    let folder = Path::new(FASHION);
    if !folder.is_dir() {
        let how = format!(
            "no folder {FASHION}; install Debian's package dataset-fashion-mnist, or give the path of a folder with its four files"
        );
        return Err(DataError::Unavailable {
            name: "fashion-mnist",
            how,
        });
    }
    folder::find(folder)
}

/// Returns the known name that starts with the text, or else the closest one.
pub(crate) fn nearest(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let names = || ENTRIES.iter().map(|e| e.name);
    let begun = names().find(|name| lower.len() > 2 && name.starts_with(&lower));
    begun.or_else(|| tapeline_spec::nearest(text, names()))
}
