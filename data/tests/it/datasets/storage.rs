//! Pixels beyond the memory limit.

use std::fs;

use tapeline_data::{DataSource, Holdout, LoadOptions, datasets};

use super::common::{call, fixtures, says, write_grey};

/// Returns a call for each reader.
fn calls(folder: &std::path::Path) -> Vec<String> {
    for (class, start) in [("a", 0u8), ("b", 100)] {
        for i in 0..70 {
            write_grey(
                folder.join("images").join(class).join(format!("{i}.png")),
                start + i,
            );
        }
    }
    let table: String = (0..30)
        .map(|i| format!("{},{i},{i},{i},{i}\n", i % 3))
        .collect();
    fs::write(folder.join("table.csv"), format!("label,a,b,c,d\n{table}")).unwrap();
    let cifar = folder.join("cifar");
    fs::create_dir(&cifar).unwrap();
    for name in ["train.bin", "test.bin"] {
        fs::write(cifar.join(name), vec![3; 3 * 3074]).unwrap();
    }
    vec![
        call("images", &folder.join("images"), ""),
        call("csv", &folder.join("table.csv"), ""),
        call("cifar100", &cifar, ""),
        call("npz", &fixtures().join("npz/medmnist.npz"), ", layout=hwc"),
        call("npz", &fixtures().join("kmnist"), ""),
    ]
}

#[test]
fn a_limit_changes_where_pixels_are_stored_and_nothing_else() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for text in calls(folder.path()) {
        let source = DataSource::find(&text, &datasets()).unwrap();
        let plain = source.load(&LoadOptions::default()).unwrap();
        let size = plain.train.images.bytes().len() as u64;
        for limit in [0, 1, size - 1, size, u64::MAX] {
            let options = LoadOptions {
                max_memory: Some(limit),
                cache: Some(cache.path()),
                progress: None,
            };
            let loaded = source
                .load(&options)
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(
                loaded.train == plain.train && loaded.test == plain.test,
                "{text}, {limit}"
            );
            assert_eq!(
                (&loaded.notes, &loaded.warnings),
                (&plain.notes, &plain.warnings)
            );
            let split = |data: &tapeline_data::Dataset| data.split(Holdout::Count(1), 3).unwrap();
            assert!(split(&loaded.train) == split(&plain.train));
            assert_eq!(loaded.train.take(1..2), plain.train.take(1..2));
        }
        // Temporary files have no name.
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);

        let options = LoadOptions {
            max_memory: Some(size - 1),
            ..LoadOptions::default()
        };
        says(
            source.load(&options),
            &[
                "bytes of pixels exceed",
                &format!("limit of {} bytes", size - 1),
            ],
        );
        let options = LoadOptions {
            max_memory: Some(0),
            cache: Some(&folder.path().join("gone")),
            progress: None,
        };
        says(
            source.load(&options),
            &["gone: cannot create a temporary file for pixels"],
        );
    }
}
