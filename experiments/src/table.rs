//! Tables as aligned columns of text.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use crate::escape;

/// The maximum width of a cell in columns, since names from outside may have any length.
const WIDEST: usize = 160;

/// A table with right-aligned columns for numbers and left-aligned columns for everything else.
#[derive(Default)]
pub struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Creates a table with a heading. A name that begins with `>` marks a right-aligned column.
    pub fn new(heading: &[&str]) -> Self {
        Table {
            right: heading.iter().map(|name| name.starts_with('>')).collect(),
            rows: vec![
                heading
                    .iter()
                    .map(|name| cell(name.strip_prefix('>').unwrap_or(name)))
                    .collect(),
            ],
        }
    }

    /// Adds a row, which must have as many cells as the heading.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(cells.into_iter().map(|text| cell(&text)).collect());
    }
}

fn cell(text: &str) -> String {
    escape::cut(text, WIDEST)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = |i: usize| self.rows.iter().map(move |row| row[i].width());
        let widths: Vec<_> = (0..self.right.len())
            .map(|i| column(i).max().unwrap_or(0))
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, &width), &right) in row.iter().zip(&widths).zip(&self.right) {
                let space = " ".repeat(width - cell.width());
                line += &if right {
                    space + cell
                } else {
                    cell.clone() + &space
                };
                line += "  ";
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Formats a fraction as a percentage: `91.77 %`.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
