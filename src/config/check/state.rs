//! The snapshot on disk: which file it is, how it is read and replaced.
//!
//! `sync` decides what is in it and when; here is only the file. A folder that is missing or full is no mistake of the
//! configuration: answers do not depend on it.

use std::fs::{self, File as Disk, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Check;
use crate::config::File;
use crate::sync::{Fill, Fingerprint, Store};

/// The snapshot's file in its folder.
const SNAPSHOT: &str = "catalogue.snapshot";
/// What is being written, until it takes the snapshot's place.
const UNFINISHED: &str = "catalogue.unfinished";
/// The largest snapshot that is read, in octets.
const SNAPSHOT_OCTETS: u64 = 1 << 30;

impl Check<'_> {
    pub(super) fn store(&self, file: &File) -> Option<Store> {
        let section = &file.nomad;
        if section.state_dir.is_empty() {
            return None;
        }
        let folder = PathBuf::from(&section.state_dir);
        let place = folder.join(SNAPSHOT);
        let fingerprint = Fingerprint::of(&[
            &section.addresses,
            &section.namespaces,
            &[section.region.clone(), section.filter.clone()],
            &section.exclude_tags,
        ]);
        Some(Store {
            place: place.display().to_string(),
            fingerprint,
            every: Duration::from_secs(section.state_seconds.max(1)),
            read: Arc::new(move || read(&place)),
            write: Arc::new(move |fill| replace(&folder, fill)),
        })
    }
}

fn read(place: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match Disk::open(place) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut octets = Vec::new();
    file.take(SNAPSHOT_OCTETS + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > SNAPSHOT_OCTETS {
        let problem = format!("it is larger than {SNAPSHOT_OCTETS} octets");
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(Some(octets))
}

/// Puts a whole new file in the place of the old one: at every moment there is one of the two.
fn replace(folder: &Path, fill: Fill<'_>) -> io::Result<()> {
    let unfinished = folder.join(UNFINISHED);
    let written = write(&unfinished, fill);
    if let Err(error) = written {
        // A full disk is not to stay full for its sake.
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    fs::rename(&unfinished, folder.join(SNAPSHOT))?;
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
