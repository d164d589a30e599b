//! A process that ends with the test that started it, whatever becomes of the test.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Becomes the program, and leaves a watch behind that kills its group once the test holds its end of the
/// standard input no more: so that nothing is left when the test itself is killed.
const WATCHED: &str = r#"
exec 3<&0 </dev/null
{ cat <&3 >/dev/null; kill -s KILL 0; } 2>/dev/null &
exec 3<&-
exec "$@"
"#;

/// A running program, in a process group of its own.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program with nothing of this machine's environment but `PATH`; it writes to the file `log`.
    pub fn start(program: &OsStr, arguments: &[&str], log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let child = Command::new("/bin/sh")
            .args(["-c", WATCHED, "watched"])
            .arg(program)
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap();
        Self {
            child,
            log: log.to_owned(),
        }
    }

    /// All that it wrote so far.
    pub fn log(&self) -> String {
        let mut octets = Vec::new();
        File::open(&self.log)
            .and_then(|mut file| file.read_to_end(&mut octets))
            .unwrap();
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Fails with the log when it has ended by itself.
    pub fn assert_runs(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("it ended with {status}:\n{}", self.log());
        }
    }

    /// Holds it still, as a machine that hangs does.
    pub fn stop(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn cont(&self) {
        self.signal("CONT");
    }

    /// Ends it as a crash does, with all that it started.
    pub fn kill(mut self) {
        self.end();
    }

    fn signal(&self, signal: &str) {
        let group = self.child.id();
        let sent = shell(&format!("kill -s {signal} -- -{group}"));
        assert!(sent, "SIG{signal} was not sent to {group}");
    }

    fn end(&mut self) {
        // The group, the watch among it, goes before its number is free for others.
        shell(&format!("kill -s KILL -- -{}", self.child.id()));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a line of shell; whether it went well.
pub fn shell(line: &str) -> bool {
    let status = Command::new("/bin/sh").args(["-c", line]).status();
    status.is_ok_and(|it| it.success())
}
