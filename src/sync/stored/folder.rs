//! The folder of the snapshot on disk: it is locked for one gateway, and its file is read and replaced here.
//!
//! Floor 2, files only: `keep` and `restore` decide when, `form` decides what is in the file. A missing or full folder
//! is no error of the configuration, because answers do not depend on it.

use std::fs::{self, File as Disk, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Fill, Fingerprint, Store};
use crate::regular_file::{open_file, read_at_most};

/// The snapshot's file in its folder.
const SNAPSHOT: &str = "catalogue.snapshot";
/// What is being written, until it takes the snapshot's place.
const UNFINISHED: &str = "catalogue.unfinished";
/// The serials of the zones.
const SERIALS: &str = "zone.serials";
/// What is being written of them.
const UNFINISHED_SERIALS: &str = "zone.serials.unfinished";
/// The most octets of that file that are read.
const SERIALS_OCTETS: u64 = 1 << 20;
/// What one gateway has locked for as long as it runs; its text is the number of that process.
const LOCK: &str = "nomadns.lock";
/// The largest snapshot that is read, in octets.
const SNAPSHOT_OCTETS: u64 = 1 << 30;

/// The folder of the snapshot, which is for one gateway at a time.
#[derive(Clone, Debug)]
pub struct StateFolder(PathBuf);

/// Keeps other gateways from the folder until it is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct StateLock(#[expect(dead_code, reason = "the lock ends with the open file")] Disk);

/// Another gateway uses the folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nomad.state_dir = {folder:?} is in use by another gateway{}; each needs a folder of its own: stop that one, or \
     name another folder", .process.map_or_else(String::new, |it| format!(" (process {it})"))
)]
pub struct StateInUse {
    /// The folder.
    pub folder: PathBuf,
    /// The other gateway's process, if it has written that down.
    pub process: Option<u32>,
}

impl StateFolder {
    /// Names the folder; it is opened when it is locked, read or written.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Locks the folder; none where it cannot be locked, since answers do not depend on it.
    ///
    /// # Errors
    /// Another gateway has it.
    pub fn lock(&self) -> Result<Option<StateLock>, StateInUse> {
        let in_use = |process| StateInUse {
            folder: self.0.clone(),
            process,
        };
        match lock(&self.0.join(LOCK)) {
            Ok(StateLocking::Ours(file)) => Ok(Some(StateLock(file))),
            Ok(StateLocking::Theirs(process)) => Err(in_use(process)),
            Err(error) => {
                tracing::warn!(
                    folder = %self.0.display(), %error,
                    "the folder nomad.state_dir cannot be locked: another gateway could use it too"
                );
                Ok(None)
            }
        }
    }

    /// Makes the store of a snapshot that was read with `fingerprint`, written every so often at most.
    #[must_use]
    pub fn store(&self, fingerprint: Fingerprint, every: Duration) -> Store {
        let (folder, place) = (self.0.clone(), self.0.join(SNAPSHOT));
        Store {
            place: place.display().to_string(),
            fingerprint,
            every,
            read: Arc::new(move || read(&place, SNAPSHOT_OCTETS)),
            write: Arc::new(move |fill| replace(&folder, (UNFINISHED, SNAPSHOT), fill)),
        }
    }

    /// Reads the serials of the zones as they were written; none when there is no file.
    ///
    /// # Errors
    /// A file that cannot be read, or is no text.
    pub fn read_serials(&self) -> io::Result<Option<String>> {
        let octets = read(&self.0.join(SERIALS), SERIALS_OCTETS)?;
        let text = octets.map(String::from_utf8).transpose();
        text.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }

    /// Writes the serials of the zones, whole or not at all.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write_serials(&self, text: &str) -> io::Result<()> {
        let files = (UNFINISHED_SERIALS, SERIALS);
        replace(&self.0, files, &mut |out| out.write_all(text.as_bytes()))
    }
}

enum StateLocking {
    Ours(Disk),
    Theirs(Option<u32>),
}

fn lock(place: &Path) -> io::Result<StateLocking> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options
        .mode(0o600)
        // One that is a link would have what it leads to written over.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(place)?;
    match file.try_lock() {
        Ok(()) => {
            // For whoever finds it locked; that it is locked does not depend on it.
            let _ = file.set_len(0).and_then(|()| file.rewind());
            let _ = writeln!(file, "{}", std::process::id());
            Ok(StateLocking::Ours(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.take(16).read_to_string(&mut text);
            Ok(StateLocking::Theirs(text.trim().parse().ok()))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn read(place: &Path, most_octets: u64) -> io::Result<Option<Vec<u8>>> {
    match open_file(place) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        file => read_at_most(file?, most_octets).map(Some),
    }
}

/// Puts a whole new file in the place of the old one: at every moment there is one of the two.
fn replace(folder: &Path, (unfinished, finished): (&str, &str), fill: Fill<'_>) -> io::Result<()> {
    let unfinished = folder.join(unfinished);
    let written = write(&unfinished, fill);
    if let Err(error) = written {
        // A full disk is not to stay full for its sake.
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    fs::rename(&unfinished, folder.join(finished))?;
    // The rename itself is on disk only when the folder is.
    Disk::open(folder)?.sync_all()
}

fn write(place: &Path, fill: Fill<'_>) -> io::Result<()> {
    // Tags may hold what is not for everyone.
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = BufWriter::new(file.open(place)?);
    fill(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()
}
