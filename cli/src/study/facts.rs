//! What was run, in words. All of it comes from the study and its runs, so that it can't say anything else than what was run.

use crate::{
    study::{Row, Study, grid::Grid, results::Compared},
    training::settings::Settings,
};

/// A fact: what it is about, and its value, in which code is marked as in Markdown.
pub type Fact = (String, String);

/// The data, the settings that all rows share or that they follow unless it is said otherwise, and the command.
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
        Some(recipe) => facts.extend(settings(&recipe.settings, recipe.seeds)),
        None => {
            let first = rows().next();
            let first = first.map(|row| settings(&row.settings, row.seeds));
            let is_shared =
                |fact: &Fact| rows().all(|row| settings(&row.settings, row.seeds).contains(fact));
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

/// The rows of a comparison that don't follow the study's recipe, and what they change.
pub fn changes(study: &Study, compared: &Compared<'_>) -> Vec<String> {
    let Some(recipe) = &study.recipe else {
        return Vec::new();
    };
    let recipe = settings(&recipe.settings, recipe.seeds);
    let line = |row: &Row| {
        let own = settings(&row.settings, row.seeds);
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

/// What the figures of a table are. `elsewhere` says how those from elsewhere look.
pub fn notes(compared: &Compared<'_>, grid: &Grid, elsewhere: &str) -> Vec<String> {
    let cells = || grid.rows.iter().flat_map(|row| &row.cells);
    let mut notes = Vec::new();
    if cells().any(|cell| cell.text.contains('±')) {
        notes.push("Mean ± standard deviation over the seeds.".into());
    }
    if compared.rows.iter().any(|row| !row.runs.is_empty()) {
        notes.push("Training figures are means over the last epoch, as it was trained on; s/epoch is the median.".into());
    }
    if cells().any(|cell| cell.best) {
        notes.push("Bold: best of its column.".into());
    }
    if grid.rows.iter().any(|row| !row.measured) {
        notes.push(format!("{elsewhere}: figures from elsewhere."));
    }
    notes
}

fn settings(settings: &Settings, seeds: u64) -> Vec<Fact> {
    let optional = |value: &Option<usize>| value.map(|value| value.to_string());
    let facts = [
        ("epochs", Some(settings.epochs.to_string())),
        ("batch size", Some(settings.batch_size.to_string())),
        ("optimizer", Some(code(&settings.optimizer))),
        (
            "learning rate instead",
            settings.lr.map(|lr| lr.to_string()),
        ),
        (
            "max grad norm",
            settings.max_grad_norm.map(|max| max.to_string()),
        ),
        ("loss", Some(code(&settings.loss))),
        ("schedule", Some(code(&settings.schedule))),
        ("augmentation", settings.augment.as_deref().map(code)),
        ("images held out", optional(&settings.val)),
        ("training images used", optional(&settings.limit)),
        (
            "first weights from",
            settings
                .weights
                .as_ref()
                .map(|file| code(&file.to_string())),
        ),
        ("seeds", Some(seeds.to_string())),
    ];
    let given = facts
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?)));
    given.collect()
}

/// A text as code. A backtick can't be in it, since it would end there.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}
