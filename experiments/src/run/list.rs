//! The runs in a folder, with their figures.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use serde::Serialize;
use tapeline_data::files;
use tapeline_models::{Epoch, History};
use tapeline_spec::read;
use unicode_width::UnicodeWidthStr;

use crate::{
    context::Context,
    error::Error,
    escape,
    run::{
        config::Config,
        events::Figures,
        files::{CONFIG, CSV},
        outcome::{End, Outcome},
    },
    shell,
    table::{Table, percent},
};

/// Maximum width of a table in columns.
const WIDTH: usize = 80;

/// Maximum widths of the name of a run and of its data, and the minimum width of its spec.
const NAME: usize = 22;
const DATA: usize = 16;
const SPEC: usize = 12;

/// A run in a folder.
#[derive(Debug, Serialize)]
pub struct ListedRun {
    /// Its folder.
    pub run: String,
    /// What became of it.
    pub state: State,
    /// The spec in short form, or the name of a preset.
    pub spec: String,
    /// The dataset.
    pub data: String,
    /// Number of finished epochs.
    pub epochs: u64,
    /// Number of epochs when it is done.
    pub of_epochs: u64,
    /// The epoch that `@` and the folder stand for: the best on validation data, or else the last.
    /// `None` before the first is finished.
    pub epoch: Option<u64>,
    /// The metrics of that epoch.
    #[serde(flatten)]
    pub figures: Option<Figures>,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It finished its last epoch.
    Done,
    /// A value wasn't finite.
    Diverged,
    /// It is training.
    Running,
    /// It was stopped, and can be resumed.
    Stopped,
}

impl State {
    fn of(folder: &Path) -> Result<State, Error> {
        Ok(match Outcome::read(folder)?.map(|outcome| outcome.end) {
            Some(End::Done { .. }) => State::Done,
            Some(End::Diverged { .. }) => State::Diverged,
            None => match File::open(folder.join(CSV)).map(|file| file.try_lock_shared()) {
                Ok(Err(TryLockError::WouldBlock)) => State::Running,
                _ => State::Stopped,
            },
        })
    }

    fn name(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Diverged => "diverged",
            State::Running => "running",
            State::Stopped => "stopped",
        }
    }
}

/// Lists the runs in a folder, those with numbers in their order. Warns of runs that can't be read.
///
/// # Errors
/// If the folder can't be listed.
pub fn list(folder: &Path, cx: &Context) -> Result<Vec<ListedRun>, Error> {
    let fail = |reason| {
        Error::usage(format!(
            "{}: cannot list the folder: {reason}",
            folder.display()
        ))
        .help(format!(
            "`{} train` creates runs in `runs`, or where `--out` says",
            shell::program()
        ))
    };
    let mut names: Vec<OsString> = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        names.push(entry.map_err(fail)?.file_name());
    }
    let number = |name: &OsString| name.to_str().and_then(|name| name.parse::<u64>().ok());
    names.sort_by_key(|name| (number(name).unwrap_or(u64::MAX), name.clone()));
    let folders = names.into_iter().map(|name| folder.join(name));
    let runs = folders.filter(|folder| folder.join(CONFIG).exists());
    let read = |folder: PathBuf| {
        let run = ListedRun::read(&folder, cx);
        run.map_err(|error| cx.messages.warn(&error.to_string()))
            .ok()
    };
    Ok(runs.filter_map(read).collect())
}

impl ListedRun {
    fn read(folder: &Path, cx: &Context) -> Result<Self, Error> {
        let (config, _) = Config::read(folder)?;
        let table = files::read_regular_to_string(folder.join(CSV)).unwrap_or_default();
        let history = History::read(&table);
        let shown: Option<&Epoch> = history.best().or(history.last());
        Ok(ListedRun {
            run: folder.display().to_string(),
            state: State::of(folder)?,
            spec: short(&config.settings.model, cx),
            data: config.record.data.name.to_string(),
            epochs: history.len() as u64,
            of_epochs: config.settings.epochs,
            epoch: shown.map(|epoch| epoch.epoch),
            figures: shown.map(Figures::from),
        })
    }
}

/// Returns a spec without defaults, or the name of a preset that has the same layers.
fn short(spec: &str, cx: &Context) -> String {
    let read = |text: &str| read(text, &cx.layers, &cx.presets).ok();
    let full = |text: &str| read(text).map(|resolved| resolved.full());
    let is_preset = |name: &&str| full(name).as_deref() == Some(spec);
    let mut presets = cx.presets.iter().map(|preset| preset.name);
    match presets.find(is_preset) {
        Some(preset) => preset.into(),
        None => read(spec).map_or_else(|| spec.into(), |resolved| resolved.short()),
    }
}

/// Formats runs as a table that is at most 80 columns wide.
pub fn table(runs: &[ListedRun]) -> String {
    let has_val = runs.iter().any(|run| run.val().is_some());
    let mut heading = vec!["run", "model", "data", ">epoch", ">test", "state"];
    if has_val {
        heading.insert(5, ">val");
    }
    let rows = |spec: usize| {
        let mut table = Table::new(&heading);
        runs.iter()
            .for_each(|run| table.row(run.cells(spec, has_val)));
        table.to_string()
    };
    let widest = |text: &str| text.lines().map(|line| line.width()).max().unwrap_or(0);
    // The spec gets the space that the other columns leave.
    let others = widest(&rows(SPEC)) - SPEC;
    rows(WIDTH.saturating_sub(others).max(SPEC))
}

impl ListedRun {
    fn val(&self) -> Option<f64> {
        self.figures.and_then(|figures| figures.val_accuracy)
    }

    fn cells(&self, spec: usize, has_val: bool) -> Vec<String> {
        let share = |share: Option<f64>| share.map_or_else(|| "-".into(), percent);
        let epoch = match self.epoch {
            Some(epoch) => format!("{epoch}/{}", self.of_epochs),
            None => format!("-/{}", self.of_epochs),
        };
        let mut cells = vec![
            escape::cut(&self.run, NAME),
            escape::cut(&self.spec, spec),
            escape::cut(&self.data, DATA),
            epoch,
            share(self.figures.map(|figures| figures.test_accuracy)),
            self.state.name().into(),
        ];
        if has_val {
            cells.insert(5, share(self.val()));
        }
        cells
    }
}
