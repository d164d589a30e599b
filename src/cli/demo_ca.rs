//! The CA of a running demo, in a file where `lookup` of the same user finds it.
//!
//! It is used only for loopback and for the ports of that demo. A folder or file that belongs to another user, or
//! that others can write, is ignored, so nobody else can have a CA trusted.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The largest file that is read, in octets.
const CA_OCTETS: u64 = 1 << 16;
/// What group and others may not have.
const OTHERS_WRITE: u32 = 0o022;

/// The files of a demo, until it is dropped.
#[derive(Debug)]
pub(super) struct DemoCa {
    pem: String,
    places: Vec<PathBuf>,
}

impl DemoCa {
    /// Writes the CA for each port that a certificate of it is shown at.
    ///
    /// # Errors
    /// What the system refuses, and a folder that is not this user's alone.
    pub(super) fn publish(ca_pem: &str, ports: &[u16]) -> io::Result<Self> {
        let folder = folders().next().ok_or(io::ErrorKind::NotFound)?;
        let made = DirBuilder::new().mode(0o700).create(&folder);
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !fs::symlink_metadata(&folder).is_ok_and(|it| it.is_dir() && is_own(&it)) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut published = Self {
            pem: ca_pem.to_owned(),
            places: Vec::new(),
        };
        for port in ports {
            let place = file(&folder, *port);
            match fs::remove_file(&place) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&place)?;
            published.places.push(place);
            file.write_all(ca_pem.as_bytes())?;
        }
        Ok(published)
    }
}

impl Drop for DemoCa {
    fn drop(&mut self) {
        for place in &self.places {
            // Another demo may have these ports by now.
            let is_ours = fs::read_to_string(place).is_ok_and(|pem| pem == self.pem);
            if is_ours {
                // One that stays does no harm: its CA signs no more.
                let _ = fs::remove_file(place);
            }
        }
    }
}

/// Reads the CA of the demo at a port of this machine, if this user runs one there.
pub(super) fn read(port: u16) -> Option<Vec<u8>> {
    folders().find_map(|folder| {
        let is_own_folder =
            fs::symlink_metadata(&folder).is_ok_and(|it| it.is_dir() && is_own(&it));
        let mut options = OpenOptions::new();
        let options = options
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let open = is_own_folder.then(|| options.open(file(&folder, port)))?;
        let file = open.ok()?;
        file.metadata()
            .ok()
            .filter(|it| it.is_file() && is_own(it))?;
        let mut pem = Vec::new();
        file.take(CA_OCTETS).read_to_end(&mut pem).ok()?;
        Some(pem)
    })
}

/// Where the files are: the user's own folder for what lasts as long as a session, else one beside other temporary files.
fn folders() -> impl Iterator<Item = PathBuf> {
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let session = session.filter(|folder| folder.is_absolute() && folder.is_dir());
    let user = rustix::process::geteuid().as_raw();
    let temporary = std::env::temp_dir().join(format!("nomadns-{user}"));
    session
        .map(|folder| folder.join("nomadns"))
        .into_iter()
        .chain([temporary])
}

fn file(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!("demo-{port}.pem"))
}

/// Whether it is this user's, and nobody else may write it.
fn is_own(metadata: &fs::Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & OTHERS_WRITE == 0
}
