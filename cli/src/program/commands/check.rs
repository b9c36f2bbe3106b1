//! `tapeline check`: checks the gradients and other invariants of layers.

mod mutants;

use std::{ffi::OsString, fmt::Write, slice, time::Instant};

use clap::Args;
use serde::Serialize;
use tapeline_experiments::{run::model::ModelArg, table::Table};
use tapeline_layers::{
    LayerDef,
    check::{self, ASPECTS, Caught, Failure, LayerReport, LossReport},
};
use tapeline_models::shape_text;
use tapeline_spec::{Call, read};
use tapeline_tensor::{Pool, pool};

use crate::program::{context::Context, error::CliError, options::SizeArgs, output};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline check \"conv2d(4, 3) batchnorm2d relu flatten linear(10)\" --input 1x8x8\n  tapeline check --all\n  tapeline check --all --mutants > mutants.md"
)]
pub struct Check {
    /// Spec, or `@` and the path of a spec, run or model file
    #[arg(required_unless_present = "all")]
    model: Option<OsString>,
    #[command(flatten)]
    sizes: SizeArgs,
    /// Check every registered layer and loss, with random arguments and shapes
    #[arg(long, conflicts_with_all = ["model", "input", "classes"])]
    all: bool,
    /// Print JSON, one line per layer, loss or model
    #[arg(long)]
    json: bool,
    /// Print the mutated gradient rules that the check detected, by kind and layer, as Markdown
    #[arg(long, conflicts_with = "json")]
    mutants: bool,
}

impl Check {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let begun = Instant::now();
        let rows = match &self.model {
            Some(model) => self.model(model, cx)?,
            None => registered(cx)?,
        };
        if self.json {
            rows.iter().try_for_each(output::json)?;
        } else if self.mutants {
            output::text(&mutants::markdown(&rows))?;
        } else {
            output::text(&text(&rows, cx.terminal.verbose, begun))?;
        }
        match rows.iter().any(|row| row.failed > 0) {
            true => Err(CliError::Reported(1)),
            false => Ok(()),
        }
    }

    /// Checks each layer of a model on the input it gets there, then the whole model.
    fn model(&self, model: &OsString, cx: &Context) -> Result<Vec<Row>, CliError> {
        let model = ModelArg::read(model, cx)?.build(self.sizes.sizes(), cx)?;
        let input = &model.plan.input;
        let spec = read(model.full(), &cx.layers, &cx.presets);
        let calls = spec.map_err(|e| CliError::internal(e.summary()))?.calls();
        let one = |calls: &[Call<_>], shape: &[usize], name: String| {
            let report = check::calls(calls, shape, &cx.layers);
            let caught = check::catches_calls(calls, shape, &cx.layers);
            Row::new("layer", name, report, caught)
        };
        let (mut rows, mut shape) = (Vec::new(), input);
        let outputs = model.plan.rows.iter().filter(|row| row.depth == 0);
        for (i, (call, row)) in calls.iter().zip(outputs).enumerate() {
            let name = format!("{i} {} on {}", call.text(), shape_text(shape));
            rows.push(one(slice::from_ref(call), shape, name));
            shape = &row.output;
        }
        if calls.len() > 1 {
            rows.push(Row {
                kind: "model",
                ..one(&calls, input, "whole model".into())
            });
        }
        Ok(rows)
    }
}

/// Checks everything that is registered: the layers on all cores, each by one thread.
fn registered(cx: &Context) -> Result<Vec<Row>, CliError> {
    let pool = Pool::new(Pool::cores()).map_err(CliError::internal)?;
    let layer = |def: &LayerDef| {
        let (report, caught) = (check::report(def), check::catches(def));
        Row::new("layer", def.name.to_string(), report, caught)
    };
    let mut rows = pool.install(|| pool::map(cx.layers.iter(), layer));
    let losses = cx.losses.iter();
    rows.extend(losses.map(|def| Row::loss(def.name, check::loss(def))));
    Ok(rows)
}

/// The results of one layer, loss or model.
#[derive(Default, Serialize)]
struct Row {
    kind: &'static str,
    name: String,
    /// Number of cases (arguments and shapes) that were tried, and of those that were rejected.
    cases: usize,
    refused: usize,
    /// Number of checks over all cases, and number of aspects that failed.
    checks: usize,
    failed: usize,
    kinks: usize,
    /// Maximum relative difference between a gradient and finite differences.
    worst: f64,
    /// Maximum relative difference that a gradient could have had, including rounding errors.
    allowed: f64,
    /// Number of mutated rules, all of which were detected.
    mutants: usize,
    /// The mutated rules by the kind of mutation.
    mutations: Vec<Mutation>,
    aspects: Vec<Aspect>,
    failures: Vec<String>,
}

