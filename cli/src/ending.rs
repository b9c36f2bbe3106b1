//! How a training ends: with its last epoch, a signal, a loss that is not finite, a file that can't be written.

use tapeline_models::{Ended, Epoch, Trainer};

use crate::{
    error::CliError,
    events::Event,
    recorder::{Failure, Recorder},
    run::{MODEL, Run},
    signals::exit_code,
    table::{Table, percent},
    terminal::Terminal,
};

/// Writes and tells what is left to be, after the last step; returns the last epoch of a training that was not ended before it.
pub fn end(
    ended: Option<Ended>,
    recorder: &mut Recorder<'_>,
    trainer: &Trainer<'_>,
    terminal: &Terminal,
) -> Result<Epoch, CliError> {
    recorder
        .run
        .draw(recorder.model.short(), &recorder.history)?;
    match (ended, recorder.failure.take()) {
        (_, Some(Failure::Error(error))) => Err(error),
        (_, Some(Failure::NotFinite(name))) => {
            let step = trainer.step.saturating_sub(1);
            let message = format!("step {step}: it makes `{name}` not finite");
            Err(diverged(step, Some(name), &message, recorder))
        }
        (Some(Ended::Diverged(found)), None) => {
            let layer = found
                .place
                .as_ref()
                .and_then(|place| place.scope.as_deref());
            Err(diverged(
                found.step,
                layer.map(String::from),
                &found.to_string(),
                recorder,
            ))
        }
        (Some(Ended::Stopped), None) => Err(stopped(recorder, trainer, terminal)?),
        (None, None) => {
            let last = recorder.history.last().cloned();
            let last =
                last.ok_or_else(|| CliError::internal("a training ended without an epoch"))?;
            let out = recorder.run.name();
            recorder.events.tell(&Event::Done {
                epochs: last.epoch,
                figures: (&last).into(),
                out: &out,
            });
            Ok(last)
        }
    }
}

/// The figures of the last epoch, for people.
pub fn table(last: &Epoch, run: &Run) -> String {
    let mut table = Table::new(&["", ">loss", ">accuracy"]);
    let mut row = |name: &str, loss: f64, accuracy| {
        table.row([name.into(), format!("{loss:.4}"), percent(accuracy)])
    };
    row("train", last.train_loss, last.train_accuracy);
    row("test", last.test_loss, last.test_accuracy);
    if let Some((loss, accuracy)) = last.val {
        row("val", loss, accuracy);
    }
    format!("{table}{}\n", run.name())
}

/// The model file stays as it is: what the last good epoch has left.
fn diverged(
    step: u64,
    layer: Option<String>,
    message: &str,
    recorder: &mut Recorder<'_>,
) -> CliError {
    let (out, epoch) = (recorder.run.name(), step / recorder.steps_in_epoch + 1);
    recorder.events.tell(&Event::Diverged {
        epoch,
        step,
        layer: layer.as_deref(),
        out: &out,
    });
    let kept = match recorder.history.last() {
        Some(last) => format!("{out}/{MODEL} has the weights of epoch {}", last.epoch),
        None => "no epoch was finished, so there is no model file".into(),
    };
    CliError::diverged(format!("epoch {epoch}, {message}"))
        .help(format!("try a smaller `--lr`; {kept}"))
}

/// Saves the weights of this moment: they are worth more than those of the last epoch.
fn stopped(
    recorder: &mut Recorder<'_>,
    trainer: &Trainer<'_>,
    terminal: &Terminal,
) -> Result<CliError, CliError> {
    if trainer.params.first_non_finite().is_none() {
        recorder.save(MODEL, &trainer.averaged())?;
    }
    let (out, step) = (recorder.run.name(), trainer.step);
    let epoch = step.saturating_sub(1) / recorder.steps_in_epoch + 1;
    let signal = recorder.signals.came().unwrap_or_default();
    recorder.events.tell(&Event::Stopped {
        signal,
        epoch,
        step,
        out: &out,
    });
    terminal.note(&format!(
        "stopped in epoch {epoch} after {step} steps; {out}/{MODEL} has the weights of this moment"
    ));
    Ok(CliError::Reported(exit_code(signal)))
}
