//! Finds what differs between two versions of a zone, by what has changed in the catalogue.
//!
//! Floor 3. It takes as long as what has changed has names, however large the zone is.

use std::collections::HashSet;
use std::sync::Arc;

use super::record_hashes::{RecordHasher, RecordList};
use super::records::{Difference, Records};
use crate::answers::{ListFlow, NamespaceAddresses, PlacedAddress, ZoneContents, ZoneSettings};
use crate::catalog::{ChangedKeys, Snapshot};

/// Counts the addresses of what has changed; tells which these are.
pub(super) fn count_addresses(
    (old_snapshot, addresses): (&Snapshot, &mut NamespaceAddresses),
    snapshot: &Snapshot,
    changed: &ChangedKeys,
) -> HashSet<PlacedAddress> {
    let mut touched = HashSet::new();
    for (namespace, name) in &changed.services {
        let key = (namespace.as_bytes(), name.as_bytes());
        let note = |placed| _ = touched.insert(placed);
        if let Some(old) = old_snapshot.service(key.0, key.1) {
            addresses.remove(namespace, old, note);
        }
        let note = |placed| _ = touched.insert(placed);
        if let Some(new) = snapshot.service(key.0, key.1) {
            addresses.add(namespace, new, note);
        }
    }
    touched
}

/// The records that differ between two plain states of a zone, of which these keys and addresses have changed.
pub(super) fn difference(
    old: &ZoneContents,
    new: &ZoneContents,
    changed: &ChangedKeys,
    touched: &HashSet<PlacedAddress>,
) -> Difference {
    let hasher = RecordHasher::random();
    let mut difference = Difference::default();
    for (namespace, name) in &changed.services {
        let key = (&**namespace, &**name);
        difference.compare(&hasher, &|push| old.list_service(key, push), &|push| {
            new.list_service(key, push)
        });
    }
    for ((namespace, datacenter), address) in touched {
        let place = (&**namespace, datacenter.as_deref());
        difference.compare(
            &hasher,
            &|push| old.list_address_in(place, *address, push),
            &|push| new.list_address_in(place, *address, push),
        );
    }
    for address in &changed.addresses {
        difference.compare(&hasher, &|push| old.list_address(*address, push), &|push| {
            new.list_address(*address, push)
        });
    }
    difference
}

impl Difference {
    /// Adds what differs between two lists of records; those of others are not among them.
    fn compare(&mut self, hasher: &RecordHasher, old: &RecordList<'_>, new: &RecordList<'_>) {
        if hasher.sum(old) == hasher.sum(new) {
            return;
        }
        let (was, is) = (hasher.hashes(old), hasher.hashes(new));
        collect(&mut self.removed, hasher, old, without(&was, &is));
        collect(&mut self.added, hasher, new, without(&is, &was));
    }
}

/// Those of one sorted list that another has not.
fn without(all: &[u128], others: &[u128]) -> HashSet<u128> {
    let is_other = |hash: &u128| others.binary_search(hash).is_ok();
    all.iter().copied().filter(|hash| !is_other(hash)).collect()
}

/// Collects the records that have these hashes, each once.
fn collect(
    out: &mut Records,
    hasher: &RecordHasher,
    list: &RecordList<'_>,
    mut wanted: HashSet<u128>,
) {
    // It does not break.
    let _ = list(&mut |record| {
        if wanted.remove(&hasher.hash(&record)) {
            out.push(&record);
        }
        ListFlow::Continue(())
    });
}

/// Whether any record differs between two states of which these keys and addresses have changed.
///
/// It looks at each service by itself: what that has does not depend on other names. A record that several instances have
/// counts for each of them, so that seldom a change is said to be visible that is not.
pub(super) fn is_visible(
    zones: &ZoneSettings,
    old: &Arc<Snapshot>,
    new: &Arc<Snapshot>,
    changed: &ChangedKeys,
) -> bool {
    // All tags are told to who asks here.
    let (all_tags, none) = (Arc::from([Box::from("")]), NamespaceAddresses::default());
    let contents = |snapshot| ZoneContents::of_zones(zones, Some(&all_tags), snapshot, &none);
    let (was, is) = (contents(old), contents(new));
    let Some((was, is)) = was.first().zip(is.first()) else {
        return !changed.is_empty();
    };
    let hasher = RecordHasher::random();
    let records = |contents: &ZoneContents, key: (&str, &str)| {
        hasher.sum(&|push| contents.list_service(key, push))
    };
    let addresses = |snapshot: &Snapshot, (namespace, name): (&str, &str)| {
        let service = snapshot.service(namespace.as_bytes(), name.as_bytes());
        let placed = service.map(|it| NamespaceAddresses::placed(namespace, it));
        hasher.sum_of(placed.into_iter().flatten())
    };
    let differs = |(namespace, name): &(Box<str>, Box<str>)| {
        let key = (&**namespace, &**name);
        records(was, key) != records(is, key) || addresses(old, key) != addresses(new, key)
    };
    !changed.addresses.is_empty() || changed.services.iter().any(differs)
}
