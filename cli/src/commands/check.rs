//! `tapeline check`: gradients, and what else layers are held to.

use std::{ffi::OsString, fmt::Write, time::Instant};

use clap::Args;
use serde::Serialize;
use tapeline_layers::{
    Plan,
    check::{self, ASPECTS, Caught, Failure, LossReport, Report},
};
use tapeline_models::shape_text;
use tapeline_spec::{Call, Diagnostic, read};

use crate::{
    context::Context,
    error::CliError,
    model_arg::ModelArg,
    numbers::{Shape, shape},
    output,
    table::Table,
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline check \"conv2d(4, 3) batchnorm2d relu flatten linear(10)\" --input 1x8x8\n  tapeline check --all"
)]
pub struct Check {
    /// A spec, or `@` and the path of a spec, a run or a model file: each layer, and all of them together
    #[arg(required_unless_present = "all")]
    model: Option<OsString>,
    /// Shape of the input [default: that of the run or model file, else 1x28x28]
    #[arg(long, value_name = "SHAPE", value_parser = shape)]
    input: Option<Shape>,
    /// Check every registered layer and loss, with drawn arguments and shapes
    #[arg(long, conflicts_with_all = ["model", "input"])]
    all: bool,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

impl Check {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let begun = Instant::now();
        let rows = match &self.model {
            Some(model) => self.model(model, cx)?,
            None => registered(cx),
        };
        match self.json {
            true => rows.iter().try_for_each(output::json)?,
            false => output::text(&text(&rows, cx.terminal.verbose, begun))?,
        }
        match rows.iter().any(|row| row.failed > 0) {
            true => Err(CliError::Reported(1)),
            false => Ok(()),
        }
    }

    /// A row for each layer of a model, on the input that it gets there, and one for the model.
    fn model(&self, model: &OsString, cx: &Context) -> Result<Vec<Row>, CliError> {
        let model = ModelArg::read(model, cx)?.build(self.input.as_ref(), cx)?;
        let input = &model.plan.input;
        let built = |errors: Vec<Diagnostic>| CliError::internal(&errors[0]);
        let spec = read(model.full(), &cx.layers, &cx.presets).map_err(built)?;
        let calls = spec.calls();
        let one = |calls: &[Call<'_, _>], shape: &[usize], name: String| {
            let report = check::calls(calls, shape, &cx.layers).map_err(built)?;
            let caught = check::catches_calls(calls, shape, &cx.layers).map_err(built)?;
            Ok::<_, CliError>(Row::new("layer", name, Ok(report), caught))
        };
        let (mut rows, mut shape) = (Vec::new(), input.clone());
        for (i, call) in calls.iter().enumerate() {
            let call = std::slice::from_ref(call);
            let name = format!("{i} {} on {}", call[0].text(), shape_text(&shape));
            rows.push(one(call, &shape, name)?);
            shape = Plan::build(call, &shape).map_err(built)?.output;
        }
        if calls.len() > 1 {
            rows.push(Row {
                kind: "model",
                ..one(&calls, input, "all of them together".into())?
            });
        }
        Ok(rows)
    }
}

/// A row for everything that is registered.
fn registered(cx: &Context) -> Vec<Row> {
    let layers = cx.layers.iter().map(|def| {
        let name = def.name.to_string();
        Row::new("layer", name, check::report(def), check::catches(def))
    });
    let losses = cx
        .losses
        .iter()
        .map(|def| Row::loss(def.name, check::loss(def)));
    layers.chain(losses).collect()
}

/// How one layer, loss or model fared.
#[derive(Default, Serialize)]
struct Row {
    kind: &'static str,
    name: String,
    /// Number of arguments and shapes that were tried, and that were refused.
    cases: usize,
    refused: usize,
    /// Number of checks over all cases, and of aspects that failed.
    checks: usize,
    failed: usize,
    kinks: usize,
    /// The largest relative difference between a gradient and finite differences.
    worst: f64,
    /// Number of mutated rules, all noticed.
    mutants: usize,
    aspects: Vec<Aspect>,
    failures: Vec<String>,
}

#[derive(Serialize)]
struct Aspect {
    name: &'static str,
    checks: usize,
    kinks: usize,
    worst: f64,
    failed: bool,
}

impl Row {
    fn new(
        kind: &'static str,
        name: String,
        report: Result<Report, Failure>,
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
                row.worst = report.worst();
                (row.cases, row.refused) = (report.cases, report.refused);
                for line in report.lines {
                    row.checks += line.checks;
                    row.kinks += line.kinks;
                    row.aspects.push(Aspect {
                        name: line.aspect,
                        checks: line.checks,
                        kinks: line.kinks,
                        worst: line.worst,
                        failed: line.failure.is_some(),
                    });
                    row.failures.extend(line.failure.map(|f| f.to_string()));
                }
            }
        }
        match caught {
            Ok(caught) => row.mutants = caught.mutants,
            // A failure of the layer is also one of its mutants.
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
                (row.kinks, row.worst) = (report.kinks, report.worst);
            }
        }
        row
    }
}

fn text(rows: &[Row], verbose: bool, begun: Instant) -> String {
    let mut table = Table::new(&[
        "", "name", ">cases", ">refused", ">checks", ">kinks", ">worst", ">mutants",
    ]);
    let number = |n: usize| if n == 0 { "-".into() } else { n.to_string() };
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
            number(row.mutants),
        ]);
        for aspect in row.aspects.iter().filter(|_| verbose) {
            table.row([
                if aspect.failed { "FAILED" } else { "ok" }.into(),
                format!("  {}", aspect.name),
                String::new(),
                String::new(),
                number(aspect.checks),
                number(aspect.kinks),
                format!("{:.0e}", aspect.worst),
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
        "\n{} passed, {failed} failed; {} checks of {} aspects, {} mutated rules noticed, {:.1} s",
        rows.len() - failed,
        sum(|row| row.checks),
        ASPECTS.len(),
        sum(|row| row.mutants),
        begun.elapsed().as_secs_f64()
    );
    out
}
