//! `tapeline report`

use std::path::PathBuf;

use clap::Args;

use crate::{
    commands::compare::CrewArgs,
    context::Context,
    data_arg::DataArgs,
    error::CliError,
    escape, output,
    report::{definition, markdown::markdown},
    study::{
        files,
        plan::{commands, given},
        queue, results,
        store::Store,
        text,
    },
    training::memory,
};

#[derive(Args)]
#[command(after_help = "Example:\n  tapeline report --quick --out runs/report")]
pub struct Report {
    /// Folder for runs and report; finished runs are reused
    #[arg(long, value_name = "FOLDER", default_value = "report")]
    out: PathBuf,
    /// Use fewer seeds and epochs, as set in the file: takes minutes
    #[arg(long)]
    quick: bool,
    /// Also train the configurations that take long
    #[arg(long)]
    extra: bool,
    /// TOML file of comparisons [default: the built-in report]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    crew: CrewArgs,
    /// Train nothing; print a command for each unfinished run
    #[arg(long)]
    plan: bool,
}

impl Report {
    pub fn run(&self, cx: &Context) -> Result<(), CliError> {
        let mut study = definition::read(self.from.as_deref(), self.quick)?;
        let chosen = self.data.choose([])?;
        let data = chosen.for_training(cx)?;
        study.set_data(data.facts());
        study.command = given();
        let mut tasks = queue::tasks(&mut study, &data, cx)?;
        tasks.retain(|task| self.extra || !task.extra);
        let jobs = tasks.iter().map(|task| &task.job);
        memory::check(jobs, self.crew.crew().jobs, None)?;
        let store = Store::new(&self.out);
        let _lock = store.lock()?;
        store.keep(&study)?;
        if self.plan {
            return output::text(&commands(&tasks, &store, &chosen));
        }
        queue::train(tasks, self.crew.crew(), &store, cx)?;

        let compared = results::read(&study, &store)?;
        files::write(&study, &compared, &data, &store, cx)?;
        let page = markdown(&study, &compared);
        store.write("report.md", page.as_bytes())?;
        for compared in &compared {
            let title = escape::terminal(&compared.comparison.title);
            output::text(&format!("{title}\n\n{}\n", text::text(compared)))?;
        }
        output::text(&store.line("report.md"))
    }
}
