//! Memory limits set by Linux control groups: those of a container, a systemd unit or a batch job.

use std::{fs, path::Path};

/// The file names of one version of control groups.
struct Version {
    /// The mount point.
    mount: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// The line of `memory.stat` with the size of the inactive file cache, which can be reclaimed.
    cached: &'static str,
}

const V1: Version = Version {
    mount: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cached: "total_inactive_file",
};

const V2: Version = Version {
    mount: "sys/fs/cgroup",
    limit: "memory.max",
    usage: "memory.current",
    cached: "inactive_file",
};

/// Returns the number of bytes that the process may still allocate: the minimum remainder in its
/// group and all enclosing groups. Returns `None` if there is no limit or there are no control
/// groups. `root` is the root of the file system.
pub fn left(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let left = groups.lines().filter_map(|line| {
        // Hierarchy, controllers, path: `0::/user.slice`, `4:memory:/docker/1`.
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let version = match controllers {
            "" => V2,
            _ if controllers.split(',').any(|name| name == "memory") => V1,
            _ => return None,
        };
        version.left(root, Path::new(path))
    });
    left.min()
}

impl Version {
    /// Returns the minimum remainder from a group up to the root. Inside a container, the path is
    /// the host's, but only the container's own group is visible, mounted at the root.
    fn left(&self, root: &Path, group: &Path) -> Option<u64> {
        let mount = root.join(self.mount);
        let groups = group.ancestors().map(|group| {
            let inside = group.strip_prefix("/").unwrap_or(group);
            mount.join(inside)
        });
        groups.filter_map(|group| self.left_in(&group)).min()
    }

    fn left_in(&self, group: &Path) -> Option<u64> {
        // Version 2 writes `max`, which is not a number, if there is no limit.
        let number = |name| read(group, name)?.trim().parse::<u64>().ok();
        let (limit, usage) = (number(self.limit)?, number(self.usage)?);
        let stat = read(group, "memory.stat").unwrap_or_default();
        let cached = stat.lines().find_map(|line| {
            let (name, bytes) = line.split_once(' ')?;
            (name == self.cached).then(|| bytes.trim().parse().ok())?
        });
        let in_use = usage.saturating_sub(cached.unwrap_or(0));
        Some(limit.saturating_sub(in_use))
    }
}

fn read(group: &Path, name: &str) -> Option<String> {
    fs::read_to_string(group.join(name)).ok()
}
