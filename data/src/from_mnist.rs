//! Conversions from the `mnist` crate.

use std::path::Path;

use mnist::Mnist;

use crate::{DataError, Dataset, Images, Loaded};

const SIDE: usize = 28;

/// Converts the training part only; [`Loaded`] includes all parts.
impl TryFrom<Mnist> for Dataset {
    type Error = DataError;

    /// # Errors
    /// Returns an error if the pixels aren't a whole number of images, or labels are one-hot,
    /// differ in number or are above 9.
    fn try_from(mnist: Mnist) -> Result<Self, DataError> {
        digits(mnist.trn_img, mnist.trn_lbl, "mnist training part")
    }
}

/// Converts all parts.
impl TryFrom<Mnist> for Loaded {
    type Error = DataError;

    /// # Errors
    /// Same as for [`Dataset`], and if training or test data are missing.
    fn try_from(mnist: Mnist) -> Result<Self, DataError> {
        let train = digits(mnist.trn_img, mnist.trn_lbl, "mnist training part")?;
        let val = digits(mnist.val_img, mnist.val_lbl, "mnist validation part")?;
        let test = digits(mnist.tst_img, mnist.tst_lbl, "mnist test part")?;
        for (data, part) in [(&train, "mnist training part"), (&test, "mnist test part")] {
            if data.is_empty() {
                return Err(DataError::NoImages { file: part.into() });
            }
        }
        Ok(Loaded {
            name: "mnist".into(),
            val: Some(val).filter(|val| !val.is_empty()),
            ..Loaded::new(train, test)
        })
    }
}

fn digits(pixels: Vec<u8>, labels: Vec<u8>, part: &str) -> Result<Dataset, DataError> {
    let images = pixels.len() / (SIDE * SIDE);
    if !pixels.len().is_multiple_of(SIDE * SIDE) {
        return Err(DataError::Pixels {
            file: part.into(),
            found: pixels.len(),
            rows: SIDE,
            cols: SIDE,
        });
    }
    if images > 0 && labels.len() == 10 * images {
        return Err(DataError::OneHot {
            file: part.into(),
            images,
            labels: labels.len(),
        });
    }
    let classes = (0..10).map(|digit| digit.to_string()).collect();
    Dataset::of(
        Images::new(pixels, [images, 1, SIDE, SIDE]),
        labels.into(),
        classes,
        Path::new(part),
    )
}
