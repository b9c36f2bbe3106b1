//! Prints an image of a dataset as text: `show_digit [NAME or FOLDER] [INDEX]`.
#![allow(clippy::print_stdout)]

use std::{env, error::Error, ffi::OsString};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let source = args.next().unwrap_or(OsString::from("mnist"));
    let index: usize = args
        .next()
        .map_or(Ok(0), |text| text.to_string_lossy().parse())?;

    let data = tapeline_data::load(source)?.train;
    if index >= data.len() {
        return Err(format!("image {index} of {}", data.len()).into());
    }
    println!("{}", data.classes[usize::from(data.labels[index])]);
    let shades: Vec<char> = " .:-=+*#%@".chars().collect();
    for row in data.images.pixels(index).chunks(data.images.cols()) {
        let line: String = row
            .iter()
            .map(|&pixel| shades[usize::from(pixel) * shades.len() / 256])
            .collect();
        println!("{}", line.trim_end());
    }
    Ok(())
}
