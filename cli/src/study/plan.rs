//! The runs of a study as shell commands, for running them elsewhere.

use crate::{
    data_arg::Chosen,
    shell,
    study::{queue::Task, store::Store},
};

/// The command line of this process, quoted for a shell. `--plan` is left out, because the planned
/// study is the same as the executed one.
pub fn given() -> String {
    shell::command(std::env::args_os().skip(1).filter(|word| word != "--plan"))
}

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
        words.extend(["--seed".into(), task.job.config.seed.to_string().into()]);
        words.extend(data.words());
        words.extend(["--out".into(), shell::operand(&folder)]);
        shell::command(words) + "\n"
    };
    missing.map(command).collect()
}
