//! The snapshot on disk: restored before the first query, updated while Nomad is followed.
//!
//! Floor 2, beside the engine: it reads what is published and never waits for Nomad, and nothing waits for it. Only
//! `folder` opens files. If the disk fails, that costs a warning and no answer.

mod folder;
mod form;
mod keep;
#[cfg(test)]
mod proofs;
mod records;
mod restore;
mod unknowns;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use siphasher::sip128::{Hasher128, SipHasher13};

pub use folder::{StateFolder, StateInUse, StateLock};
pub use keep::keep;
pub use restore::restore;

/// Writes a file's contents to where they belong.
pub type Fill<'fill> = &'fill mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Where the snapshot is, and how it is read and written.
#[derive(Clone)]
pub struct Store {
    /// The file, as the log names it.
    pub place: String,
    /// What it was read with; a snapshot of anything else is not used.
    pub fingerprint: Fingerprint,
    /// The shortest time between two writes.
    pub every: Duration,
    /// Reads the whole file, up to a limit; none when there is no file.
    pub read: Arc<dyn Fn() -> io::Result<Option<Vec<u8>>> + Send + Sync>,
    /// Replaces the file by what is filled in, whole or not at all.
    pub write: Arc<dyn Fn(Fill<'_>) -> io::Result<()> + Send + Sync>,
}

/// Stands for what a snapshot was read with, so that two are never mixed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Makes one of the texts of each kind, in an order that is always the same.
    #[must_use]
    pub fn of(texts: &[&[String]]) -> Self {
        let mut hasher = SipHasher13::new();
        for kind in texts {
            // Their number and lengths are part of it, so that no two lists look alike.
            hasher.write(&u64::try_from(kind.len()).unwrap_or(u64::MAX).to_le_bytes());
            for text in *kind {
                text.hash(&mut hasher);
            }
        }
        Self(hasher.finish128().as_u128())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_snapshot_was_read_with_is_not_mixed_up() {
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let of = |a: &[&str], b: &[&str]| Fingerprint::of(&[&texts(a), &texts(b)]);
        let one = of(&["http://a", "http://b"], &["*"]);
        assert_eq!(one, of(&["http://a", "http://b"], &["*"]));
        for other in [
            of(&["http://a"], &["http://b", "*"]),
            of(&["http://ahttp://b"], &["*"]),
            of(&["http://b", "http://a"], &["*"]),
            of(&["http://a", "http://b"], &["default"]),
        ] {
            assert_ne!(one, other);
        }
    }
}
