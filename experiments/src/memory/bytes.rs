//! Byte sizes with units: `2GB`, `500MB`.

use std::fmt;

const UNITS: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
];

/// A number of bytes, displayed with three significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A value that would round up to 1000 is shown in the next larger unit.
        let mut decimal = UNITS[4..].iter();
        let Some((unit, size)) = decimal.find(|(_, size)| 2 * self.0 >= 2 * size - size / 1000)
        else {
            return write!(f, "{} B", self.0);
        };
        let number = self.0 as f64 / *size as f64;
        match number {
            number if number < 9.995 => write!(f, "{number:.2} {unit}"),
            number if number < 99.95 => write!(f, "{number:.1} {unit}"),
            number => write!(f, "{number:.0} {unit}"),
        }
    }
}

/// Parses a size: a positive number followed by a unit, `B`, `KB`, `MB`, `GB`, `TB` (powers of
/// 1000) or `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024).
pub fn size(text: &str) -> Result<Bytes, String> {
    let units = UNITS.iter().chain(&[("B", 1)]);
    let mut read = units.filter_map(|&(unit, size)| {
        let number: f64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        let bytes = number * size as f64;
        (bytes >= 1.0 && bytes < u64::MAX as f64).then_some(Bytes(bytes as u64))
    });
    read.next()
        .ok_or_else(|| "must be a number with a unit (KB, MB, GB, KiB, MiB, GiB), like 2GB".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_their_units() {
        for (text, bytes) in [
            ("1B", 1),
            ("2GB", 2_000_000_000),
            ("1.5 MB", 1_500_000),
            ("500KiB", 512_000),
            ("1TiB", 1 << 40),
        ] {
            assert_eq!(size(text), Ok(Bytes(bytes)), "{text}");
        }
        for wrong in [
            "",
            "2",
            "GB",
            "-1GB",
            "0MB",
            "nanMB",
            "infB",
            "2 gigabytes",
            "1e30TB",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn three_digits_are_shown() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.00 KB"),
            (9_999, "10.0 KB"),
            (54_940_000, "54.9 MB"),
            (999_400, "999 KB"),
            (999_600, "1.00 MB"),
            (3_210_000_000, "3.21 GB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }
}
