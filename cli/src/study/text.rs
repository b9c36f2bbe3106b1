//! Tables and verdicts for people.

use crate::{
    escape,
    study::{
        Known,
        grid::{Grid, grid},
        results::{Compared, RowResult},
        stats::{Sample, welch},
        verdict::{LIMIT, Verdict, best, judge},
    },
    table::{Table, percent},
};

/// How verdicts are found, in a sentence.
pub const METHOD: &str = "paired t-test of the test accuracies over the seeds, two-sided, at 5 %";

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
                let names = format!("{} − {}", better.row.name(), than.row.name());
                format!(
                    "{}: {}. {names}: {}\n",
                    claim.text,
                    claimed(judged.verdict),
                    judged.figures()
                )
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
            Verdict::Fails | Verdict::Open => "within the seeds' spread",
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
        let likely = match theirs.count {
            1 => ours.may_give(theirs.mean),
            _ => welch(ours, theirs) >= LIMIT,
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
pub fn claimed(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "does not hold",
        Verdict::Open => "can't be told at this number of seeds",
    }
}
