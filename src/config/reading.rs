//! Reads files that the operator names, and waits for none.
//!
//! Floor 6. What is in them is for `source` and `check`.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The largest file that is read, in octets: far more than all the CAs of a system have.
pub(super) const FILE_OCTETS: u64 = 16 << 20;

/// Reads a file; a pipe or a device, which could keep whoever reads it waiting, is none.
///
/// # Errors
/// What the system says, what is not a regular file, and one of more than 16 MiB.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(open_file(path)?, FILE_OCTETS)
}

/// Opens a regular file.
pub(super) fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    Ok(file)
}

/// Reads to the end of what is open, which may be a pipe; more than `most` octets are an error.
pub(super) fn read_at_most(file: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.take(most + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > most {
        let problem = format!("has more than {most} octets");
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(octets)
}
