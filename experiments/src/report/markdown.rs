//! Renders a study with its results as Markdown.

use crate::{
    escape,
    study::{
        Study, charts, facts,
        grid::{Cell, Grid, grid},
        results::Compared,
        text::{STRANGERS, method, strangers, verdicts},
    },
};

/// Renders the page; it refers to the charts in the same folder.
pub fn markdown(study: &Study, all: &[Compared<'_>]) -> String {
    let mut page = format!(
        "# {}\n\n{}\n\n",
        escape::markdown(&study.title),
        escape::prose(study.text.trim())
    );
    let facts = facts::facts(study);
    page.extend(
        facts
            .iter()
            .map(|(name, value)| item(&format!("{name}: {value}"))),
    );
    for (number, compared) in all.iter().enumerate() {
        let comparison = compared.comparison;
        page += &format!(
            "\n## {}\n\n{}\n\n",
            escape::markdown(&comparison.title),
            escape::prose(comparison.text.trim())
        );
        let grid = grid(compared);
        page += &table(&grid);
        page += &format!("\n{}\n", facts::notes(compared, &grid, "Italic").join(" "));
        let models = facts::models(compared);
        if !models.is_empty() {
            page += "\nModels:\n\n";
            page.extend(models.iter().map(|line| item(line)));
        }
        let changes = facts::changes(study, compared);
        if !changes.is_empty() {
            page += "\nChanges from the recipe:\n\n";
            page.extend(changes.iter().map(|line| item(line)));
        }
        let mut picture = |what: &str, file: String| page += &format!("\n![{what}]({file})\n");
        picture(
            "Loss and accuracy over the epochs",
            charts::curves_file(number),
        );
        if comparison.gradients {
            picture("Gradient norms by layer", charts::gradients_file(number));
        }
        let lines = verdicts(compared);
        if !lines.is_empty() {
            page += &match method(compared) {
                Some(method) => format!("\nVerdicts ({method}):\n\n"),
                None => "\nVerdicts:\n\n".into(),
            };
            page.extend(lines.iter().map(|line| item(line)));
        }
        let strangers = strangers(compared);
        if !strangers.is_empty() {
            page += &format!("\n{STRANGERS}\n\n");
            page.extend(strangers.iter().map(|line| item(line)));
        }
    }
    page
}

fn item(line: &str) -> String {
    format!("- {}\n", escape::prose(line.trim_end()))
}

fn table(grid: &Grid) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let names = grid
        .columns
        .iter()
        .map(|column| escape::markdown_cell(&column.name));
    let rules = grid.columns.iter().map(|column| match column.number {
        true => "---:".into(),
        false => "---".into(),
    });
    let mut table = line(names.collect()) + &line(rules.collect());
    for row in &grid.rows {
        let cell = |cell: &Cell| match (
            escape::markdown_cell(cell.text.trim()),
            row.measured,
            cell.best,
        ) {
            (text, _, _) if text.is_empty() => text,
            (text, false, _) => format!("*{text}*"),
            (text, true, true) => format!("**{text}**"),
            (text, true, false) => text,
        };
        table += &line(row.cells.iter().map(cell).collect());
    }
    table
}
