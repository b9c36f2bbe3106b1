//! Files of definitions.

use crate::{SpecError, parse};

/// Returns the definitions of a text with a call of the one called `name` after them, in place of
/// the calls of the text. Returns `None` if there is no such definition.
///
/// A file can therefore be a library: several specs that share definitions.
///
/// # Errors
/// Same as [`parse`](crate::parse()).
///
/// ```
/// use tapeline_spec::pick;
///
/// let library = "let block(n) = [ linear(n) relu ]; let wide = [ 2*block(64) ]; wide";
/// let block = pick(library, "wide")?.unwrap();
/// assert_eq!(block, "let block(n) = [ linear(n) relu ]; let wide = [ 2*block(64) ];\nwide");
/// assert_eq!(pick(library, "narrow")?, None);
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub fn pick(text: &str, name: &str) -> Result<Option<String>, SpecError> {
    let lets = parse(text)?.lets;
    let known = lets.iter().any(|definition| definition.name == name);
    let last = lets.last().filter(|_| known);
    Ok(last.map(|last| format!("{}\n{name}", &text[..last.at.0.end])))
}

/// Returns the names of the definitions of a text, in order.
///
/// # Errors
/// Same as [`parse`](crate::parse()).
pub fn definitions(text: &str) -> Result<Vec<String>, SpecError> {
    let lets = parse(text)?.lets;
    Ok(lets.into_iter().map(|definition| definition.name).collect())
}
