//! How many instances an address, a datacenter and a tag have. The writer updates the numbers with each change.
//!
//! Answers only need to know whether there is any; the number tells when the last one is gone. A change recounts only
//! what it touches.

use std::sync::Arc;

use tokio::time::Instant;

use super::labels::{datacenter_key, is_label};
use super::snapshot::AddressUse;
use super::tags::TagPlace;
use super::writer::{Changed, Writer};
use super::{Group, Instance, InstanceAddress};

impl Writer {
    /// Keeps the counts of addresses, datacenters and tags: only what differs is touched.
    pub(super) fn count<'a>(
        &mut self,
        namespace: &str,
        before: &'a [Instance],
        after: &'a [Instance],
    ) {
        self.working.instances = self.working.instances + after.len() - before.len();
        let (before, after) = differing(before, after);
        for instance in after {
            self.count_address(&instance.address, 1);
            self.working.healths[instance.health as usize] += 1;
        }
        for instance in before {
            self.count_address(&instance.address, -1);
            self.working.healths[instance.health as usize] -= 1;
        }
        let groups = |instances: &'a [Instance]| instances.iter().map(|it| &it.group);
        if groups(before).eq(groups(after)) {
            return;
        }
        // What comes is counted before what goes, so that what stays never goes.
        for (instances, sign) in [(after, 1), (before, -1)] {
            let is_same = |one: &Instance, next: &Instance| Arc::ptr_eq(&one.group, &next.group);
            for run in instances.chunk_by(is_same) {
                let step = sign * run.len().cast_signed();
                let group = &run[0].group;
                self.count_datacenter(&group.datacenter, namespace, step);
                self.count_tags(group, namespace, step);
            }
        }
    }

    fn count_tags(&mut self, group: &Group, namespace: &str, step: isize) {
        let datacenter = is_label(&group.datacenter).then_some(group.datacenter.as_bytes());
        let namespace = namespace.as_bytes();
        let anywhere = TagPlace {
            namespace,
            datacenter: None,
        };
        let there = datacenter.map(|datacenter| TagPlace {
            namespace,
            datacenter: Some(datacenter),
        });
        for tag in &group.tags {
            for place in std::iter::once(anywhere).chain(there) {
                if self.working.tags.add(place, tag, step) {
                    self.tag_set = Changed::Yes;
                }
            }
        }
    }

    fn count_address(&mut self, address: &InstanceAddress, step: isize) {
        let Some(address) = address.ip() else {
            return;
        };
        let found = self.working.addresses.entry(address).or_insert_with(|| {
            self.address_set = Changed::Yes;
            self.differing.addresses.insert(address);
            AddressUse::default()
        });
        let had = found.instances;
        found.instances = had.saturating_add_signed(step);
        match (had, found.instances) {
            (_, 0) => self.retired.add(address, Instant::now()),
            (0, _) => self.retired.remove(address),
            _ => {}
        }
    }

    fn count_datacenter(&mut self, datacenter: &str, namespace: &str, step: isize) {
        let Some(datacenter) = datacenter_key(datacenter) else {
            return;
        };
        let namespaces = self
            .working
            .datacenters
            .entry(datacenter.clone())
            .or_default();
        let known = namespaces.contains_key(namespace);
        let instances = namespaces.entry(namespace.into()).or_insert(0);
        *instances = instances.saturating_add_signed(step);
        let gone = *instances == 0;
        if gone {
            namespaces.remove(namespace);
            if namespaces.is_empty() {
                self.working.datacenters.remove(&datacenter);
            }
        }
        if gone || !known {
            self.names = Changed::Yes;
        }
    }
}

/// Leaves out the instances at the beginning and at the end that are the same before and after.
fn differing<'a>(
    mut before: &'a [Instance],
    mut after: &'a [Instance],
) -> (&'a [Instance], &'a [Instance]) {
    while let ([one, earlier @ ..], [other, later @ ..]) = (before, after)
        && one == other
    {
        (before, after) = (earlier, later);
    }
    while let ([earlier @ .., one], [later @ .., other]) = (before, after)
        && one == other
    {
        (before, after) = (earlier, later);
    }
    (before, after)
}
