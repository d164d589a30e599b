//! Reads files that the operator names, and waits for none.
//!
//! Floor 6. What is in them is for `source` and `check`.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The largest file that is read, in octets: far more than all the CAs of a system have.
const FILE_OCTETS: u64 = 16 << 20;

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
pub(super) fn read_some(file: impl Read) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.take(FILE_OCTETS + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > FILE_OCTETS {
        let problem = format!("has more than {FILE_OCTETS} octets");
        return Err(io::Error::other(problem));
    }
    Ok(octets)
}
