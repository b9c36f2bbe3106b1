//! Memory stays flat when pixels are stored in a temporary file.
#![cfg(feature = "tables")]

use std::{fmt::Write, fs};

use peak_alloc::PeakAlloc;
use tapeline_data::{DataSource, Holdout, LoadOptions, datasets};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const IMAGES: usize = 600;
const SIDE: usize = 96;

/// Size of all pixels.
const PIXELS: usize = IMAGES * SIDE * SIDE;

/// A single test, since memory is counted for the whole program.
#[test]
fn pixels_in_a_file_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let image = |i: usize| vec![i as u8; SIDE * SIDE];
    let mut table = "label".to_string();
    (0..SIDE * SIDE).for_each(|i| write!(table, ",{i}").unwrap());
    for i in 0..IMAGES {
        let class = folder.path().join("images").join((i % 3).to_string());
        fs::create_dir_all(&class).unwrap();
        let side = SIDE as u32;
        let file = class.join(format!("{i}.png"));
        image::save_buffer(file, &image(i), side, side, image::ExtendedColorType::L8).unwrap();
        write!(
            table,
            "\n{}{}",
            i % 3,
            format!(",{}", i % 256).repeat(SIDE * SIDE)
        )
        .unwrap();
    }
    fs::write(folder.path().join("table.csv"), &table).unwrap();
    drop(table);
    for name in ["images", "table.csv"] {
        let source = DataSource::find(folder.path().join(name), &datasets()).unwrap();
        let peak = |options: &LoadOptions| {
            let before = ALLOCATOR.current_usage();
            ALLOCATOR.reset_peak_usage();
            let loaded = source.load(options).unwrap();
            let peak = ALLOCATOR.peak_usage() - before;
            let split = loaded.train.split(Holdout::Fraction(0.5), 0).unwrap();
            let kept = ALLOCATOR.current_usage() - before;
            assert_eq!(split.0.len() + split.1.len() + loaded.test.len(), IMAGES);
            (peak, kept)
        };
        let (peak_in_memory, kept_in_memory) = peak(&LoadOptions::default());
        assert!(kept_in_memory > PIXELS && peak_in_memory > PIXELS, "{name}");
        let (peak, kept) = peak(&LoadOptions {
            max_memory: Some(0),
            cache: Some(folder.path()),
            progress: None,
        });
        assert!(
            peak < PIXELS / 2 + (3 << 20),
            "{name}: peak of {peak} bytes"
        );
        assert!(kept < PIXELS / 8, "{name}: {kept} bytes are kept");
    }
}
