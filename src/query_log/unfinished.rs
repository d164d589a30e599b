//! Whether a file of dnstap goes on, and where it is moved when its stream has no end.
//!
//! Floor 2. Readers stop at the end of a stream, and would not read on behind a part of one.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::frames;

/// How many files without an end are kept beside the one that is written.
const MOST_UNFINISHED: u32 = 16;

/// How many octets of a file are a stream that goes on, without its STOP; none where a stream has to begin.
pub(super) fn stream_octets(path: &Path) -> io::Result<Option<u64>> {
    let octets = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Ok(None),
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    if octets == 0 {
        return Ok(None);
    }
    let stop = frames::STOP.len() as u64;
    if let Some(at) = octets.checked_sub(stop) {
        let mut end = frames::STOP;
        File::open(path)?.read_exact_at(&mut end, at)?;
        if end == frames::STOP {
            return Ok(Some(at));
        }
    }
    let aside = free_name_beside(path)?;
    tracing::warn!(
        path = %path.display(),
        moved = %aside.display(),
        "the file of the query log has no end: it is moved aside, and a new one begins"
    );
    fs::rename(path, aside)?;
    Ok(None)
}

/// A name for a file that is moved aside: no earlier one is lost.
fn free_name_beside(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MOST_UNFINISHED {
        let mut name = path.as_os_str().to_owned();
        match number {
            1 => name.push(".unfinished"),
            _ => name.push(format!(".unfinished.{number}")),
        }
        match fs::symlink_metadata(&name) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(name.into()),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    let problem = format!(
        "{MOST_UNFINISHED} files named {}.unfinished are there already; move or delete them",
        path.display()
    );
    Err(io::Error::new(ErrorKind::AlreadyExists, problem))
}
