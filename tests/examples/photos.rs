//! Writes pictures like photos of digits as PNG files, to try `tapeline predict` on:
//! `cargo run --release -p tapeline-tests --example photos -- FOLDER [COUNT]`
//!
//! Names are `<number>-<digit>.png`; two further files show several digits, and none.

use std::{env, error::Error, fs, path::Path};

use image::GrayImage;
use tapeline_data::{Images, load};
use tapeline_tests::photos::{odd_photo, photo};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let folder = args.next().ok_or("give a folder")?;
    let count: u64 = args.next().map_or(Ok(10), |count| count.parse())?;
    fs::create_dir_all(&folder)?;
    let folder = Path::new(&folder);
    let digits = load("mnist")?.test;
    for n in 0..count {
        let photo = photo(&digits, n);
        save(
            &photo.image,
            &folder.join(format!("{n:03}-{}.png", photo.digit)),
        )?;
    }
    save(&odd_photo(&[3, 5, 8], 0), &folder.join("several.png"))?;
    save(&odd_photo(&[], 1), &folder.join("none.png"))
}

fn save(image: &Images, file: &Path) -> Result<(), Box<dyn Error>> {
    let (rows, cols) = (image.rows() as u32, image.cols() as u32);
    let picture = GrayImage::from_raw(cols, rows, image.pixels(0).to_vec());
    Ok(picture.ok_or("an image of one channel")?.save(file)?)
}
