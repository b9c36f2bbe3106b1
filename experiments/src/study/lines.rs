//! Machine-readable output: `results.csv`, `results.jsonl` and `compare --json`.

use serde::Serialize;

use crate::{
    error::Error,
    escape,
    run::{
        events::{Figures, json_line},
        outcome::Outcome,
    },
    settings::fold::Fold,
    study::{
        Study,
        results::{Compared, RowResult, RunResult},
        verdict::{JudgedOn, Verdict, best},
    },
};

/// A run with the comparison and configuration it belongs to.
#[derive(Serialize)]
struct RunLine<'a> {
    comparison: &'a str,
    columns: &'a [String],
    row: &'a [String],
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fold: Option<Fold>,
    run: &'a str,
    data: &'a str,
    train_samples: usize,
    model: &'a str,
    optimizer: &'a str,
    batch_size: usize,
    #[serde(flatten)]
    outcome: &'a Outcome,
    command: &'a str,
}

/// All runs as JSON Lines.
pub fn jsonl(study: &Study, all: &[Compared<'_>]) -> Result<String, Error> {
    let line = |(compared, row, run): (&Compared<'_>, &RowResult<'_>, &RunResult)| {
        json_line(&RunLine {
            comparison: &compared.comparison.title,
            columns: &compared.comparison.columns,
            row: &row.row.cells,
            seed: run.seed,
            fold: run.fold,
            run: &row.row.runs[run.index],
            data: &study.data.name,
            train_samples: study.data.train_samples,
            model: &row.row.settings.model,
            optimizer: &row.row.settings.optimizer,
            batch_size: row.row.settings.batch_size,
            outcome: &run.outcome,
            command: &study.command,
        })
    };
    runs(all).map(line).collect()
}

/// All runs as CSV. The metrics of a run that diverged are empty.
pub fn csv(study: &Study, all: &[Compared<'_>]) -> String {
    let with_folds = runs(all).any(|(_, _, run)| run.fold.is_some());
    let fold = if with_folds { "fold," } else { "" };
    let heading = format!(
        "comparison,row,seed,{fold}run,data,train_samples,test_samples,epochs,batch_size,optimizer,parameters,multiply_adds,train_loss,train_accuracy,test_loss,test_accuracy,val_accuracy,threads,seconds_per_epoch\n"
    );
    let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    let line = |(compared, row, run): (&Compared<'_>, &RowResult<'_>, &RunResult)| {
        let figure = |of: fn(&Figures) -> Option<f64>| number(run.figures().and_then(of));
        let outcome = &run.outcome;
        let fold = run.fold.map_or_else(String::new, |fold| fold.to_string());
        let first = [
            escape::csv(&compared.comparison.title),
            escape::csv(&row.row.name()),
            run.seed.to_string(),
        ];
        let rest = [
            row.row.runs[run.index].clone(),
            escape::csv(&study.data.name),
            study.data.train_samples.to_string(),
            outcome.test_samples.to_string(),
            row.row.settings.epochs.to_string(),
            row.row.settings.batch_size.to_string(),
            escape::csv(&row.row.settings.optimizer),
            outcome.parameters.to_string(),
            outcome.multiply_adds.to_string(),
            figure(|f| Some(f.train_loss)),
            figure(|f| Some(f.train_accuracy)),
            figure(|f| Some(f.test_loss)),
            figure(|f| Some(f.test_accuracy)),
            figure(|f| f.val_accuracy),
            outcome.threads.to_string(),
            number(run.seconds()),
        ];
        let cells = first.into_iter().chain(with_folds.then_some(fold));
        cells.chain(rest).collect::<Vec<_>>().join(",") + "\n"
    };
    runs(all).map(line).fold(heading, |text, line| text + &line)
}

fn runs<'a, 's>(
    all: &'a [Compared<'s>],
) -> impl Iterator<Item = (&'a Compared<'s>, &'a RowResult<'s>, &'a RunResult)> {
    all.iter().flat_map(|compared| {
        let rows = compared.rows.iter();
        rows.flat_map(move |row| row.runs.iter().map(move |run| (compared, row, run)))
    })
}

/// A line of `compare --json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    /// A configuration. Metrics are `[mean, standard deviation]` over the runs; a value that does
    /// not exist is `null`.
    Row {
        index: usize,
        columns: &'a [String],
        row: &'a [String],
        runs: usize,
        done: usize,
        diverged: usize,
        parameters: Option<usize>,
        multiply_adds: Option<u64>,
        train_loss: Option<[f64; 2]>,
        train_accuracy: Option<[f64; 2]>,
        test_accuracy: Option<[f64; 2]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        val_accuracy: Option<[f64; 2]>,
        seconds_per_epoch: Option<f64>,
    },
    /// Accuracy of the best configuration minus that of another one, on the data that `judged_on`
    /// names. `interval` is the 95 % confidence interval; `p` is corrected for the number of
    /// comparisons.
    Difference {
        judged_on: JudgedOn,
        best: usize,
        other: usize,
        mean: Option<f64>,
        interval: Option<[f64; 2]>,
        p: Option<f64>,
        larger_than_spread: bool,
    },
}

/// Output of `compare --json`: one object per configuration, then one for each configuration other
/// than the best.
pub fn events(compared: &Compared<'_>) -> Result<String, Error> {
    let row = |(index, row): (usize, &RowResult<'_>)| {
        let spread = |of: fn(&Figures) -> Option<f64>| {
            row.sample(of).map(|sample| [sample.mean, sample.deviation])
        };
        let outcome = row.runs.first().map(|run| &run.outcome);
        json_line(&Event::Row {
            index,
            columns: &compared.comparison.columns,
            row: &row.row.cells,
            runs: row.row.runs.len(),
            done: row.runs.len() - row.diverged(),
            diverged: row.diverged(),
            parameters: outcome.map(|outcome| outcome.parameters),
            multiply_adds: outcome.map(|outcome| outcome.multiply_adds),
            train_loss: spread(|f| Some(f.train_loss)),
            train_accuracy: spread(|f| Some(f.train_accuracy)),
            test_accuracy: spread(|f| Some(f.test_accuracy)),
            val_accuracy: spread(|f| f.val_accuracy),
            seconds_per_epoch: row.seconds(),
        })
    };
    let mut lines: String = compared
        .rows
        .iter()
        .enumerate()
        .map(row)
        .collect::<Result<_, _>>()?;
    let Some(best) = best(compared) else {
        return Ok(lines);
    };
    for (other, judged) in &best.others {
        let difference = judged.paired.map(|paired| paired.difference);
        lines += &json_line(&Event::Difference {
            judged_on: best.on,
            best: best.row,
            other: *other,
            mean: difference.map(|d| d.mean),
            interval: judged.paired.map(|p| {
                let mean = p.difference.mean;
                [mean - p.margin, mean + p.margin]
            }),
            p: judged.paired.map(|paired| paired.p),
            larger_than_spread: judged.verdict == Verdict::Holds,
        })?;
    }
    Ok(lines)
}
