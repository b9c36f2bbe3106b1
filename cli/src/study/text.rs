//! Tables and verdicts for people.

use crate::{
    escape,
    study::{
        Known,
        grid::{Grid, grid},
        results::{Compared, RowResult},
        stats::{Sample, welch},
        verdict::{Judged, LIMIT, Verdict, best, judge},
    },
    table::{Table, percent},
};

/// How differences are judged.
const METHOD: &str = "paired t-test of the test accuracies over the seeds, two-sided, at 5 %";

/// How verdicts are found; none where no row has the seeds for any.
pub fn method(compared: &Compared<'_>) -> Option<String> {
    let judged = compared
        .rows
        .iter()
        .any(|row| row.values(|f| Some(f.test_accuracy)).len() > 1);
    let correction = match compared.comparison.claims.len() {
        0 | 1 => "",
        _ => {
            ", not corrected for the number of claims: of those that are wrong, one in twenty may hold by chance"
        }
    };
    judged.then(|| format!("{METHOD}{correction}"))
}

/// What [`strangers`] are, as a heading.
pub const STRANGERS: &str = "Figures from elsewhere that differ by more than chance (Welch's test at 5 %; for a single run the 95 % prediction interval):";

/// A comparison for people: its table, then what can be said of its differences.
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

fn table(grid: &Grid) -> String {
    let names = grid.columns.iter().map(|column| match column.number {
        true => format!(">{}", column.name),
        false => column.name.clone(),
    });
    let names: Vec<_> = names.collect();
    let mut table = Table::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &grid.rows {
        // The mark has a place of its own, so that numbers stay in line.
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
        "* best of its column\n"
    } else {
        ""
    };
    format!("{table}{legend}")
}

/// A line for each claim; without claims, one for each row that is not the best.
pub fn verdicts(compared: &Compared<'_>) -> Vec<String> {
    let rows = &compared.rows;
    if !compared.comparison.claims.is_empty() {
        let claims = compared.comparison.claims.iter();
        return claims
            .map(|claim| {
                let (better, than) = (&rows[claim.better], &rows[claim.than]);
                let judged = judge(better, than);
                let told = claimed(&judged);
                let figures = judged.paired.map_or_else(String::new, |_| {
                    let (better, than) = (better.row.name(), than.row.name());
                    format!(". {better} − {than}: {}", judged.figures())
                });
                format!("{}: {told}{figures}\n", claim.text)
            })
            .collect();
    }
    let Some(best) = best(rows) else {
        return Vec::new();
    };
    let name = rows[best.row].row.name();
    if rows[best.row].values(|f| Some(f.test_accuracy)).len() < 2 {
        return vec!["one seed tells nothing of the spread, so no difference is judged\n".into()];
    }
    let count = best.others.len();
    let correction = match count {
        1 => String::new(),
        _ => format!(", p-values with Holm's correction for {count} comparisons"),
    };
    let mut lines = vec![format!(
        "{name} has the best test accuracy; {METHOD}{correction}:\n"
    )];
    lines.extend(best.others.iter().map(|(other, judged)| {
        let told = match judged.verdict {
            Verdict::Holds => "larger than the seeds' spread",
            Verdict::Fails | Verdict::Open => "can't tell",
        };
        format!(
            "  against {}: {}: {told}\n",
            rows[*other].row.name(),
            judged.figures()
        )
    }));
    lines
}

/// A line for each test accuracy from elsewhere that differs from the one here by more than chance: by Welch's test where there are several
/// runs of it, for a single one when it lies outside of the 95 % prediction interval.
pub fn strangers(compared: &Compared<'_>) -> Vec<String> {
    let rows = compared.rows.iter();
    let pairs = rows.flat_map(|row| row.row.known.iter().map(move |known| (row, known)));
    let line = |(row, known): (&RowResult<'_>, &Known)| {
        let ours = row
            .sample(|f| Some(f.test_accuracy))
            .filter(|sample| sample.count > 1)?;
        let theirs: Vec<_> = known.runs.iter().map(|run| run[2]).collect();
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

/// A verdict on a claim, in words.
fn claimed(judged: &Judged) -> String {
    match (judged.verdict, judged.paired) {
        (Verdict::Holds, _) => "holds".into(),
        (Verdict::Fails, _) => "does not hold".into(),
        (Verdict::Open, Some(paired)) => {
            format!("can't be told from {} seeds", paired.difference.count)
        }
        (Verdict::Open, None) => "can't be told from fewer than two seeds".into(),
    }
}
