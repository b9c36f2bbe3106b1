use std::{collections::BTreeSet, sync::Arc};

use tapeline_spec::quote;

use super::{
    DatasetDef, Loaded, Loading, Lookup, PATH,
    args::{SEED, TEST},
    folders::{self, ClassFolder, Folders},
    listed::{Listed, Lists},
    picture_args::{CHANNELS, FIT, SIZE, SKIP_DAMAGED},
};
use crate::{
    DataError,
    classes::{self, CLASSES_FILE},
};

/// Picture files in a subfolder for each class, alone or below `train`, `val` and `test`.
///
/// The classes are the names of the subfolders, sorted by their bytes, or in the order of a file
/// `classes.txt`. Pictures are PNG, JPEG, WebP, BMP or GIF files, also in folders below. Without
/// test data, some of the pictures of each class are split off.
pub(super) const IMAGES: DatasetDef = DatasetDef {
    name: "images",
    aliases: &["folder"],
    about: "picture files in a subfolder for each class",
    args: &[
        PATH.info(),
        SIZE.info(),
        CHANNELS.info(),
        FIT.info(),
        SKIP_DAMAGED.info(),
        TEST.info(),
        SEED.info(),
    ],
    examples: &[
        "images(\"photos\")",
        "images(\"photos\", size=32, fit=crop)",
        "images(\"photos\", size=(48, 64), channels=1, skip_damaged=true, test=0.1)",
    ],
    recognises: |lookup: &Lookup| {
        let is_folder = lookup.is_folder && folders::has_pictures(lookup.path);
        is_folder.then_some("subfolders with pictures")
    },
    load,
    ..DatasetDef::BASE
};

fn load(loading: &Loading) -> Result<Loaded, DataError> {
    let folders = Folders::find(loading.path)?;
    let notes = folders.notes();
    let classes = class_names(&folders, loading)?;
    let list = |part: &[ClassFolder]| {
        let mut list = Vec::new();
        for (label, class) in classes.iter().enumerate() {
            let folder = part.iter().find(|folder| folder.name == *class);
            let files = folder.map_or(&[][..], |folder| &folder.pictures);
            list.extend(files.iter().map(|file| Listed {
                file: file.clone(),
                label: label as u8,
            }));
        }
        list
    };
    let lists = Lists {
        parts: folders.parts.each_ref().map(|part| list(part)),
        classes: classes.clone(),
        origin: loading.path,
    };
    let mut loaded = lists.load(loading)?;
    loaded.notes.splice(0..0, notes);
    if let [only] = &*classes {
        let only = quote(only);
        loaded
            .warnings
            .push(format!("all pictures are of one class, {only}"));
    }
    Ok(loaded)
}

/// Returns the names of all class folders: sorted, or in the order of `classes.txt`.
fn class_names(folders: &Folders, loading: &Loading) -> Result<Arc<[String]>, DataError> {
    let parts = folders.parts.iter().flatten();
    let found: BTreeSet<String> = parts.map(|folder| folder.name.clone()).collect();
    let file = loading.path.join(CLASSES_FILE);
    let names = match classes::read(&file)? {
        None => found.into_iter().collect(),
        Some(names) => {
            let listed: BTreeSet<String> = names.iter().cloned().collect();
            let missing: Vec<_> = found.difference(&listed).map(|name| quote(name)).collect();
            if !missing.is_empty() {
                let problem = format!("lacks the class folders {}", missing.join(", "));
                return Err(DataError::invalid(file, problem));
            }
            names
        }
    };
    classes::expect_countable(names.len(), loading.path)?;
    Ok(names.into())
}
