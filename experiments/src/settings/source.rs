//! The spec of a model, and where it comes from.

use std::{ffi::OsStr, path::Path};

use tapeline_models::{CLASSES, Model};
use tapeline_spec::{SpecError, read};

use crate::{context::Context, error::Error, shell};

/// The text of a spec and its origin.
#[derive(Clone, Debug)]
pub struct Source {
    /// The spec.
    pub text: String,
    /// The file; `None` for the command line.
    pub origin: Option<String>,
    /// The name of the model in comparisons, if it has one.
    pub name: Option<String>,
}

impl From<&str> for Source {
    fn from(text: &str) -> Self {
        Source {
            text: text.into(),
            origin: None,
            name: None,
        }
    }
}

impl Source {
    /// Reports all errors in the spec that can be found without an input shape and a number of
    /// classes.
    pub fn check(&self, cx: &Context) -> Result<(), Error> {
        let presets = cx.presets.clone().with_integer(CLASSES, None);
        let Err(error) = read(&self.text, &cx.layers, &presets) else {
            return Ok(());
        };
        self.expect_no_path()?;
        Err(self.error(error))
    }

    /// Builds the model for an input shape, where `classes` in the spec is the number of classes.
    pub fn build(&self, input: &[usize], classes: usize, cx: &Context) -> Result<Model, Error> {
        self.check(cx)?;
        let presets = cx.presets.clone().with_integer(CLASSES, Some(classes));
        Model::build(&self.text, input, &cx.layers, &presets).map_err(|error| self.error(error))
    }

    /// Wraps an error in this spec.
    pub fn error(&self, error: SpecError) -> Error {
        Error::Spec {
            origin: self.origin.clone(),
            error,
        }
    }

    /// Reports a path that was given without `@`.
    pub fn expect_no_path(&self) -> Result<(), Error> {
        let looks_like_path = self.text.contains(['/', '.']) && !self.text.contains([' ', '(']);
        if self.origin.is_none() && looks_like_path && Path::new(&self.text).exists() {
            return Err(Error::usage(format!(
                "`{}` is a path, but MODEL is read as a spec",
                self.text
            ))
            .help(format!(
                "prefix a path with `@`: `{}`",
                shell::quoted(OsStr::new(&format!("@{}", self.text)))
            )));
        }
        Ok(())
    }
}
