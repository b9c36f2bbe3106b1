//! A checksum of a whole file that stands in the file itself.

use sha2::{Digest, Sha256};

/// What stands for the checksum in the bytes that it is of.
pub const NO_SUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The entry of the metadata that holds it.
pub const ENTRY: &str = "sha256";

/// How it is announced in the header. In what stands before it, quotation marks inside of texts are escaped.
const KEY: &[u8] = b"\"sha256\":\"";

/// Puts the checksum where [`NO_SUM`] stands.
pub fn seal(bytes: &mut [u8]) {
    let (sum, place) =
        checksum(bytes).unwrap_or_else(|| unreachable!("the entry was just put there"));
    bytes[place..place + sum.len()].copy_from_slice(sum.as_bytes());
}

/// Whether the bytes have this checksum.
pub fn holds(bytes: &[u8], sum: &str) -> bool {
    checksum(bytes).is_some_and(|(found, _)| found == sum)
}

/// The SHA-256 of the bytes with [`NO_SUM`] in its place, and that place; none where there is no such place.
fn checksum(bytes: &[u8]) -> Option<(String, usize)> {
    let key = bytes.windows(KEY.len()).position(|window| window == KEY)?;
    let place = key + KEY.len();
    let rest = bytes.get(place + NO_SUM.len()..)?;
    let mut sum = Sha256::new();
    sum.update(&bytes[..place]);
    sum.update(NO_SUM);
    sum.update(rest);
    Some((format!("{:x}", sum.finalize()), place))
}
