//! Opens and reads files so that neither a pipe nor a file without end holds up the process.
//!
//! Floor 0. The configuration reads the operator's files with it, and `sync` the snapshot on disk.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opens a regular file.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
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
pub(crate) fn read_at_most(file: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.take(most + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > most {
        let problem = format!("has more than {most} octets");
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(octets)
}
