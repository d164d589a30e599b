//! Stops one thread of a gateway while all others go on, as a debugger does: a signal would stop the whole process.

use std::fs;

use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::super::Gateway;

/// A thread that does nothing until this is dropped, by the thread that has made it.
pub(super) struct StoppedThread(Pid);

impl StoppedThread {
    /// Stops the first of the threads with this name.
    pub(super) fn of(gateway: &Gateway, name: &str) -> Self {
        let threads = fs::read_dir(format!("/proc/{}/task", gateway.child.id())).unwrap();
        let mut threads = threads.map(|it| it.unwrap().path());
        let is_wanted = |path: &std::path::PathBuf| {
            fs::read_to_string(path.join("comm")).is_ok_and(|it| it.trim_end() == name)
        };
        let path = threads.find(is_wanted).unwrap();
        let number = path.file_name().unwrap().to_str().unwrap();
        let thread = Pid::from_raw(number.parse().unwrap());
        ptrace::seize(thread, Options::empty()).unwrap();
        ptrace::interrupt(thread).unwrap();
        waitpid(thread, Some(WaitPidFlag::__WALL)).unwrap();
        Self(thread)
    }
}

impl Drop for StoppedThread {
    fn drop(&mut self) {
        ptrace::detach(self.0, None).unwrap();
    }
}
