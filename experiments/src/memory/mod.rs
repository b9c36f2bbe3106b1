//! Checks that runs fit into memory before they allocate it.

pub mod bytes;
mod cgroup;

use std::{collections::HashSet, fs, path::Path};

use tapeline_models::Memory;

use crate::{error::Error, memory::bytes::Bytes, run::job::Job};

/// Checks that the dataset and `at_once` parallel runs fit into `limit` (`--max-memory`). Without a
/// limit, they must fit into the memory that the machine has available and its control groups
/// allow, if that can be determined. Each run is assumed to need as much as the largest.
pub fn check<'j>(
    jobs: impl IntoIterator<Item = &'j Job>,
    at_once: usize,
    limit: Option<Bytes>,
) -> Result<(), Error> {
    // Runs that differ only in the seed need the same.
    let mut known = HashSet::new();
    let mut is_new = |job: &&'j Job| {
        let Job { model, config, .. } = job;
        known.insert((
            model.full(),
            &config.settings.optimizer,
            job.samples_at_once(),
        ))
    };
    let mut data_size = 0;
    let jobs = jobs.into_iter().inspect(|job| {
        data_size = job.data_size.max(data_size);
    });
    let jobs: Vec<_> = jobs.filter(&mut is_new).collect();
    // The dataset is already in memory, so the available memory excludes it.
    let (limit, whose, data) = match (limit, available()) {
        (Some(limit), _) => (limit, "`--max-memory` allows", data_size),
        (None, Some(left)) => (left, "the available memory is", 0),
        (None, None) => return Ok(()),
    };
    // Estimating allocates memory, too, so sizes alone are checked first.
    for is_exact in [false, true] {
        let memories = jobs.iter().map(|job| match is_exact {
            false => job.least_memory(),
            true => job.memory(),
        });
        let Some(largest) = memories.max_by_key(Memory::total) else {
            continue;
        };
        let wanted = largest.total().saturating_mul(at_once as u64);
        let wanted = Bytes(wanted.saturating_add(data));
        if wanted > limit {
            let about = if is_exact { "about" } else { "at least" };
            let message = format!("training needs {about} {wanted}, but {whose} {limit}");
            return Err(refused(&message, &largest, at_once, data));
        }
    }
    Ok(())
}

/// Returns the error for runs that don't fit, with the parts of the largest.
fn refused(message: &str, largest: &Memory, at_once: usize, data: u64) -> Error {
    let times = match at_once {
        1 => String::new(),
        n => format!("{n} times "),
    };
    let data = match data {
        0 => String::new(),
        data => format!(", and data {}", Bytes(data)),
    };
    let help = match largest {
        _ if at_once > 1 => "use fewer `--jobs`",
        Memory { activations, .. } if 2 * activations > largest.total() => {
            "use a smaller `--batch-size`"
        }
        _ => "use a smaller model or a larger `--max-memory`",
    };
    Error::usage(format!("{message}: {times}{}{data}", parts(largest))).help(help)
}

/// Formats the parts of an estimate: `parameters 1.67 MB, gradients 1.67 MB, …`.
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

/// Returns the memory that can be allocated without swapping: what the machine has available or its
/// control groups allow, whichever is less. Only Linux reports these numbers.
pub fn available() -> Option<Bytes> {
    available_below(Path::new("/"))
}

fn available_below(root: &Path) -> Option<Bytes> {
    let left = [machine(root), cgroup::left(root)];
    left.into_iter().flatten().min().map(Bytes)
}

fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Creates the root directory of a machine with 1 GiB available and some more files.
    fn machine_with(files: &[(&str, &str)]) -> TempDir {
        let root = TempDir::new().unwrap();
        let meminfo = ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable: 1048576 kB\n");
        for (name, text) in files.iter().chain([&meminfo]) {
            let file = root.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    #[track_caller]
    fn expect(files: &[(&str, &str)], bytes: u64) {
        let root = machine_with(files);
        assert_eq!(available_below(root.path()), Some(Bytes(bytes)));
    }

    const GIB: u64 = 1 << 30;

    #[test]
    fn without_a_limit_the_machine_decides() {
        expect(&[], GIB);
        expect(
            &[
                ("proc/self/cgroup", "0::/a\n"),
                ("sys/fs/cgroup/a/memory.max", "max\n"),
                ("sys/fs/cgroup/a/memory.current", "5000\n"),
            ],
            GIB,
        );
        expect(&[("proc/self/cgroup", "nonsense\n\n0::\n::\n")], GIB);
        assert_eq!(available_below(Path::new("/nowhere")), None);
    }

    /// The tightest limit applies, on whatever level it is; memory that only caches files counts as
    /// available.
    #[test]
    fn the_limits_of_all_groups_count() {
        let inner = [
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/b/memory.max", "800000\n"),
            ("sys/fs/cgroup/a/b/memory.current", "300000\n"),
            (
                "sys/fs/cgroup/a/b/memory.stat",
                "anon 1\ninactive_file 100000\n",
            ),
        ];
        expect(&inner, 600_000);
        let outer = [
            ("sys/fs/cgroup/a/memory.max", "500000\n"),
            ("sys/fs/cgroup/a/memory.current", "300000\n"),
        ];
        expect(&[&inner[..], &outer].concat(), 200_000);
        // The group at the root of a container's view.
        let root = [
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "70000\n"),
            ("sys/fs/cgroup/memory.current", "90000\n"),
        ];
        expect(&root, 0);
    }

    #[test]
    fn the_first_version_of_control_groups_counts_too() {
        let first = [
            (
                "proc/self/cgroup",
                "5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n",
            ),
            (
                "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes",
                "800000\n",
            ),
            (
                "sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes",
                "300000\n",
            ),
            (
                "sys/fs/cgroup/memory/docker/1/memory.stat",
                "inactive_file 7\ntotal_inactive_file 100000\n",
            ),
            // Version 1 writes this number if there is no limit.
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n"),
        ];
        expect(&first, 600_000);
        // In a container the path is the host's, but the container's own group is mounted at the
        // root.
        let inside = [
            ("proc/self/cgroup", "4:memory:/docker/1\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n"),
        ];
        expect(&inside, 4_000);
    }
}
