//! `tapeline eval`

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use tapeline_experiments::{
    Messages,
    error::{in_option, not_finite},
    evaluation::Evaluated,
    mistakes::Mistakes,
    run::dataset::{expect_classes, expect_shape},
    run::model::{ModelArg, Sizes},
};
use tapeline_layers::NamedLoss;
use tapeline_models::evaluate;
use tapeline_tensor::Pool;

use crate::program::{
    context::Context, error::CliError, numbers::whole, options::DataArgs, output,
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  tapeline eval @runs/1\n  tapeline eval @runs/1 --errors mistakes.html"
)]
pub struct Eval {
    /// `@` and the path of a run or model file; or a spec with --weights
    model: OsString,
    #[command(flatten)]
    data: DataArgs,
    /// Weights of the model: a safetensors file with PyTorch's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Loss to measure [default: the run's, else cross_entropy]
    #[arg(long, value_name = "SPEC")]
    loss: Option<String>,
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = whole(1..=Pool::MAX), allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Write the worst mistakes, with what the model looks at, as an HTML page
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Eval {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let model = ModelArg::read(&self.model, cx)?;
        model.expect_weights(self.weights.as_deref())?;
        let known = model.run().map(|run| run.config.settings.loss.clone());
        let text = self.loss.clone().or(known);
        let text = text.unwrap_or_else(|| "cross_entropy".into());
        let loss = NamedLoss::read(&text, &cx.losses).map_err(in_option("--loss"))?;

        let chosen = self.data.choice().choose(model.run())?;
        let loaded = chosen.load(cx)?;
        let (name, test) = (&loaded.name, &loaded.test);
        // A spec is built for the shape and the classes of the dataset.
        let shape = test.shape();
        let sizes = Sizes {
            input: model.input().is_none().then_some(&shape[..]),
            classes: Some(test.classes.len()),
        };
        let classes = model.classes().map(<[String]>::to_vec);
        let expected = classes.as_deref().filter(|own| *own != &test.classes[..]);
        if let Some(own) = expected.filter(|_| model.run().is_none() && !chosen.named) {
            let what = "the model file doesn't say which data it was trained on";
            let message = format!(
                "{what}: its classes are {}, those of {name} {}",
                listed(own),
                listed(&test.classes)
            );
            return Err(CliError::usage(message).help("choose a dataset with `--data`"));
        }
        let (source, best) = (model.source(), model.best());
        let trained = model.trained(self.weights.as_deref(), sizes, cx)?;
        expect_shape(&trained.model, test, name)?;
        expect_classes(&trained.model, &loaded, &source)?;
        chosen.compare_test(&loaded, cx);
        let classes = classes.unwrap_or_else(|| test.classes.to_vec());
        let loss = loss.for_counts(&loaded.train.class_counts());
        let fits = loss.expect_classes(classes.len());
        fits.map_err(in_option("--loss"))?;
        cx.terminal
            .warn_spec(source.origin.as_deref(), &trained.model.warnings(&loss.def));

        let pool =
            Pool::new(self.threads.unwrap_or_else(Pool::cores)).map_err(CliError::internal)?;
        let normalisation = trained.labels.normalisation;
        let found = pool.install(|| {
            evaluate(
                &trained.model,
                &trained.params,
                &*loss.loss,
                test,
                normalisation,
            )
        });
        let found = found.map_err(|found| not_finite(self.model.display(), &found))?;
        if let Some(file) = &self.errors {
            let found = pool.install(|| Mistakes::find(&trained, &loss, &loaded));
            let found = found.map_err(|found| not_finite(self.model.display(), &found))?;
            found.write(file)?;
            let message = format!("{}: {}", file.display(), found.count());
            cx.terminal.note(&message);
        }
        let evaluated = Evaluated {
            data: name,
            transpose: chosen.transpose(),
            best: best.filter(|_| self.weights.is_none()),
            loss: &loss.text,
            classes: &classes,
            found: &found,
        };
        match self.json {
            true => output::json(&evaluated.json()),
            false => output::text(&evaluated.text()),
        }
    }
}

/// Joins the first few names.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    match names.len() > SHOWN {
        true => names[..SHOWN].join(", ") + ", …",
        false => names.join(", "),
    }
}
