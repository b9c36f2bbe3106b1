//! Whether trainings fit into memory, asked before they take any.

use std::fs;

use tapeline_models::Memory;

use crate::{bytes::Bytes, error::CliError, training::job::Job};

/// Makes sure that the data and as many trainings at a time as `at_once` fit into `limit`, `--max-memory`; without that, into what the machine
/// has left, where it tells that. Of several trainings each is taken for the largest.
pub fn check<'j>(
    jobs: impl IntoIterator<Item = &'j Job<'j>>,
    at_once: usize,
    limit: Option<Bytes>,
) -> Result<(), CliError> {
    let jobs = jobs.into_iter().map(|job| (job.memory(), job.data_size));
    let Some((largest, data)) = jobs.max_by_key(|(memory, _)| memory.total()) else {
        return Ok(());
    };
    // The data is there already, so that what the machine has left is without it.
    let (limit, whose, taken) = match (limit, available()) {
        (Some(limit), _) => (limit, "`--max-memory` allows", data),
        (None, Some(left)) => (left, "the machine has", 0),
        (None, None) => return Ok(()),
    };
    let wanted = largest
        .total()
        .saturating_mul(at_once as u64)
        .saturating_add(taken);
    if wanted <= limit.0 {
        return Ok(());
    }
    let times = match at_once {
        1 => String::new(),
        n => format!("{n} times "),
    };
    let data = match taken {
        0 => String::new(),
        data => format!(", and data {}", Bytes(data)),
    };
    let message = format!(
        "the training needs about {}, and {whose} {limit}: {times}{}{data}",
        Bytes(wanted),
        parts(&largest)
    );
    let help = match largest {
        _ if at_once > 1 => "fewer `--jobs`",
        Memory { activations, .. } if 2 * activations > largest.total() => {
            "a smaller `--batch-size`"
        }
        _ => "a smaller model, or a larger `--max-memory`",
    };
    Err(CliError::usage(message).help(help))
}

/// What an estimate is made up of: `parameters 1.67 MB, gradients 1.67 MB, …`.
pub fn parts(memory: &Memory) -> String {
    let parts = [
        ("parameters", memory.parameters),
        ("gradients", memory.gradients),
        ("optimizer", memory.optimizer),
        ("activations", memory.activations),
        ("evaluation", memory.evaluation),
    ];
    parts
        .map(|(name, bytes)| format!("{name} {}", Bytes(bytes)))
        .join(", ")
}

/// What a new program may take without others being put out, as Linux tells it.
fn available() -> Option<Bytes> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(Bytes(kib * 1024))
}
