//! The runs of a study as commands, for whatever runs commands.

use crate::{
    data_arg::Chosen,
    error::CliError,
    study::{queue::Task, store::Store},
};

/// The command that was given, as a shell takes it. `--plan` is left out: what was planned is the same study.
pub fn given() -> String {
    let words = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned());
    let words = words.filter(|word| word != "--plan");
    shell_words::join(std::iter::once("tapeline".to_string()).chain(words))
}

/// `tapeline train …` for each run that is not done, one a line; one that has begun is resumed.
///
/// # Errors
/// When a path is no text.
pub fn commands(tasks: &[Task<'_>], store: &Store, data: &Chosen) -> Result<String, CliError> {
    let mut lines = String::new();
    for task in tasks.iter().filter(|task| !store.is_done(&task.name)) {
        let folder = store.run(&task.name);
        let folder = folder.to_str().ok_or_else(|| {
            CliError::usage(format!(
                "{}: is no Unicode text, so it fits into no command",
                folder.display()
            ))
        })?;
        let mut words = vec!["tapeline".into(), "train".into()];
        if store.is_begun(&task.name) {
            words.extend(["--resume".into(), folder.into()]);
        } else {
            words.extend(task.settings.words());
            words.extend(["--seed".into(), task.job.config.seed.to_string()]);
            words.extend(data.words()?);
            words.extend(["--out".into(), folder.into()]);
        }
        lines += &shell_words::join(words);
        lines += "\n";
    }
    Ok(lines)
}
