//! Tables and verdicts as text for the terminal.

use crate::{
    escape,
    study::{
        Known, Study, StudyRecipe,
        facts::changes,
        grid::{Grid, grid},
        results::{Compared, RowResult},
        stats::{Sample, welch},
        verdict::{Best, Judged, JudgedOn, LIMIT, Verdict, best, judge},
    },
    table::{Table, percent},
};

/// The test by which differences are judged.
fn test(on: JudgedOn, compared: &Compared<'_>) -> String {
    let (data, over) = (on.name(), compared.comparison.over());
    format!("paired t-test of the {data} accuracies over the {over}, two-sided, at 5 %")
}

/// Describes how verdicts are reached; `None` if no configuration has at least two finished runs.
pub fn method(compared: &Compared<'_>) -> Option<String> {
    let on = JudgedOn::of(compared);
    let mut rows = compared.rows.iter();
    let judged = rows.any(|row| row.values(|f| on.accuracy(f)).len() > 1);
    let correction = match compared.comparison.claims.len() {
        0 | 1 => "",
        _ => {
            ", not corrected for multiple comparisons: one in twenty false claims may hold by chance"
        }
    };
    judged.then(|| test(on, compared) + correction)
}

/// Heading above the output of [`strangers`].
pub const STRANGERS: &str = "Figures from other sources that differ significantly (Welch's test at 5 %; for a single run, the 95 % prediction interval):";

/// A comparison as text: its table, then the verdicts on its differences.
pub fn text(compared: &Compared<'_>) -> String {
    let shown = |lines: Vec<String>| -> String {
        let lines = lines.iter().map(|line| escape::terminal(line.trim_end()));
        lines.map(|line| line + "\n").collect()
    };
    let mut text = table(&grid(compared)) + &shown(verdicts(compared));
    let strangers = strangers(compared);
    if !strangers.is_empty() {
        text += &format!("{STRANGERS}\n{}", shown(strangers));
    }
    text
}

/// A comparison of a report as text: its title, the number of epochs and seeds of the recipe with
/// the configurations that change it, and the rest as in [`text`].
pub fn report(study: &Study, compared: &Compared<'_>) -> String {
    let mut report = escape::terminal(&compared.comparison.title) + "\n";
    if let Some(StudyRecipe { settings, seeds }) = &study.recipe {
        report += &format!("epochs: {}, seeds: {seeds}\n", settings.epochs);
    }
    for change in changes(study, compared) {
        report += &format!("changed for {}\n", escape::terminal(change.trim_end()));
    }
    format!("{report}\n{}", text(compared))
}

fn table(grid: &Grid) -> String {
    let names = grid.columns.iter().map(|column| match column.number {
        true => format!(">{}", column.name),
        false => column.name.clone(),
    });
    let names: Vec<_> = names.collect();
    let mut table = Table::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &grid.rows {
        // The mark takes a column of its own, so that numbers stay aligned.
        table.row(row.cells.iter().zip(&grid.columns).map(|(cell, column)| {
            let mark = match (column.number, cell.best) {
                (_, true) => "*",
                (true, false) => " ",
                (false, false) => "",
            };
            cell.text.clone() + mark
        }));
    }
    let starred = grid
        .rows
        .iter()
        .flat_map(|row| &row.cells)
        .any(|cell| cell.best);
    let legend = if starred {
        "* best in its column\n"
    } else {
        ""
    };
    format!("{table}{legend}")
}

/// One line per claim; without claims, one for each configuration other than the best.
pub fn verdicts(compared: &Compared<'_>) -> Vec<String> {
    let rows = &compared.rows;
    if !compared.comparison.claims.is_empty() {
        let claims = compared.comparison.claims.iter();
        let on = JudgedOn::of(compared);
        return claims
            .map(|claim| {
                let (better, than) = (&rows[claim.better], &rows[claim.than]);
                let judged = judge(on, better, than);
                let verdict = claimed(&judged, compared.comparison.over());
                let figures = judged.paired.map_or_else(String::new, |_| {
                    let (better, than) = (better.row.name(), than.row.name());
                    format!(". {better} − {than}: {}", judged.figures())
                });
                format!("{}: {verdict}{figures}\n", claim.text)
            })
            .collect();
    }
    let Some(best) = best(compared) else {
        return Vec::new();
    };
    let mut lines = vec![chosen(&best, &rows[best.row])];
    if rows[best.row].values(|f| best.on.accuracy(f)).len() < 2 {
        let one = match compared.comparison.over() {
            "seeds" => "seed",
            _ => "run",
        };
        lines.push(format!(
            "a single {one} does not show the spread, so no difference is tested\n"
        ));
        return lines;
    }
    let count = best.others.len();
    let correction = match count {
        1 => String::new(),
        _ => format!(", p-values with Holm's correction for {count} comparisons"),
    };
    lines.push(format!(
        "differences by {}{correction}:\n",
        test(best.on, compared)
    ));
    lines.extend(best.others.iter().map(|(other, judged)| {
        let verdict = match judged.verdict {
            Verdict::Holds => "significant",
            Verdict::Fails | Verdict::Open => "inconclusive",
        };
        format!(
            "  vs {}: {}: {verdict}\n",
            rows[*other].row.name(),
            judged.figures()
        )
    }));
    lines
}

/// Names the best configuration, its test accuracy, and the data that it was selected on.
fn chosen(best: &Best, row: &RowResult<'_>) -> String {
    let (name, data) = (row.row.name(), best.on.name());
    let test = row.sample(|f| Some(f.test_accuracy));
    let test = test.map_or_else(String::new, |sample| percent(sample.mean));
    match best.on {
        JudgedOn::Validation => {
            format!("{name} has the best {data} accuracy; its test accuracy is {test}\n")
        }
        JudgedOn::Test => format!(
            "{name} has the best {data} accuracy, {test}; it was selected on the data that it is reported on, so this is optimistic (`--val` holds out validation images to select on)\n"
        ),
    }
}

/// One line for each test accuracy from another source that differs significantly from the one
/// measured here: by Welch's test if the source has several runs; for a single run, if it lies
/// outside the 95 % prediction interval.
pub fn strangers(compared: &Compared<'_>) -> Vec<String> {
    let rows = compared.rows.iter();
    let pairs = rows.flat_map(|row| row.row.known.iter().map(move |known| (row, known)));
    let line = |(row, known): (&RowResult<'_>, &Known)| {
        let ours = row
            .sample(|f| Some(f.test_accuracy))
            .filter(|sample| sample.count > 1)?;
        let theirs: Vec<_> = known.runs.iter().filter_map(|run| run[2]).collect();
        let theirs = Sample::of(&theirs)?;
        let images = row.test_samples()?;
        let likely = match theirs.count {
            1 => ours.may_give(theirs.mean, images),
            _ => welch(ours, theirs, images) >= LIMIT,
        };
        (!likely).then(|| {
            format!(
                "{}: test accuracy {} here, {} by {}\n",
                row.row.name(),
                percent(ours.mean),
                percent(theirs.mean),
                known.by
            )
        })
    };
    pairs.filter_map(line).collect()
}

/// The verdict on a claim as text.
fn claimed(judged: &Judged, over: &str) -> String {
    match (judged.verdict, judged.paired) {
        (Verdict::Holds, _) => "holds".into(),
        (Verdict::Fails, _) => "does not hold".into(),
        (Verdict::Open, Some(paired)) => {
            format!("inconclusive with {} {over}", paired.difference.count)
        }
        (Verdict::Open, None) => format!("inconclusive with fewer than two {over}"),
    }
}
