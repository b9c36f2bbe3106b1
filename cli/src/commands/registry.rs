//! `tapeline layers`, `optimizers`, `schedules`, `augmentations`, `losses`, `presets`: the names
//! that specs may use.

use std::fmt::Write;

use clap::Args;
use tapeline_data::AugmentDef;
use tapeline_layers::{LayerDef, LossDef};
use tapeline_models::shape_text;
use tapeline_optim::{OptimizerDef, ScheduleDef};
use tapeline_spec::{ArgInfo, Body, Named, Preset, Presets, Registry};

use crate::{context::Context, error::CliError, output, table::Table};

#[derive(Args)]
pub struct Name {
    /// Name of the entry to describe; if omitted, all entries are listed
    name: Option<String>,
}

impl Name {
    pub fn run<D: Entry>(&self, registry: &Registry<D>) -> Result<(), CliError> {
        match &self.name {
            None => output::text(&list(registry)),
            Some(name) => match registry.get(name) {
                Some(entry) => output::text(&describe(entry)),
                None => Err(unknown(name, registry)),
            },
        }
    }
}

/// A registered item with examples of specs that use it.
pub trait Entry: Named {
    fn examples(&self) -> Vec<String>;

    /// The heading of the examples.
    fn heading(&self) -> &'static str {
        "for example"
    }
}

impl Entry for LayerDef {
    fn examples(&self) -> Vec<String> {
        let examples = self.examples.iter();
        examples
            .map(|(spec, shape)| format!("{spec}    takes {}", shape_text(shape)))
            .collect()
    }
}

impl Entry for LossDef {
    fn examples(&self) -> Vec<String> {
        self.examples.iter().map(|&spec| spec.into()).collect()
    }
}

impl Entry for OptimizerDef {
    fn examples(&self) -> Vec<String> {
        self.examples.iter().map(|&spec| spec.into()).collect()
    }
}

impl Entry for ScheduleDef {
    fn examples(&self) -> Vec<String> {
        self.examples.iter().map(|&spec| spec.into()).collect()
    }
}

impl Entry for AugmentDef {
    fn examples(&self) -> Vec<String> {
        self.examples.iter().map(|&spec| spec.into()).collect()
    }
}

/// A preset as a registry entry; its example is the spec that it expands to.
pub struct PresetEntry(Preset);

impl Named for PresetEntry {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn about(&self) -> &'static str {
        self.0.about
    }
}

impl Entry for PresetEntry {
    fn examples(&self) -> Vec<String> {
        vec![self.0.text.into()]
    }

    fn heading(&self) -> &'static str {
        "stands for"
    }
}

/// Returns the presets as a registry.
pub fn presets(presets: &Presets) -> Result<Registry<PresetEntry>, CliError> {
    let mut entries = presets
        .iter()
        .map(|&Preset { name, text, about }| PresetEntry(Preset { name, text, about }));
    entries
        .try_fold(Registry::new("preset"), Registry::with)
        .map_err(CliError::internal)
}

/// Formats all registries as a page of Markdown, with the same descriptions.
pub fn catalogue(cx: &Context) -> Result<String, CliError> {
    let mut out = String::from(
        "# Catalogue\n\nEverything that has a name in a spec. Written by `tapeline catalogue`; `tapeline layers conv2d` prints an entry alone.\n",
    );
    out += &chapter("Layers", &cx.layers);
    out += &chapter("Losses", &cx.losses);
    out += &chapter("Optimizers and gradient transforms", &cx.optimizers);
    out += &chapter("Schedules", &cx.schedules);
    out += &chapter("Augmentations", &cx.augmentations);
    out += &chapter("Presets", &presets(&cx.presets)?);
    Ok(out)
}

fn chapter<D: Entry>(title: &str, registry: &Registry<D>) -> String {
    let mut out = format!("\n## {title}\n");
    for entry in registry.iter() {
        let _ = write!(
            out,
            "\n### {}\n\n```text\n{}```\n",
            entry.name(),
            describe(entry)
        );
    }
    out
}

fn list<D: Entry>(registry: &Registry<D>) -> String {
    let mut table = Table::new(&["name", "also", "what"]);
    for entry in registry.iter() {
        table.row([
            entry.name().into(),
            entry.aliases().join(", "),
            entry.about().into(),
        ]);
    }
    table.to_string()
}

fn describe<D: Entry>(entry: &D) -> String {
    let mut out = format!("{}: {}\n", entry.name(), entry.about());
    if !entry.aliases().is_empty() {
        let _ = writeln!(out, "also called {}", entry.aliases().join(", "));
    }
    match entry.body() {
        Body::None => {}
        Body::One => out += "takes layers: [ … ]\n",
        Body::Branches => out += "takes branches of layers: [ … | … ]\n",
    }
    if !entry.args().is_empty() {
        let (by_name, by_position): (Vec<&ArgInfo>, Vec<&ArgInfo>) =
            entry.args().iter().partition(|arg| arg.keyword_only());
        if !by_name.is_empty() {
            let names: Vec<_> = by_position.iter().map(|arg| arg.name).collect();
            let _ = match names.is_empty() {
                true => writeln!(out, "takes its arguments by name"),
                false => writeln!(
                    out,
                    "takes {} by position, all others by name",
                    names.join(", ")
                ),
            };
        }
        let mut table = Table::new(&["argument", "default", "value", "what"]);
        for arg in entry.args() {
            let default = arg.default_text().unwrap_or_else(|| "required".into());
            table.row([arg.name.into(), default, arg.kind(), arg.doc.into()]);
        }
        let _ = write!(out, "\n{table}");
    }
    let _ = writeln!(out, "\n{}", entry.heading());
    for example in entry.examples() {
        let _ = writeln!(out, "  {example}");
    }
    out
}

fn unknown<D: Entry>(name: &str, registry: &Registry<D>) -> CliError {
    let error = CliError::usage(format!("unknown {} `{name}`", registry.noun()));
    match registry.nearest(name) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None => {
            let names: Vec<_> = registry
                .iter()
                .map(|entry| format!("`{}`", entry.name()))
                .collect();
            error.help(format!("there are {}", names.join(", ")))
        }
    }
}
