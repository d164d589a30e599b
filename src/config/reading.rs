//! Reads the files that the operator names, without blocking on any of them; also those that are re-read at run time.
//!
//! Floor 6. `source` and `check` interpret their content.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::regular_file::{open_file, read_at_most};

/// The largest file that is read, in octets: far more than all the CAs of a system have.
pub(super) const FILE_OCTETS: u64 = 16 << 20;

/// How long a pipe may take to give a configuration.
const PIPE_PATIENCE: Duration = Duration::from_secs(10);

/// Reads a file; a pipe or a device, which could keep whoever reads it waiting, is none.
///
/// # Errors
/// What the system says, what is not a regular file, and one of more than 16 MiB.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(open_file(path)?, FILE_OCTETS)
}

/// Reads a file that may be a pipe of the shell, such as `/dev/stdin` and `<(...)`.
///
/// # Errors
/// What the system says, a device or a folder, more than 16 MiB, and a pipe that is not done within 10 s.
pub(super) fn read_file_or_pipe(path: &Path) -> io::Result<Vec<u8>> {
    let kind = path.metadata()?.file_type();
    if kind.is_fifo() {
        return read_pipe(path, PIPE_PATIENCE);
    }
    if !kind.is_file() {
        return Err(io::Error::other("is neither a regular file nor a pipe"));
    }
    read_file(path)
}

/// Opening a pipe waits for who writes to it, and so does reading: in a thread that is left to itself.
fn read_pipe(path: &Path, patience: Duration) -> io::Result<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || {
        let read = File::open(path).and_then(|pipe| read_at_most(pipe, FILE_OCTETS));
        // Nobody waits for it any more when it comes too late.
        let _ = sender.send(read);
    });
    receiver.recv_timeout(patience).unwrap_or_else(|_| {
        let problem = format!("is a pipe whose writer was not done within {patience:?}");
        Err(io::Error::new(ErrorKind::TimedOut, problem))
    })
}

/// What was read from files, and how to read it again.
#[derive(Clone)]
pub struct Files<Content> {
    /// What they held.
    pub content: Content,
    /// Reads them again; the error is a line for the log.
    pub again: Arc<dyn Fn() -> Result<Content, String> + Send + Sync>,
}

/// Shows nothing: keys and passwords are among what is read.
impl<Content> fmt::Debug for Files<Content> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// Reads one file again; the error names it.
pub(super) fn read_again(path: &str) -> Result<Vec<u8>, String> {
    read_file(Path::new(path)).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::path::PathBuf;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;

    fn pipe() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        (folder, path)
    }

    #[test]
    fn a_pipe_is_read_to_its_end_and_not_beyond_the_limit() {
        let (_folder, path) = pipe();
        for (octets, is_taken) in [(200_000, true), (FILE_OCTETS + 1, false)] {
            let place = path.clone();
            let writer = thread::spawn(move || {
                let mut pipe = OpenOptions::new().write(true).open(place).unwrap();
                // It breaks where no more is read.
                let _ = pipe.write_all(&vec![b'#'; usize::try_from(octets).unwrap()]);
            });
            let read = read_file_or_pipe(&path);
            assert_eq!(read.is_ok_and(|it| it.len() as u64 == octets), is_taken);
            writer.join().unwrap();
        }
    }

    #[test]
    fn nobody_waits_for_a_pipe_to_which_nobody_writes() {
        let (_folder, path) = pipe();
        let error = read_pipe(&path, Duration::from_millis(1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "is a pipe whose writer was not done within 1ms"
        );
    }
}
