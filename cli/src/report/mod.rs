//! The report: a study read from a file, and written as Markdown.
//!
//! | file | what it holds |
//! |---|---|
//! | `report.toml` | the report itself, as data |
//! | [`definition`] | from such a file to a study |
//! | [`markdown`] | a study with its results as Markdown |

pub mod definition;
pub mod markdown;
