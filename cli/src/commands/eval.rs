//! `tapeline eval`

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use serde::Serialize;
use tapeline_layers::loss;
use tapeline_models::{Evaluation, evaluate, shape_text};
use tapeline_tensor::Pool;

use crate::{
    context::Context,
    data_arg::{DataArgs, too_few},
    error::{CliError, in_option},
    model_arg::{ModelArg, not_finite},
    numbers::whole,
    output,
    table::{Table, percent},
};

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline eval @runs/1 --data fashion-mnist")]
pub struct Eval {
    /// `@` and the path of a run or a model file; a spec with --weights
    model: OsString,
    #[command(flatten)]
    data: DataArgs,
    /// Weights for the model, in a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The loss to measure
    #[arg(long, value_name = "SPEC", default_value = "cross_entropy")]
    loss: String,
    /// Number of threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = whole(1..=Pool::MAX), allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Eval {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let model = ModelArg::read(&self.model)?;
        model.expect_weights(self.weights.as_deref())?;
        let loss = loss::read(&self.loss, &cx.losses).map_err(in_option("--loss", &self.loss))?;
        let loaded = self.data.load(cx)?;
        let shape = loaded.test.shape();
        let trained = model.trained(self.weights.as_deref(), &shape, &loaded.test.classes, cx)?;
        if trained.model.plan.input != shape {
            let (found, wanted) = (shape_text(&shape), shape_text(&trained.model.plan.input));
            return Err(CliError::data(format!(
                "{}: images are {found}, but the model takes {wanted}",
                loaded.name
            )));
        }
        let classes = &trained.labels.classes;
        let fits = loss.expect_classes(classes.len());
        fits.map_err(in_option("--loss", &self.loss))?;
        let test = loaded.test.with_class_count(classes.len());
        let test = test.map_err(|error| too_few(error, &loaded.name, "test"))?;

        let pool =
            Pool::new(self.threads.unwrap_or_else(Pool::cores)).map_err(CliError::internal)?;
        let normalisation = trained.labels.normalisation;
        let found = pool.install(|| {
            evaluate(
                &trained.model,
                &trained.params,
                &*loss.loss,
                &test,
                normalisation,
            )
        });
        let found = found.map_err(|found| not_finite(self.model.display(), &found))?;
        match self.json {
            true => output::json(&Report::from(&found)),
            false => output::text(&text(&found, classes)),
        }
    }
}

fn text(found: &Evaluation, classes: &[String]) -> String {
    let accuracy = percent(found.accuracy);
    let mut out = format!(
        "loss {:.4}  accuracy {accuracy}  {} images\n\n",
        found.loss, found.samples
    );

    let share = |part: usize, whole: usize| match whole {
        0 => "-".into(),
        _ => percent(part as f64 / whole as f64),
    };
    let mut table = Table::new(&["class", ">images", ">recall", ">precision"]);
    for (i, class) in classes.iter().enumerate() {
        let right = found.confusion[i][i];
        let images = found.confusion[i].iter().sum::<usize>();
        let classified = found.confusion.iter().map(|row| row[i]).sum();
        table.row([
            class.clone(),
            images.to_string(),
            share(right, images),
            share(right, classified),
        ]);
    }
    out += &table.to_string();

    let columns = (0..classes.len()).map(|i| format!(">{i}"));
    let heading: Vec<_> = ["class".into(), ">".into()]
        .into_iter()
        .chain(columns)
        .collect();
    let heading: Vec<_> = heading.iter().map(String::as_str).collect();
    let mut table = Table::new(&heading);
    for (i, (class, row)) in classes.iter().zip(&found.confusion).enumerate() {
        let counts = row.iter().map(usize::to_string);
        table.row([class.clone(), i.to_string()].into_iter().chain(counts));
    }
    format!("{out}\nclass, and what it was taken for\n{table}")
}

#[derive(Serialize)]
struct Report<'a> {
    loss: f64,
    accuracy: f64,
    samples: usize,
    confusion: &'a [Vec<usize>],
}

impl<'a> From<&'a Evaluation> for Report<'a> {
    fn from(found: &'a Evaluation) -> Self {
        Report {
            loss: found.loss,
            accuracy: found.accuracy,
            samples: found.samples,
            confusion: &found.confusion,
        }
    }
}
