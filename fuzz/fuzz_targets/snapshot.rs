//! The snapshot on disk: any octets behind a good beginning and before a good checksum, as a gateway would have written them
//! that is not ours; and the same with one octet changed, which no checksum fits.
//!
//! What is restored is never more than the file says; what is damaged is not used at all.
#![no_main]

use std::hash::Hasher as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use nomadns::catalog::Catalog;
use nomadns::sync::{Fingerprint, Status, Store, restore};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// Longer than any file of now is old.
const MAX_STALE: Duration = Duration::from_secs(u64::MAX / 4);

fuzz_target!(|given: (u16, &[u8])| {
    let (place, contents) = given;
    let mut file = [b"nomadns\n", &3_u32.to_le_bytes()[..], contents].concat();
    let mut hasher = SipHasher13::new();
    hasher.write(&file);
    file.extend(hasher.finish128().as_bytes());
    let (services, instances) = restored(file.clone());
    assert!(services <= contents.len() && instances <= contents.len());
    let at = usize::from(place) % file.len();
    file[at] ^= 1 << (place % 7);
    assert_eq!(restored(file), (0, 0), "octet {at} is damaged");
});

fn restored(file: Vec<u8>) -> (usize, usize) {
    let store = Store {
        place: "a snapshot".into(),
        fingerprint: Fingerprint::of(&[]),
        every: Duration::from_secs(1),
        read: Arc::new(move || Ok(Some(file.clone()))),
        write: Arc::new(|_| Err(io::Error::other("nothing is written"))),
    };
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    restore(&store, &mut writer, &Status::new(), MAX_STALE);
    writer.counts()
}
