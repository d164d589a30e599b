//! Content that was read from files, and is read again while the gateway runs.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// The largest file that is read, in octets: far more than all the CAs of a system have.
const FILE_OCTETS: u64 = 16 << 20;

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
pub(super) fn read(path: &str) -> Result<Vec<u8>, String> {
    read_file(Path::new(path)).map_err(|error| format!("{path}: {error}"))
}

/// Reads a file; a pipe or a device, which could keep whoever reads it waiting, is none.
///
/// # Errors
/// What the system says, what is no regular file, and one of more than 16 MiB.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("is no regular file"));
    }
    read_some(file)
}

/// Reads to the end of what is open, which may be a pipe.
pub(in crate::config) fn read_some(file: impl Read) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.take(FILE_OCTETS + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > FILE_OCTETS {
        let problem = format!("has more than {FILE_OCTETS} octets");
        return Err(io::Error::other(problem));
    }
    Ok(octets)
}
