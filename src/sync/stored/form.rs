//! The format of a snapshot file: magic, version, head, what is unknown, one record for each service, checksum.
//!
//! Floor 2, no I/O of its own. The checksum is verified before anything is decoded, so no length from a damaged file
//! is ever used. Nomad's texts were interpreted before; here they are only stored.

use std::hash::Hasher as _;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::records::{PartForm, Stored};
use super::unknowns::StoredUnknown;
use crate::catalog::{Coverage, Snapshot};

/// What every snapshot begins with.
pub(super) const MAGIC: [u8; 8] = *b"nomadns\n";
/// Grows with every change of the form; a file of another version is not read.
pub(super) const VERSION: u32 = 3;
/// The octets of magic and version.
const BEGIN_OCTETS: usize = 12;
/// The octets of the checksum, at the end.
const CHECKSUM_OCTETS: usize = 16;

/// What a snapshot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// What it was read with: addresses, region, namespaces, filter.
    pub(super) fingerprint: u128,
    /// When Nomad was last heard, in milliseconds since 1970.
    pub(super) heard_ms: u64,
    /// Nomad's index.
    pub(super) index: u64,
    /// Whether it has all that there was.
    #[serde(with = "CoverageForm")]
    pub(super) coverage: Coverage,
}

/// All that a file has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StoredSnapshot {
    pub(super) head: Head,
    pub(super) unknowns: Vec<StoredUnknown>,
    pub(super) services: Vec<Stored>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Coverage")]
enum CoverageForm {
    Complete,
    OnDemand,
}

/// Why a file is no snapshot that can be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormError {
    #[error("it is not a snapshot of nomadns")]
    NotOurs,
    #[error("it has version {0}, and this program reads version {VERSION}")]
    Version(u32),
    #[error("it is incomplete or damaged: its checksum does not match")]
    Damaged,
    #[error("its contents are invalid: {0}")]
    Contents(String),
}

/// Writes a snapshot.
///
/// # Errors
/// What writing to `out` fails with.
pub(super) fn write(head: &Head, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Summed {
        out,
        sum: SipHasher13::new(),
    };
    out.put(&MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    out.put_record(head, Vec::new())?;
    let unknowns: Vec<_> = snapshot.unknowns().map(StoredUnknown::new).collect();
    let mut scratch = out.put_record(&unknowns, Vec::new())?;
    for (_, _, service) in snapshot.iter() {
        for part in &service.parts {
            scratch = out.put_record(&PartForm::from(part), scratch)?;
        }
    }
    let sum = out.sum.finish128().as_bytes();
    out.out.write_all(&sum)
}

/// Reads a snapshot.
///
/// # Errors
/// Octets that are none, or not whole.
pub(super) fn read(octets: &[u8]) -> Result<StoredSnapshot, FormError> {
    if octets.len() < BEGIN_OCTETS || octets[..MAGIC.len()] != MAGIC {
        return Err(FormError::NotOurs);
    }
    let mut version = [0; 4];
    version.copy_from_slice(&octets[MAGIC.len()..BEGIN_OCTETS]);
    match u32::from_le_bytes(version) {
        VERSION => {}
        other => return Err(FormError::Version(other)),
    }
    let end = octets.len().saturating_sub(CHECKSUM_OCTETS);
    let (summed, sum) = octets.split_at(end.max(BEGIN_OCTETS));
    let mut hasher = SipHasher13::new();
    hasher.write(summed);
    if *sum != hasher.finish128().as_bytes() {
        return Err(FormError::Damaged);
    }
    let contents = |error: postcard::Error| FormError::Contents(error.to_string());
    let (head, rest) =
        postcard::take_from_bytes::<Head>(&summed[BEGIN_OCTETS..]).map_err(contents)?;
    let (unknowns, mut rest) =
        postcard::take_from_bytes::<Vec<StoredUnknown>>(rest).map_err(contents)?;
    let mut services = Vec::new();
    while !rest.is_empty() {
        let (part, behind) = postcard::take_from_bytes::<PartForm<'_>>(rest).map_err(contents)?;
        let stored = part.stored();
        services.push(stored.map_err(|error| FormError::Contents(error.to_string()))?);
        rest = behind;
    }
    Ok(StoredSnapshot {
        head,
        unknowns,
        services,
    })
}

/// Sums what it writes.
struct Summed<'out> {
    out: &'out mut dyn Write,
    sum: SipHasher13,
}

impl Summed<'_> {
    fn put(&mut self, octets: &[u8]) -> io::Result<()> {
        self.sum.write(octets);
        self.out.write_all(octets)
    }

    /// Writes a record by way of `scratch`, which comes back to be used again.
    fn put_record(&mut self, record: &impl Serialize, mut scratch: Vec<u8>) -> io::Result<Vec<u8>> {
        scratch.clear();
        let scratch = postcard::to_extend(record, scratch).map_err(io::Error::other)?;
        self.put(&scratch)?;
        Ok(scratch)
    }
}
