//! The report: a study that is read from a file and written as Markdown.
//!
//! | file | contents |
//! |---|---|
//! | `reports` | the definitions of the built-in reports |
//! | [`definition`] | reads a definition into a study |
//! | `markdown` | renders a study with its results as Markdown |

pub mod definition;
pub(crate) mod markdown;
