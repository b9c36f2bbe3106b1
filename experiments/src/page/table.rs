//! The results table of a comparison.

use crate::{
    page::html::escaped,
    study::{
        facts::notes,
        grid::{Cell, Column, GridRow, grid},
        results::Compared,
    },
};

/// Renders the table. Each configuration has its own `tbody`, together with its results from other
/// sources, so that sorting keeps them together.
pub fn table(compared: &Compared<'_>) -> String {
    let grid = grid(compared);
    let heading = |column: &Column| {
        let class = class(&[(column.number, "number")]);
        let name = escaped(&column.name);
        format!(
            "<th scope=\"col\" aria-sort=\"none\"{class}><button type=\"button\">{name}</button></th>"
        )
    };
    let headings: String = grid.columns.iter().map(heading).collect();
    let mut html = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Results\">\n\
        <table class=\"results\">\n<thead>\n<tr>{headings}</tr>\n</thead>\n"
    );
    for (i, line) in grid.rows.iter().enumerate() {
        if line.measured || i == 0 {
            html += if i > 0 {
                "</tbody>\n<tbody>\n"
            } else {
                "<tbody>\n"
            };
        }
        html += &row(line, &grid.columns);
    }
    if !grid.rows.is_empty() {
        html += "</tbody>\n";
    }
    html += "</table>\n</div>\n";
    let notes = notes(compared, &grid, "Grey");
    match notes.is_empty() {
        true => html,
        false => html + &format!("<p class=\"note\">{}</p>\n", notes.join(" ")),
    }
}

fn row(line: &GridRow, columns: &[Column]) -> String {
    let cell = |(i, (cell, column)): (usize, (&Cell, &Column))| {
        let (tag, scope) = match i {
            0 => ("th", " scope=\"row\""),
            _ => ("td", ""),
        };
        let class = class(&[(column.number, "number"), (cell.best, "best")]);
        let number = cell
            .number
            .map(|number| format!(" data-number=\"{number}\""));
        let number = number.unwrap_or_default();
        // On a narrow screen the heading is hidden, so each figure has its own label.
        let label = match column.number {
            true => format!(" data-label=\"{}\"", escaped(&column.name)),
            false => String::new(),
        };
        let text = escaped(cell.text.trim());
        format!("<{tag}{scope}{class}{number}{label}>{text}</{tag}>")
    };
    let cells = line.cells.iter().zip(columns).enumerate().map(cell);
    let class = class(&[(!line.measured, "known")]);
    format!("<tr{class}>{}</tr>\n", cells.collect::<String>())
}

fn class(classes: &[(bool, &str)]) -> String {
    let held = classes.iter().filter(|(holds, _)| *holds);
    let names: Vec<_> = held.map(|(_, name)| *name).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" class=\"{}\"", names.join(" ")),
    }
}
