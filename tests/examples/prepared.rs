//! Writes pictures and what `predict` makes of them, so that the page of `export` can be compared:
//! `cli/tests/browser/runtime_check.mjs` reads the files.
//!
//! `prepared FOLDER [COUNT]` writes pictures like photos of digits, of several digits and of none, as
//! `7.pgm`; `7.digit.pgm` is what `digit` makes of it in 28 by 28, and `7.resized.pgm` what `resized`
//! makes of it in 20 by 32.

use std::{env, error::Error, fs, path::Path};

use tapeline_data::{Fit, Images, digit, load, resized};
use tapeline_tests::photos::{odd_photo, photo};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let folder = args.next().ok_or("give a folder")?;
    let count: u64 = args.next().map_or(Ok(60), |count| count.parse())?;
    fs::create_dir_all(&folder)?;
    let digits = load("mnist")?.test;
    let photos = (0..count).map(|n| photo(&digits, n).image);
    let odd = [odd_photo(&[3, 5, 8], 0), odd_photo(&[], 1)];
    for (n, image) in photos.chain(odd).enumerate() {
        let file = |end: &str| Path::new(&folder).join(format!("{n}{end}.pgm"));
        write(&image, &file(""))?;
        write(&digit(&image, 0, 28).image, &file(".digit"))?;
        write(&resized(&image, [1, 20, 32], Fit::Pad), &file(".resized"))?;
    }
    Ok(())
}

/// Writes a grey image as a binary portable graymap.
fn write(image: &Images, file: &Path) -> Result<(), Box<dyn Error>> {
    let head = format!("P5 {} {} 255\n", image.cols(), image.rows());
    Ok(fs::write(
        file,
        [head.as_bytes(), image.pixels(0)].concat(),
    )?)
}
