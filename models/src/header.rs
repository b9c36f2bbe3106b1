//! The layout of a safetensors file: an 8-byte length, a JSON header, and data.
//!
//! This reader serves model files, weights from other programs and checkpoints.
//!
//! Besides the rules of the format, it requires names to be unique. JSON doesn't define the meaning
//! of duplicate names, and readers differ in which one they use.

use std::{collections::BTreeMap, fmt, marker::PhantomData, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use tapeline_data::identify_other;
use tapeline_spec::quote;

use crate::FileError;

/// The maximum length of a header, as in other readers.
const MAX_HEADER: u64 = 100_000_000;

const METADATA: &str = "__metadata__";

/// The contents of a safetensors file.
pub(crate) struct Contents<'b> {
    /// Metadata by name.
    pub metadata: BTreeMap<String, String>,
    /// Tensors by name.
    pub tensors: BTreeMap<String, Stored<'b>>,
}

/// A stored tensor.
pub(crate) struct Stored<'b> {
    /// The type of its values, as named by the format: `F32`.
    pub dtype: String,
    pub shape: Vec<usize>,
    /// Its values in row-major order, little-endian.
    pub data: &'b [u8],
}

/// Reads the header of a file and locates the data of each tensor.
///
/// # Errors
/// Returns an error if the bytes aren't a safetensors file, a name is used twice, the type, shape
/// and offsets of a tensor disagree, or the tensors don't fill the data without gaps.
pub(crate) fn read<'b>(bytes: &'b [u8], file: &Path) -> Result<Contents<'b>, FileError> {
    contents(bytes).map_err(|problem| FileError::new(file, problem))
}

fn contents(bytes: &[u8]) -> Result<Contents<'_>, String> {
    let (header, data) = split(bytes)?;
    let Pairs::<Pairs<Value>>(entries) =
        serde_json::from_slice(header).map_err(|e| format!("its header can't be read: {e}"))?;
    let mut metadata = None;
    let mut places = BTreeMap::new();
    for (name, entry) in entries {
        if name == METADATA {
            if metadata.is_some() {
                return Err(format!("has `{METADATA}` twice in its header"));
            }
            metadata = Some(texts(entry)?);
        } else {
            let place = Place::read(&name, entry)?;
            if places.contains_key(&name) {
                return Err(format!("has {} twice in its header", quote(&name)));
            }
            places.insert(name, place);
        }
    }
    expect_filled(&places, data.len())?;
    let stored = |(name, place): (String, Place)| {
        let stored = Stored {
            data: &data[place.begin..place.end],
            dtype: place.dtype,
            shape: place.shape,
        };
        (name, stored)
    };
    Ok(Contents {
        metadata: metadata.unwrap_or_default(),
        tensors: places.into_iter().map(stored).collect(),
    })
}

/// Splits a file into header and data.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    const WANTED: &str = "a safetensors file";
    if let Some(kind) = identify_other(bytes, WANTED) {
        return Err(kind.instead_of(WANTED));
    }
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return Err(format!(
            "is not {WANTED}: it has {} bytes, fewer than the 8 of the header's length",
            bytes.len()
        ));
    };
    let length = u64::from_le_bytes(*length);
    if length > rest.len() as u64 {
        return Err(format!(
            "is not {WANTED}: its header would have {length} bytes, but {} follow",
            rest.len()
        ));
    }
    if length > MAX_HEADER {
        return Err(format!(
            "has a header of {length} bytes, wanted at most {MAX_HEADER}"
        ));
    }
    Ok(rest.split_at(length as usize))
}

/// Reads the metadata: an object whose values are strings.
fn texts(Pairs(entries): Pairs<Value>) -> Result<BTreeMap<String, String>, String> {
    let mut texts = BTreeMap::new();
    for (name, value) in entries {
        let Value::String(text) = value else {
            return Err(format!(
                "its metadata has {} for {}, wanted a string",
                quote(&value.to_string()),
                quote(&name)
            ));
        };
        if texts.contains_key(&name) {
            return Err(format!("has {} twice in its metadata", quote(&name)));
        }
        texts.insert(name, text);
    }
    Ok(texts)
}

