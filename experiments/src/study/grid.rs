//! The table of a comparison, independent of the output format.

use crate::{
    run::events::Figures,
    study::{
        results::{Compared, RowResult},
        stats::Sample,
        verdict::JudgedOn,
    },
};

/// A table.
pub struct Grid {
    pub columns: Vec<Column>,
    pub rows: Vec<GridRow>,
}

/// A column heading.
pub struct Column {
    pub name: String,
    /// Whether the column contains numbers.
    pub number: bool,
}

/// A table row: a configuration measured here, or figures from another source.
pub struct GridRow {
    pub cells: Vec<Cell>,
    pub measured: bool,
}

/// A table cell; `number` is the value by which the cell is sorted.
#[derive(Clone, Default)]
pub struct Cell {
    pub text: String,
    pub number: Option<f64>,
    /// Whether this is the best value in its column.
    pub best: bool,
}

/// A metric that is shown as mean ± standard deviation.
struct Shown {
    name: &'static str,
    of: fn(&Figures) -> Option<f64>,
    percent: bool,
}

const SHOWN: [Shown; 4] = [
    Shown {
        name: "train loss",
        of: |f| Some(f.train_loss),
        percent: false,
    },
    Shown {
        name: "train accuracy",
        of: |f| Some(f.train_accuracy),
        percent: true,
    },
    Shown {
        name: "validation accuracy",
        of: |f| f.val_accuracy,
        percent: true,
    },
    Shown {
        name: "test accuracy",
        of: |f| Some(f.test_accuracy),
        percent: true,
    },
];

/// Builds the table of a comparison.
pub fn grid(compared: &Compared<'_>) -> Grid {
    let rows = &compared.rows;
    let validated = rows
        .iter()
        .any(|row| row.sample(|f| f.val_accuracy).is_some());
    let shown: Vec<_> = SHOWN
        .iter()
        .filter(|shown| validated || shown.name != "validation accuracy")
        .collect();
    let incomplete = rows.iter().any(|row| row.missing() + row.diverged() > 0);

    let names = |names: &[&str], number| {
        let column = |name: &&str| Column {
            name: (*name).into(),
            number,
        };
        names.iter().map(column).collect::<Vec<_>>()
    };
    let mut columns: Vec<_> = compared
        .comparison
        .columns
        .iter()
        .map(|name| Column {
            name: name.clone(),
            number: false,
        })
        .collect();
    columns.extend(names(&["parameters", "multiply-adds"], true));
    columns.extend(shown.iter().map(|shown| Column {
        name: shown.name.into(),
        number: true,
    }));
    columns.extend(names(&["s/epoch"], true));
    if incomplete {
        columns.extend(names(&["runs"], false));
    }

    // With validation data, nothing is selected on the test data.
    let on = JudgedOn::of(compared);
    let is_marked = |shown: &Shown| on == JudgedOn::Test || shown.name != "test accuracy";
    let best = shown
        .iter()
        .map(|shown| shown.best(rows).filter(|_| is_marked(shown)));
    let best: Vec<_> = best.collect();
    let mut lines = Vec::new();
    for row in rows {
        let mut cells: Vec<_> = row
            .row
            .cells
            .iter()
            .map(|text| Cell::text(named(text)))
            .collect();
        let outcome = row.runs.first().map(|run| &run.outcome);
        cells.push(Cell::whole(
            outcome.map(|outcome| outcome.parameters as u64),
        ));
        cells.push(Cell::whole(outcome.map(|outcome| outcome.multiply_adds)));
        for (shown, best) in shown.iter().zip(&best) {
            let sample = row.sample(shown.of);
            let text = sample.map_or_else(|| "–".into(), |sample| shown.text(sample));
            let number = sample.map(|sample| sample.mean);
            cells.push(Cell {
                text,
                number,
                best: best.is_some() && row.rank(shown.of) == *best,
            });
        }
        cells.push(Cell {
            text: row
                .seconds()
                .map_or_else(|| "–".into(), |seconds| format!("{seconds:.2}")),
            number: row.seconds(),
            best: false,
        });
        if incomplete {
            cells.push(Cell::text(&runs(row)));
        }
        lines.push(GridRow {
            cells,
            measured: true,
        });
        lines.extend(row.row.known.iter().map(|known| {
            let mut cells = vec![Cell::default(); columns.len()];
            cells[0] = Cell::text(&format!("  {}", known.by));
            for (column, cell) in columns.iter().zip(&mut cells) {
                let figure = match column.name.as_str() {
                    "train loss" => 0,
                    "train accuracy" => 1,
                    "test accuracy" => 2,
                    _ => continue,
                };
                let values: Vec<_> = known.runs.iter().filter_map(|run| run[figure]).collect();
                let shown = SHOWN.iter().find(|shown| shown.name == column.name);
                let (Some(shown), Some(sample)) = (shown, Sample::of(&values)) else {
                    continue;
                };
                *cell = Cell {
                    text: shown.text(sample),
                    number: Some(sample.mean),
                    best: false,
                };
            }
            GridRow {
                cells,
                measured: false,
            }
        }));
    }
    Grid {
        columns,
        rows: lines,
    }
}

impl Shown {
    /// The best mean; `None` unless at least two configurations are ranked.
    fn best(&self, rows: &[RowResult<'_>]) -> Option<f64> {
        let means = rows.iter().filter_map(|row| row.rank(self.of));
        let means: Vec<_> = means.collect();
        let best = match self.percent {
            true => means.iter().copied().reduce(f64::max),
            false => means.iter().copied().reduce(f64::min),
        };
        best.filter(|_| means.len() > 1)
    }

    fn text(&self, sample: Sample) -> String {
        let (scale, places, unit) = match self.percent {
            true => (100.0, 2, " %"),
            false => (1.0, 4, ""),
        };
        let mean = format!("{:.places$}", scale * sample.mean);
        match sample.count {
            1 => mean + unit,
            _ => format!("{mean} ± {:.places$}{unit}", scale * sample.deviation),
        }
    }
}

impl Cell {
    fn text(text: &str) -> Self {
        Cell {
            text: text.into(),
            ..Cell::default()
        }
    }

    fn whole(number: Option<u64>) -> Self {
        Cell {
            text: number.map_or_else(|| "–".into(), |number| number.to_string()),
            number: number.map(|number| number as f64),
            best: false,
        }
    }
}

/// Text of a cell; an alternative may be empty.
fn named(cell: &str) -> &str {
    if cell.is_empty() { "(none)" } else { cell }
}

/// How many runs of a configuration have finished, diverged or are missing.
fn runs(row: &RowResult<'_>) -> String {
    let (all, diverged, missing) = (row.row.runs.len(), row.diverged(), row.missing());
    let done = all - diverged - missing;
    let mut text = format!("{done} of {all}");
    if diverged > 0 {
        text += &format!(", {diverged} diverged");
    }
    if missing > 0 {
        text += &format!(", {missing} missing");
    }
    text
}
