//! NumPy arrays (`.npy`), read as a stream.
//!
//! The header is a line of Python such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3,
//! 4), }`. The crates that read it evaluate Python literals in general, and allocate arrays by the
//! sizes in the header before they know that the data are there.

use std::io::{self, ErrorKind, Read};

use tapeline_spec::quote;

/// The maximum length of a header. NumPy's have 118 bytes, those with names of fields more.
const MAX_HEADER: usize = 4096;

/// The maximum number of sizes, which messages list.
const MAX_SIZES: usize = 8;

/// Type and sizes of an array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub kind: Kind,
    /// Bytes of an element.
    pub width: usize,
    pub is_big_endian: bool,
    pub shape: Vec<usize>,
}

/// The types of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Signed,
    Unsigned,
    Float,
    /// Bytes of text, padded with zeros.
    Bytes,
    /// Code points of text in four bytes each, padded with zeros.
    Text,
}

impl Header {
    /// Reads the header at the start of an array.
    pub fn read(reader: &mut impl Read) -> io::Result<Self> {
        let mut start = [0; 8];
        reader.read_exact(&mut start)?;
        let [.., major, _] = start;
        if !start.starts_with(b"\x93NUMPY") {
            return Err(invalid("is not a NumPy array"));
        }
        let length = match major {
            1 => {
                let mut length = [0; 2];
                reader.read_exact(&mut length)?;
                usize::from(u16::from_le_bytes(length))
            }
            2 | 3 => {
                let mut length = [0; 4];
                reader.read_exact(&mut length)?;
                u32::from_le_bytes(length) as usize
            }
            _ => return Err(invalid(format!("has the unknown format version {major}"))),
        };
        if length > MAX_HEADER {
            return Err(invalid(format!(
                "has a header of {length} bytes, wanted at most {MAX_HEADER}"
            )));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text)?;
        Header::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> io::Result<Self> {
        let wrong = |what: &str| invalid(format!("has no {what} in its header"));
        let after = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}':"))?;
            Some(rest.trim_start())
        };
        let quoted = |rest: &str| {
            let rest = rest.strip_prefix('\'')?;
            Some(rest.split_once('\'')?.0.to_string())
        };
        let descr = after("descr").and_then(quoted);
        let descr = descr.ok_or_else(|| wrong("simple type of its elements"))?;
        let sizes = after("shape").and_then(|rest| rest.strip_prefix('('));
        let (sizes, _) = sizes
            .and_then(|rest| rest.split_once(')'))
            .ok_or_else(|| wrong("shape"))?;
        let shape = sizes
            .split(',')
            .map(str::trim)
            .filter(|size| !size.is_empty());
        let shape = shape.map(str::parse).collect::<Result<Vec<usize>, _>>();
        let shape = shape.map_err(|_| wrong("valid shape"))?;
        if shape.len() > MAX_SIZES {
            return Err(invalid(format!("has {} sizes", shape.len())));
        }
        if after("fortran_order").is_none_or(|rest| !rest.starts_with("False")) && shape.len() > 1 {
            return Err(invalid(
                "is stored in Fortran order; save `numpy.ascontiguousarray(array)`",
            ));
        }
        let (order, rest) = descr.split_at_checked(1).unwrap_or_default();
        let (kind, width) = rest.split_at_checked(1).unwrap_or_default();
        let unknown = || {
            invalid(format!(
                "has elements of type {}, wanted numbers",
                quote(&descr)
            ))
        };
        let width: usize = width.parse().map_err(|_| unknown())?;
        let (kind, width) = match (kind, width) {
            ("u", 1 | 2 | 4 | 8) => (Kind::Unsigned, width),
            ("b", 1) => (Kind::Unsigned, 1),
            ("i", 1 | 2 | 4 | 8) => (Kind::Signed, width),
            ("f", 4 | 8) => (Kind::Float, width),
            ("S", 1..=1024) => (Kind::Bytes, width),
            ("U", 1..=1024) => (Kind::Text, 4 * width),
            _ => return Err(unknown()),
        };
        let header = Header {
            kind,
            width,
            is_big_endian: order == ">",
            shape,
        };
        match header.size() {
            Some(_) => Ok(header),
            None => Err(invalid(format!(
                "has sizes {:?}, which are too large",
                header.shape
            ))),
        }
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns the number of bytes after the header; `None` if it overflows, even if a size is 0.
    fn size(&self) -> Option<usize> {
        let mut sizes = self.shape.iter().map(|&size| size.max(1));
        let count = sizes.try_fold(1usize, |product, size| product.checked_mul(size))?;
        count
            .checked_mul(self.width)
            .filter(|&size| isize::try_from(size).is_ok())
    }

    /// Returns a number as a float, which is exact for those up to 2⁵³.
    ///
    /// `bytes` has the width of an element.
    pub fn number(&self, bytes: &[u8]) -> f64 {
        let mut little = [0; 8];
        little[..self.width].copy_from_slice(bytes);
        if self.is_big_endian {
            little[..self.width].reverse();
        }
        let bits = u64::from_le_bytes(little);
        match (self.kind, self.width) {
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Signed, width) => {
                let unused = 64 - 8 * width as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
            _ => bits as f64,
        }
    }

    /// Returns a text, which must be UTF-8 or Unicode.
    pub fn text(&self, bytes: &[u8]) -> Option<String> {
        let text = match self.kind {
            Kind::Bytes => String::from_utf8(bytes.to_vec()).ok()?,
            Kind::Text => bytes
                .chunks_exact(4)
                .map(|code| {
                    let code: [u8; 4] = code.try_into().ok()?;
                    char::from_u32(match self.is_big_endian {
                        true => u32::from_be_bytes(code),
                        false => u32::from_le_bytes(code),
                    })
                })
                .collect::<Option<String>>()?,
            _ => return None,
        };
        Some(text.trim_end_matches('\0').into())
    }
}

pub(crate) fn invalid(problem: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, problem.into())
}
