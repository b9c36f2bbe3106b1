//! The common part of `compare` and `report`: trains a study and prints its results.

use std::env;

use clap::Args;
use tapeline_experiments::{
    Messages, Session, shell,
    study::{lines, queue::Crew, text},
};
use tapeline_tensor::Pool;

use crate::program::{
    board::Board,
    context::Context,
    error::CliError,
    numbers::whole,
    output,
    signals::{self, exit_code},
};

/// The maximum number of parallel runs.
const MOST: usize = 1000;

/// The number of parallel runs and their threads.
#[derive(Args)]
pub struct CrewArgs {
    /// Number of runs to train in parallel
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=MOST), allow_negative_numbers = true)]
    jobs: usize,
    /// Total threads, divided among the jobs [default: one per core]
    #[arg(long, value_name = "N", value_parser = whole(1..=Pool::MAX), allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl CrewArgs {
    pub fn crew(&self) -> Crew {
        let threads = self.threads.unwrap_or_else(Pool::cores);
        Crew {
            jobs: self.jobs,
            threads: (threads / self.jobs).max(1),
        }
    }
}

/// The command line of this process, quoted for a shell. `--plan` is left out, because the planned
/// study is the same as the executed one.
pub fn given() -> String {
    shell::command(env::args_os().skip(1).filter(|word| word != "--plan"))
}

/// Trains the unfinished runs of a study, or with `plan` prints their commands, and prints the
/// results.
pub fn run(
    session: &Session<'_>,
    crew: &CrewArgs,
    plan: bool,
    json: bool,
    cx: &Context,
) -> Result<(), CliError> {
    if plan {
        return output::text(&session.plan());
    }
    let interrupt = signals::catch().map_err(CliError::internal)?;
    let board = Board::new(&cx.terminal);
    let trained = session.train(crew.crew(), &interrupt, &board);
    board.finish();
    let left = trained?;
    if let Some(signal) = interrupt.requested().filter(|_| left > 0) {
        let all = session.runs();
        cx.terminal.note(&format!(
            "stopped with {left} of {all} runs left; run the same command again to continue"
        ));
        return Err(CliError::Reported(exit_code(signal)));
    }

    let compared = session.results()?;
    let is_report = session.study.recipe.is_some();
    for compared in &compared {
        match (json, is_report) {
            (true, _) => output::text(&lines::events(compared)?)?,
            (false, true) => {
                let text = text::report(&session.study, compared);
                output::text(&(text + "\n"))?;
            }
            (false, false) => output::text(&text::text(compared))?,
        }
    }
    let written = if is_report { "report.md" } else { "" };
    match json {
        true => Ok(()),
        false => output::text(&session.line(written)),
    }
}
