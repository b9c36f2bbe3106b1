//! The runs of a study as commands, for whatever runs commands.

use crate::{
    data_arg::DataArgs,
    shell,
    study::{queue::Task, store::Store},
};

/// `tapeline train …` for each run that is not done, one a line; one that has begun is resumed.
pub fn commands(tasks: &[Task<'_>], store: &Store, data: &DataArgs) -> String {
    let missing = tasks.iter().filter(|task| !store.is_done(&task.name));
    let command = |task: &Task<'_>| {
        let folder = store.run(&task.name);
        if store.is_begun(&task.name) {
            return shell::resume(&folder) + "\n";
        }
        let mut words = vec!["train".into()];
        words.extend(task.settings.words());
        words.extend(["--seed".into(), task.job.config.seed.to_string().into()]);
        words.extend(data.words());
        words.extend(["--out".into(), shell::operand(&folder)]);
        shell::command(words) + "\n"
    };
    missing.map(command).collect()
}
