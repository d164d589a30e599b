//! Reads the services that a name may refer to, if the catalogue is filled on demand.
//!
//! Floor 2. `grammar` lists the candidates from the name alone. The search ends with the first service that exists,
//! so a query rarely costs more than one read. Not used when Nomad can be listed.

use super::address_labels::address_from_hex;
use super::grammar::Target;
use super::selection::is_underscored;
use super::{NomadZones, aliases};
use crate::answers::{AnswerError, Effort};
use crate::catalog::{Coverage, View};
use crate::dns::{Labels, Name, Query};
use crate::fair_queue::ClientAddress;

/// The most services that a query has read for each name: that asked for, and those that CNAMEs lead to.
const CANDIDATES: usize = 4;

impl NomadZones {
    /// Whether a name is in one of the zones.
    pub(crate) fn has(&self, name: &Name) -> bool {
        self.settings.zone_of(name).is_some()
    }

    /// Whether a query has to wait until what it asks for has been read.
    pub(crate) fn is_asked_for(&self, query: &Query) -> bool {
        self.catalog.coverage() == Some(Coverage::OnDemand)
            && self.settings.zone_of(&query.name).is_some()
    }

    /// Has read what a query may mean, and what the CNAMEs there lead to; gives the view that has all of it.
    pub(crate) async fn have_read(
        &self,
        query: &Query,
        client: ClientAddress,
        effort: Effort,
    ) -> Result<View, AnswerError> {
        let mut read: Vec<Name> = Vec::new();
        loop {
            // Each step begins at the name asked for: what was read may have changed meanwhile.
            let view = self.catalog.view().ok_or(AnswerError::NotReady)?;
            let Some(name) = self.next_to_read(query, &read, &view, effort) else {
                return Ok(view);
            };
            drop(view);
            self.have_name_read(query, client, &name, effort).await?;
            read.push(name);
        }
    }

    /// Has read what a name may mean, one after the other until there is something.
    async fn have_name_read(
        &self,
        query: &Query,
        client: ClientAddress,
        name: &Name,
        effort: Effort,
    ) -> Result<(), AnswerError> {
        for Candidate { namespace, service } in self.candidates(query, name) {
            let demanded = self.catalog.demand(&namespace, &service, client);
            demanded.await?;
            let view = self.catalog.view();
            let context = view
                .as_ref()
                .and_then(|view| self.context(query, name, view, effort));
            let labels = name.labels();
            let reading = context.as_ref().map(|context| context.read(&labels));
            match reading {
                Some(reading) if matches!(reading.found, Target::TooCostly) => {
                    return Err(AnswerError::TooCostly);
                }
                Some(reading) if reading.is_positive() => break,
                _ => {}
            }
        }
        Ok(())
    }

    /// The first name on the way along the CNAMEs that was not read; none where they end, or are too many.
    fn next_to_read(
        &self,
        query: &Query,
        read: &[Name],
        view: &View,
        effort: Effort,
    ) -> Option<Name> {
        let most = aliases::most_names(&self.settings);
        let mut name = query.name;
        for _ in read.len()..=most {
            let context = self.context(query, &name, view, effort)?;
            if !read.contains(&name) {
                return Some(name);
            }
            name = aliases::next(&context)?;
        }
        None
    }

    fn candidates(&self, query: &Query, name: &Name) -> Vec<Candidate> {
        let Some(zone) = self.settings.zone_for(name, query.record_type) else {
            return Vec::new();
        };
        let labels = name.labels();
        let zones = std::iter::once(zone).chain(self.settings.zones_around(zone));
        let found = zones.flat_map(|zone| candidates(&labels, zone.labels_below(name)));
        found.take(CANDIDATES).collect()
    }
}

/// A service that a name may mean.
struct Candidate {
    namespace: Box<[u8]>,
    service: Box<[u8]>,
}

/// Tells which services the first `count` labels of a name may mean, whatever exists.
fn candidates(labels: &Labels<'_>, count: usize) -> impl Iterator<Item = Candidate> {
    let last = count.checked_sub(1).and_then(|last| labels.at(last));
    let is_last = |label: &[u8]| last.is_some_and(|last| last.eq_ignore_ascii_case(label));
    let plain = (!is_address(labels, count)).then(|| candidate(labels, count));
    let in_datacenter = (count > 2 && is_last(b"dc")).then_some(count.saturating_sub(2));
    let in_datacenter = in_datacenter
        .filter(|&count| !is_address_in(labels, count))
        .and_then(|count| candidate(labels, count));
    plain.flatten().into_iter().chain(in_datacenter)
}

/// Whether labels are `HEX.addr` or `HEX.addr.NS`.
fn is_address(labels: &Labels<'_>, count: usize) -> bool {
    count == 2 && has_address(labels) || is_address_in(labels, count)
}

fn is_address_in(labels: &Labels<'_>, count: usize) -> bool {
    count == 3 && has_address(labels)
}

fn has_address(labels: &Labels<'_>) -> bool {
    let is_addr = |label: &[u8]| label.eq_ignore_ascii_case(b"addr");
    labels.at(0).and_then(address_from_hex).is_some() && labels.at(1).is_some_and(is_addr)
}

fn candidate(labels: &Labels<'_>, count: usize) -> Option<Candidate> {
    let namespace = labels.at(count.checked_sub(1)?)?;
    let service = match count {
        3 if is_underscored(labels.at(0)?) && is_underscored(labels.at(1)?) => &labels.at(0)?[1..],
        _ => labels.at(count.checked_sub(2)?)?,
    };
    Some(Candidate {
        namespace: namespace.into(),
        service: service.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_mean_the_services_of_its_forms_and_an_address_means_none() {
        let meant = |name: &str| {
            let name: Name = name.parse().unwrap();
            let labels = name.labels();
            let found = candidates(&labels, labels.len());
            let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
            found
                .map(|it| format!("{} {}", text(&it.namespace), text(&it.service)))
                .collect::<Vec<_>>()
        };
        assert_eq!(meant("redis.default"), ["default redis"]);
        assert_eq!(meant("_redis._tcp.default"), ["default redis"]);
        assert_eq!(meant("_v7.redis.default"), ["default redis"]);
        assert_eq!(meant("redis.default.dc1.dc"), ["dc dc1", "default redis"]);
        assert!(meant("0a000001.addr").is_empty());
        assert!(meant("0a000001.ADDR.default").is_empty());
        assert_eq!(meant("redis.addr"), ["addr redis"]);
    }
}
