//! A checksum of a file that is stored in the file itself.

use sha2::{Digest, Sha256};

/// Placeholder for the checksum while it is computed.
pub const NO_SUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The metadata entry that holds the checksum.
pub const ENTRY: &str = "sha256";

/// The JSON text that precedes the checksum in the header. It can't occur inside a string, where
/// quotation marks are escaped.
const KEY: &[u8] = b"\"sha256\":\"";

/// Replaces [`NO_SUM`] with the checksum.
pub fn seal(bytes: &mut [u8]) {
    let (sum, place) =
        checksum(bytes).unwrap_or_else(|| unreachable!("the entry was just put there"));
    bytes[place..place + sum.len()].copy_from_slice(sum.as_bytes());
}

/// Returns whether the bytes have this checksum.
pub fn holds(bytes: &[u8], sum: &str) -> bool {
    checksum(bytes).is_some_and(|(found, _)| found == sum)
}

/// Returns the SHA-256 of the bytes with [`NO_SUM`] in place of the checksum, and the offset of the
/// checksum; `None` if the entry is missing.
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
