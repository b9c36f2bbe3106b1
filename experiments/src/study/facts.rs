//! Descriptions of what was run. They are generated from the study and its runs only, so they can't
//! disagree with what was run.

use crate::{
    settings::{Kind, SETTINGS, SettingDef, Settings},
    study::{Row, Study, grid::Grid, results::Compared},
};

/// A name and its value. The value marks code as in Markdown.
pub type Fact = (String, String);

/// The data, the settings (those of the recipe, or those shared by all configurations if there is
/// no recipe), and the command.
pub fn facts(study: &Study) -> Vec<Fact> {
    let data = &study.data;
    let mut facts = vec![(
        "data".into(),
        format!(
            "{}, {} training images, {} test images",
            code(&data.name),
            data.train_samples,
            data.test_samples
        ),
    )];
    let rows = || study.comparisons.iter().flat_map(|c| &c.rows);
    match &study.recipe {
        Some(recipe) => facts.extend(settings(&recipe.settings, recipe.seeds, None)),
        None => {
            let first = rows().next();
            let first = first.map(of_row);
            let is_shared = |fact: &Fact| rows().all(|row| of_row(row).contains(fact));
            facts.extend(first.unwrap_or_default().into_iter().filter(is_shared));
        }
    }
    for known in rows().flat_map(|row| &row.known) {
        let fact = (known.by.clone(), known.about.clone());
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    facts.push(("command".into(), code(&study.command)));
    facts
}

/// The configurations of a comparison that deviate from the study's recipe, with the settings they
/// change.
pub fn changes(study: &Study, compared: &Compared<'_>) -> Vec<String> {
    let Some(recipe) = &study.recipe else {
        return Vec::new();
    };
    let recipe = settings(&recipe.settings, recipe.seeds, None);
    let line = |row: &Row| {
        let own = of_row(row);
        let changed = own.iter().filter(|fact| !recipe.contains(fact));
        let changed: Vec<_> = changed
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        (!changed.is_empty()).then(|| format!("{}: {}\n", row.name(), changed.join(", ")))
    };
    compared
        .rows
        .iter()
        .filter_map(|row| line(row.row))
        .collect()
}

/// The spec of each named model of a comparison. Without a name, the table shows the spec.
pub fn models(compared: &Compared<'_>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for row in compared.rows.iter().map(|row| row.row) {
        let columns = compared.comparison.columns.iter().zip(&row.cells);
        let name = columns.filter(|(column, _)| NAMED.contains(&column.as_str()));
        let model = &row.settings.model;
        // Alternatives are parts of the spec, which needs no explanation.
        for (_, name) in name.filter(|(_, name)| !model.contains(name.as_str())) {
            let line = format!("{name}: {}\n", code(model));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// The columns whose cells may be names of models.
const NAMED: [&str; 2] = ["model", "configuration"];

/// Notes that explain the figures of a table. `elsewhere` names the style in which figures from
/// other sources are shown.
pub fn notes(compared: &Compared<'_>, grid: &Grid, elsewhere: &str) -> Vec<String> {
    let cells = || grid.rows.iter().flat_map(|row| &row.cells);
    let mut notes = Vec::new();
    if cells().any(|cell| cell.text.contains('±')) {
        let over = compared.comparison.over();
        notes.push(format!("Mean ± standard deviation over the {over}."));
    }
    if compared.rows.iter().any(|row| !row.runs.is_empty()) {
        notes.push("Training metrics are averaged over the last epoch while the weights are being updated; s/epoch is the median.".into());
    }
    if cells().any(|cell| cell.best) {
        notes.push("Bold: best in its column.".into());
    }
    if grid.rows.iter().any(|row| !row.measured) {
        notes.push(format!("{elsewhere}: figures from other sources."));
    }
    notes
}

fn of_row(row: &Row) -> Vec<Fact> {
    settings(&row.settings, row.seeds, row.folds)
}

fn settings(settings: &Settings, seeds: u64, folds: Option<usize>) -> Vec<Fact> {
    let fact = |setting: &SettingDef| {
        let value = settings.get(setting)?.to_string_lossy().into_owned();
        let shown = match setting.kind {
            Kind::Spec | Kind::File | Kind::List => code(&value),
            Kind::Integer
            | Kind::Number
            | Kind::Amount
            | Kind::Word(_)
            | Kind::Flag
            | Kind::Part => value,
        };
        Some((setting.title.into(), shown))
    };
    let seeds = ("seeds".into(), seeds.to_string());
    let folds = folds.map(|folds| {
        let about = format!("{folds} parts of the training images, each tested on once");
        ("folds".into(), about)
    });
    let facts = SETTINGS.iter().filter_map(fact);
    facts.chain([seeds]).chain(folds).collect()
}

/// Formats a text as Markdown code. Backticks are replaced, since they would end it.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}