/// The header entry of a tensor.
struct Place {
    dtype: String,
    shape: Vec<usize>,
    begin: usize,
    end: usize,
}

impl Place {
    fn read(name: &str, Pairs(entries): Pairs<Value>) -> Result<Self, String> {
        let name = quote(name);
        let mut fields = BTreeMap::new();
        for (field, value) in entries {
            if fields.contains_key(&field) {
                return Err(format!("its tensor {name} has two {}", quote(&field)));
            }
            fields.insert(field, value);
        }
        let field = |field: &str| {
            let value = fields.get(field);
            value.ok_or_else(|| format!("its tensor {name} has no `{field}`"))
        };
        let wrong = |field: &str, value: &Value, wanted: &str| {
            let found = quote(&value.to_string());
            format!("its tensor {name} has the {field} {found}, wanted {wanted}")
        };

        let dtype = field("dtype")?;
        let (dtype, bits) = dtype
            .as_str()
            .and_then(|dtype| Some((dtype.to_string(), bits(dtype)?)))
            .ok_or_else(|| wrong("type", dtype, "a name like `F32`"))?;
        let shape = field("shape")?;
        let sizes = sizes(shape).ok_or_else(|| wrong("shape", shape, "a list of sizes"))?;
        let offsets = field("data_offsets")?;
        let Some([begin, end]): Option<[usize; 2]> =
            self::sizes(offsets).and_then(|offsets| offsets.try_into().ok())
        else {
            return Err(wrong("data offsets", offsets, "two offsets in the data"));
        };
        if begin > end {
            return Err(wrong("data offsets", offsets, "the smaller one first"));
        }
        let count = sizes
            .iter()
            .try_fold(1usize, |count, &size| count.checked_mul(size));
        let Some(total) = count.and_then(|count| count.checked_mul(bits)) else {
            return Err(format!(
                "its tensor {name} has the shape {}, which has too many values",
                quote(&shape.to_string())
            ));
        };
        // Types of fewer than eight bits are packed; a tensor must fill its last byte.
        if total % 8 != 0 || total / 8 != end - begin {
            return Err(format!(
                "its tensor {name} has {} bytes of data, but {dtype} in the shape {} takes {}",
                end - begin,
                quote(&shape.to_string()),
                total.div_ceil(8)
            ));
        }
        Ok(Place {
            dtype,
            shape: sizes,
            begin,
            end,
        })
    }
}

/// Returns the number of bits per value of a type.
fn bits(dtype: &str) -> Option<usize> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" => 64,
        _ => return None,
    })
}

fn sizes(value: &Value) -> Option<Vec<usize>> {
    let size = |value: &Value| value.as_u64().and_then(|size| usize::try_from(size).ok());
    value.as_array()?.iter().map(size).collect()
}

/// Checks that the tensors follow one another and fill the data.
fn expect_filled(places: &BTreeMap<String, Place>, data: usize) -> Result<(), String> {
    let mut sorted: Vec<_> = places.iter().collect();
    sorted.sort_by_key(|(_, place)| (place.begin, place.end));
    let mut end = 0;
    for (name, place) in sorted {
        let name = quote(name);
        if place.begin != end {
            return Err(format!(
                "its tensor {name} begins at byte {} of the data, wanted {end}, where the one before it ends",
                place.begin
            ));
        }
        if place.end > data {
            return Err(format!(
                "is truncated: its tensor {name} ends at byte {} of the data, which has {data}",
                place.end
            ));
        }
        end = place.end;
    }
    match end == data {
        true => Ok(()),
        false => Err(format!(
            "has {data} bytes of data, but its tensors take {end}"
        )),
    }
}

/// The entries of a JSON object in order, including duplicate names.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for ObjectVisitor<V> {
    type Value = Pairs<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
