//! The table of mutated gradient rules, as a page in Markdown.

use std::fmt::Write;

use super::{Mutation, Row};

const INTRODUCTION: &str = "\
# Mutated gradient rules

How good is the gradient check? For this page, every gradient rule of every layer is mutated, and the
check must notice each mutant. Written by `tapeline check --all --mutants > docs/mutants.md`.

A mutant is one rule of one operation in one example of a layer, in training or in evaluation, for
one of the operation's inputs `x`. \"Wrong\" means a gradient that is 1% too large under the given
condition. A mutant counts as equal if it returns the same gradients, up to rounding, wherever the
check looks: a vector has no two dimensions to swap, the gradient of `hard_tanh` is 0 above 5, and no
weight of `linear` exceeds 50. All other mutants are detected, or the check of the layer fails.
";

/// Returns the page: all kinds of mutation, then all layers.
pub fn markdown(rows: &[Row]) -> String {
    let mut page = INTRODUCTION.to_string();
    let layers = || rows.iter().filter(|row| !row.mutations.is_empty());
    let kinds: Vec<&str> = layers()
        .next()
        .map(|row| row.mutations.iter().map(|kind| kind.name).collect())
        .unwrap_or_default();

    let sum = |count: fn(&Mutation) -> usize, kind: usize| -> usize {
        layers().map(|row| count(&row.mutations[kind])).sum()
    };
    let _ = writeln!(
        page,
        "\n|  | gradient | detected | equal |\n|---|---|---:|---:|"
    );
    let (mut detected, mut equal) = (0, 0);
    for (i, name) in kinds.iter().enumerate() {
        let of = [sum(|m| m.detected, i), sum(|m| m.equal, i)];
        (detected, equal) = (detected + of[0], equal + of[1]);
        let _ = writeln!(page, "| {} | {name} | {} | {} |", i + 1, of[0], of[1]);
    }
    let _ = writeln!(page, "|  | **all** | **{detected}** | **{equal}** |");

    let _ = writeln!(
        page,
        "\nBy layer, with the number of equal mutants in parentheses:\n"
    );
    let numbers: String = (1..=kinds.len()).map(|i| format!(" {i} |")).collect();
    let _ = writeln!(page, "| layer |{numbers} all |");
    let _ = writeln!(page, "|---|{}", "---:|".repeat(kinds.len() + 1));
    for row in layers() {
        let _ = write!(page, "| `{}` |", row.name);
        for kind in &row.mutations {
            let _ = write!(page, " {} |", cell(kind.detected, kind.equal));
        }
        let equal = row.mutations.iter().map(|kind| kind.equal).sum();
        let _ = writeln!(page, " {} |", cell(row.mutants, equal));
    }
    for failure in rows.iter().flat_map(|row| &row.failures) {
        let _ = writeln!(page, "\nFailed: {failure}");
    }
    page
}

fn cell(detected: usize, equal: usize) -> String {
    match equal {
        0 => detected.to_string(),
        _ => format!("{detected} ({equal})"),
    }
}
