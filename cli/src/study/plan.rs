//! The runs of a study as commands, for whatever runs commands.

use crate::{
    data_arg::Chosen,
    shell,
    study::{queue::Task, store::Store},
};

/// The command that was given, as a shell takes it. `--plan` is left out: what was planned is the same study.
pub fn given() -> String {
    shell::command(std::env::args_os().skip(1).filter(|word| word != "--plan"))
}

/// `tapeline train …` for each run that is not done, one a line; one that has begun is resumed.
pub fn commands(tasks: &[Task<'_>], store: &Store, data: &Chosen) -> String {
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
