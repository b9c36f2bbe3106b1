//! The runs of a study as shell commands, for running them elsewhere.

use crate::{
    run::dataset::Chosen,
    shell,
    study::{queue::Task, store::Store},
};

/// A `tapeline train …` command for each unfinished run, one per line. A run that has been started
/// is resumed instead.
pub fn commands(tasks: &[Task], store: &Store, data: &Chosen) -> String {
    let missing = tasks.iter().filter(|task| !store.is_done(&task.name));
    let command = |task: &Task| {
        let folder = store.run(&task.name);
        if store.is_begun(&task.name) {
            return shell::resume(&folder) + "\n";
        }
        let mut words = vec!["train".into()];
        words.extend(task.settings.words());
        words.extend(["--seed".into(), task.settings.seed.to_string().into()]);
        words.extend(data.words());
        words.extend(["--out".into(), shell::operand(&folder)]);
        shell::command(words) + "\n"
    };
    missing.map(command).collect()
}
