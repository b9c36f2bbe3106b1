//! The report: a study that is read from a file and written as Markdown.
//!
//! | file | contents |
//! |---|---|
//! | `report.toml` | the definition of the built-in report |
//! | [`definition`] | reads a definition into a study |
//! | `markdown` | renders a study with its results as Markdown |

pub mod definition;
pub(crate) mod markdown;
