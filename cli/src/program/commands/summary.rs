//! `tapeline summary`

use std::ffi::OsString;

use clap::Args;
use serde::Serialize;
use tapeline_experiments::{
    error::in_option,
    memory::{available, bytes::Bytes, parts},
    run::model::ModelArg,
    settings::limits,
    table::Table,
};
use tapeline_layers::{LayerSummary, Plan};
use tapeline_models::{Memory, shape_text};
use tapeline_optim::Optimizer;

use crate::program::{
    context::Context, error::CliError, numbers::whole, options::SizeArgs, output,
};

/// The maximum number of multiply-adds per sample for an estimate of the memory: some seconds.
const MULTIPLY_ADDS: u64 = 1 << 33;

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline summary cnn --input 1x28x28")]
pub struct Summary {
    /// Spec, or `@` and the path of a spec, run or model file
    #[arg(default_value = "mlp")]
    model: OsString,
    #[command(flatten)]
    sizes: SizeArgs,
    /// Batch size for the memory estimate [default: the run's, else 100]
    #[arg(long, value_name = "N", value_parser = whole(limits::BATCH_SIZE), allow_negative_numbers = true)]
    batch_size: Option<usize>,
    /// Optimizer for the memory estimate [default: the run's, else `train`'s]
    #[arg(long, value_name = "SPEC")]
    optimizer: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Summary {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let given = ModelArg::read(&self.model, cx)?;
        let model = given.build(self.sizes.sizes(), cx)?;
        let settings = given.run().map(|run| run.config.settings.clone());
        let settings = settings.unwrap_or_default();
        let text = self.optimizer.as_ref().unwrap_or(&settings.optimizer);
        let optimizer = Optimizer::read(text, &cx.optimizers);
        let optimizer = optimizer.map_err(in_option("--optimizer"))?;
        let batch_size = self.batch_size.unwrap_or(settings.batch_size);
        let (about, memory) = memory(&model.plan, &optimizer, batch_size);
        if self.json {
            return output::json(&Report::new(model.full(), &model.plan, memory));
        }
        let total = Bytes(memory.total());
        let parts = parts(&memory);
        let training = format!("batch size {batch_size} and `{}`", optimizer.short());
        output::text(&format!(
            "{}\nmemory for training with {training}: {about} {total}\n{parts}\n",
            table(&model.plan)
        ))
    }
}

/// Estimates the memory of a training run, or returns a lower bound if the steps that the estimate
/// takes would not fit into memory or take too long.
fn memory(plan: &Plan, optimizer: &Optimizer, batch_size: usize) -> (&'static str, Memory) {
    let least = Memory::lower_bound(plan, optimizer, batch_size);
    let fits = available().is_none_or(|left| Bytes(least.total()) <= left);
    if !fits || plan.multiply_adds() > MULTIPLY_ADDS {
        return ("at least", least);
    }
    // The size of the dataset isn't known here, so evaluation is assumed to use full batches.
    let memory = Memory::training(plan, optimizer, batch_size, usize::MAX);
    ("about", memory)
}

fn table(plan: &Plan) -> String {
    let mut table = Table::new(&["", "layer", "output", ">parameters", ">multiply-adds"]);
    let numbers = |parameters: usize, multiply_adds: u64| {
        [parameters.to_string(), multiply_adds.to_string()]
            .map(|n| if n == "0" { "-".into() } else { n })
    };
    table.row([
        String::new(),
        "input".into(),
        shape_text(&plan.input),
        "-".into(),
        "-".into(),
    ]);
    for row in &plan.rows {
        let layer = "  ".repeat(row.depth) + &row.text;
        let [parameters, multiply_adds] = numbers(row.parameters, row.multiply_adds);
        table.row([
            row.path.clone(),
            layer,
            shape_text(&row.output),
            parameters,
            multiply_adds,
        ]);
    }
    let [parameters, multiply_adds] = numbers(plan.parameters(), plan.multiply_adds());
    table.row([
        String::new(),
        "total".into(),
        String::new(),
        parameters,
        multiply_adds,
    ]);
    table.to_string()
}

#[derive(Serialize)]
struct Report<'a> {
    spec: &'a str,
    input: &'a [usize],
    layers: Vec<Layer<'a>>,
    parameters: usize,
    multiply_adds: u64,
    memory: Bill,
}

/// The memory that training needs, in bytes.
#[derive(Serialize)]
struct Bill {
    parameters: u64,
    gradients: u64,
    optimizer: u64,
    activations: u64,
    evaluation: u64,
    total: u64,
}

#[derive(Serialize)]
struct Layer<'a> {
    path: &'a str,
    layer: &'a str,
    output: &'a [usize],
    parameters: usize,
    multiply_adds: u64,
}

impl<'a> Report<'a> {
    fn new(spec: &'a str, plan: &'a Plan, memory: Memory) -> Self {
        let layer = |row: &'a LayerSummary| Layer {
            path: &row.path,
            layer: &row.text,
            output: &row.output,
            parameters: row.parameters,
            multiply_adds: row.multiply_adds,
        };
        Report {
            spec,
            input: &plan.input,
            layers: plan.rows.iter().map(layer).collect(),
            parameters: plan.parameters(),
            multiply_adds: plan.multiply_adds(),
            memory: Bill {
                parameters: memory.parameters,
                gradients: memory.gradients,
                optimizer: memory.optimizer,
                activations: memory.activations,
                evaluation: memory.evaluation,
                total: memory.total(),
            },
        }
    }
}