#[derive(Serialize)]
struct Aspect {
    name: &'static str,
    checks: usize,
    kinks: usize,
    worst: f64,
    allowed: f64,
    failed: bool,
    /// Why some case had nothing to check.
    skipped: Option<String>,
}

/// The mutated rules of one kind.
#[derive(Serialize)]
struct Mutation {
    name: &'static str,
    detected: usize,
    /// Rules that the mutation left equal.
    equal: usize,
}

impl Row {
    fn new(
        kind: &'static str,
        name: String,
        report: Result<LayerReport, Failure>,
        caught: Result<Caught, Failure>,
    ) -> Row {
        let mut row = Row {
            kind,
            name,
            ..Row::default()
        };
        match report {
            Err(failure) => row.failures.push(failure.to_string()),
            Ok(report) => {
                (row.worst, row.allowed) = (report.worst(), report.allowed());
                (row.cases, row.refused) = (report.cases, report.refused);
                for line in report.lines {
                    row.checks += line.checks;
                    row.kinks += line.kinks;
                    row.aspects.push(Aspect {
                        name: line.aspect,
                        checks: line.checks,
                        kinks: line.kinks,
                        worst: line.worst,
                        allowed: line.allowed,
                        failed: line.failure.is_some(),
                        skipped: line.skipped,
                    });
                    row.failures.extend(line.failure.map(|f| f.to_string()));
                }
            }
        }
        match caught {
            Ok(caught) => {
                row.mutants = caught.mutants();
                let kinds = caught.kinds.into_iter().map(|kind| Mutation {
                    name: kind.mutation,
                    detected: kind.mutants,
                    equal: kind.equal,
                });
                row.mutations = kinds.collect();
            }
            // If the layer itself fails, its mutants fail for the same reason.
            Err(failure) if row.failures.is_empty() => row.failures.push(failure.to_string()),
            Err(_) => {}
        }
        row.failed = row.failures.len();
        row
    }

    fn loss(name: &str, report: Result<LossReport, Failure>) -> Row {
        let mut row = Row {
            kind: "loss",
            name: name.into(),
            ..Row::default()
        };
        match report {
            Err(failure) => {
                row.failures.push(failure.to_string());
                row.failed = 1;
            }
            Ok(report) => {
                (row.cases, row.refused) = (report.cases, report.refused);
                row.checks = report.cases;
                row.kinks = report.kinks;
                (row.worst, row.allowed) = (report.worst, report.allowed);
            }
        }
        row
    }
}

fn text(rows: &[Row], verbose: bool, begun: Instant) -> String {
    let mut table = Table::new(&[
        "", "name", ">cases", ">refused", ">checks", ">kinks", ">worst", ">allowed", ">mutants",
    ]);
    let number = |n: usize| if n == 0 { "-".into() } else { n.to_string() };
    let size = |x: f64| {
        if x == 0.0 {
            "-".into()
        } else {
            format!("{x:.0e}")
        }
    };
    for row in rows {
        let result = if row.failed == 0 { "ok" } else { "FAILED" };
        table.row([
            result.into(),
            row.name.clone(),
            number(row.cases),
            number(row.refused),
            number(row.checks),
            number(row.kinks),
            format!("{:.0e}", row.worst),
            size(row.allowed),
            match (row.mutants, row.mutations.is_empty()) {
                (0, false) => "none".into(),
                (mutants, _) => number(mutants),
            },
        ]);
        for aspect in row.aspects.iter().filter(|_| verbose) {
            let name = match &aspect.skipped {
                Some(reason) if aspect.checks == 0 => format!("  {}: {reason}", aspect.name),
                _ => format!("  {}", aspect.name),
            };
            table.row([
                if aspect.failed { "FAILED" } else { "ok" }.into(),
                name,
                String::new(),
                String::new(),
                number(aspect.checks),
                number(aspect.kinks),
                format!("{:.0e}", aspect.worst),
                size(aspect.allowed),
                String::new(),
            ]);
        }
    }
    let mut out = table.to_string();
    for failure in rows.iter().flat_map(|row| &row.failures) {
        let _ = write!(out, "\n{failure}\n");
    }
    let sum = |f: fn(&Row) -> usize| rows.iter().map(f).sum::<usize>();
    let failed = rows.iter().filter(|row| row.failed > 0).count();
    let _ = writeln!(
        out,
        "\n{} passed, {failed} failed; {} checks of {} aspects, {} mutated rules detected, {:.1} s",
        rows.len() - failed,
        sum(|row| row.checks),
        ASPECTS.len(),
        sum(|row| row.mutants),
        begun.elapsed().as_secs_f64()
    );
    out
}
