//! What the kernel tells of a process: memory and CPU time (Linux).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A process that is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Memory that is resident now, in MiB.
    pub(crate) fn resident_mib(self) -> f64 {
        self.status_mib("VmRSS:")
    }

    /// The most memory that was resident, in MiB.
    pub(crate) fn peak_mib(self) -> f64 {
        self.status_mib("VmHWM:")
    }

    /// CPU time of all its threads, to the nanosecond; threads that ended are not in it.
    pub(crate) fn cpu(self) -> Duration {
        let tasks = fs::read_dir(self.file("task")).expect("the process lives");
        let nanoseconds = tasks.flatten().filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    fn status_mib(self, key: &str) -> f64 {
        let text = fs::read_to_string(self.file("status")).expect("the process lives");
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
        kib.expect("the kernel says it in kB") / 1024.0
    }

    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }
}
