//! The records of all names of one service.
//!
//! Floor 2. The same names as `names` has, each with what is answered for it.

use std::ops::ControlFlow;

use super::super::Context;
use super::super::aliases::leads_back;
use super::super::chosen::only_host;
use super::super::prepared::Prepared;
use super::super::selection::is_protocol;
use super::called::Called;
use super::record_sets::{MadeBy, RecordSets};
use super::{ListFlow, ZoneContents, ZoneRecord};
use crate::answers::Effort;
use crate::catalog::{Instance, Service, View, is_label};
use crate::dns::{Name, Query, RecordType};

const PROTOCOLS: [&str; 2] = ["_tcp", "_udp"];
/// What drivers of MongoDB ask for; they take no TXT records beside it.
const MONGODB: &str = "mongodb";

/// Lists services of one zone, one after the other.
pub(super) struct Listing<'a> {
    contents: &'a ZoneContents,
    view: View,
    prepared: Prepared,
    sets: RecordSets,
}

/// Names of one service below one parent.
struct PlaceNames {
    namespace_parent: Name,
    /// `addr` below that; none where there is no room.
    targets: Option<Name>,
}

/// Which records a name has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    /// All but TXT.
    Undescribed,
}

impl<'a> Listing<'a> {
    pub(super) fn new(contents: &'a ZoneContents) -> Self {
        let view = View::new(std::sync::Arc::clone(&contents.snapshot));
        // Nothing that is kept is made of it.
        view.snapshot();
        Self {
            contents,
            view,
            prepared: Prepared::new(0),
            sets: RecordSets::default(),
        }
    }

    /// Lists one service.
    pub(super) fn list(
        &mut self,
        namespace: &str,
        name: &str,
        service: &Service,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let all: Vec<&Instance> = service.instances().collect();
        self.list_at((namespace, None), name, &all, each)?;
        let mut datacenters: Vec<&str> = Vec::new();
        for instance in &all {
            let datacenter = &*instance.group.datacenter;
            let is_known = datacenters
                .iter()
                .any(|it| it.eq_ignore_ascii_case(datacenter));
            if !is_known && is_label(datacenter) {
                datacenters.push(datacenter);
            }
        }
        for datacenter in datacenters {
            let is_there = |it: &&&Instance| it.group.datacenter.eq_ignore_ascii_case(datacenter);
            let there: Vec<&Instance> = all.iter().filter(is_there).copied().collect();
            let datacenter = datacenter.to_ascii_lowercase();
            self.list_at((namespace, Some(&datacenter)), name, &there, each)?;
        }
        ControlFlow::Continue(())
    }

    /// Lists the names of one place: of the namespace, or of a datacenter there.
    fn list_at(
        &mut self,
        (namespace, datacenter): (&str, Option<&str>),
        service: &str,
        there: &[&Instance],
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let apex = self.contents.zone().apex.labels();
        let place = [Some(namespace), datacenter, datacenter.map(|_| "dc")];
        let place = place.into_iter().flatten().map(str::as_bytes);
        let Ok(namespace_parent) = Name::from_labels(place.chain(apex.iter())) else {
            return ControlFlow::Continue(());
        };
        let labels = namespace_parent.labels();
        let names = PlaceNames {
            targets: Name::from_labels(std::iter::once(&b"addr"[..]).chain(labels.iter())).ok(),
            namespace_parent,
        };
        let called = Called::of(service, there);
        let is_uniform = there.windows(2).all(|it| it[0].group == it[1].group);
        let shown = match called.all.contains_key(MONGODB) || service == MONGODB {
            true => Shown::Undescribed,
            false => Shown::All,
        };
        let label = underscored(service);

        let all = self.choose(there);
        let alias = self.fill_zone(&all);
        self.push_alias_or(&names, &[service], (alias, &all), shown, each)?;
        for protocol in PROTOCOLS {
            self.push(&names, &[&label, protocol], Shown::All, each)?;
        }
        for (tag, places) in &called.tags {
            let chosen = match is_uniform {
                true => None,
                false => Some(self.choose(&pick(there, places))),
            };
            let chosen = chosen.as_ref();
            let alias = chosen.map_or(alias, |chosen| self.fill_zone(chosen));
            if tag != "*" {
                let chosen = chosen.unwrap_or(&all);
                self.push_alias_or(&names, &[tag, service], (alias, chosen), Shown::All, each)?;
            }
            let tag = underscored(tag);
            if !is_protocol(tag.as_bytes()) {
                self.push(&names, &[&label, &tag], Shown::All, each)?;
            }
        }
        self.fill_namespace(&names, &all);
        for protocol in PROTOCOLS {
            self.push(&names, &[&label, protocol, service], Shown::All, each)?;
        }
        for (name, places) in called.all.iter().filter(|(name, _)| *name != service) {
            if !is_uniform {
                let chosen = self.choose(&pick(there, places));
                self.fill_namespace(&names, &chosen);
            }
            let name = underscored(name);
            for protocol in PROTOCOLS {
                self.push(&names, &[&name, protocol, service], Shown::All, each)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The instances of these that are answered by their health.
    fn choose<'i>(&self, instances: &[&'i Instance]) -> Vec<&'i Instance> {
        let mut chosen = instances.to_vec();
        self.contents.settings.health.choose(&mut chosen);
        chosen
    }

    /// Makes the records whose targets are below the zone; tells the host, if all addresses are that one name.
    fn fill_zone(&mut self, chosen: &[&Instance]) -> Option<Name> {
        let contents = self.contents;
        self.fill(&contents.zone().addresses, chosen);
        only_host(chosen.iter().copied())
    }

    /// Makes the records whose targets are below the namespace.
    fn fill_namespace(&mut self, names: &PlaceNames, chosen: &[&Instance]) {
        let contents = self.contents;
        self.fill(
            names
                .targets
                .as_ref()
                .unwrap_or_else(|| &contents.zone().addresses),
            chosen,
        );
    }

    fn fill(&mut self, targets: &Name, chosen: &[&Instance]) {
        let made_by = MadeBy {
            settings: &self.contents.settings,
            zone: self.contents.zone(),
            targets,
            described: self.contents.described.as_deref(),
        };
        self.sets.fill(&made_by, chosen);
    }

    /// Lists the CNAME of a name if it is an alias, else its records.
    fn push_alias_or(
        &self,
        names: &PlaceNames,
        labels: &[&str],
        (alias, chosen): (Option<Name>, &[&Instance]),
        shown: Shown,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let Some(host) = alias.filter(|_| !chosen.is_empty()) else {
            return self.push(names, labels, shown, each);
        };
        let Some(name) = names.whole(labels) else {
            return ControlFlow::Continue(());
        };
        if self.leads_back(&name, host) {
            return self.push(names, labels, shown, each);
        }
        let labels: Vec<&[u8]> = labels.iter().map(|label| label.as_bytes()).collect();
        each(ZoneRecord {
            labels: &labels,
            parent: &names.namespace_parent,
            record_type: RecordType::CNAME,
            ttl: self.contents.settings.ttl_seconds,
            data: host.to_lower_case().as_wire(),
        })
    }

    /// Whether the alias of a name is left out.
    fn leads_back(&self, name: &Name, host: Name) -> bool {
        let settings = &self.contents.settings;
        if settings.zone_of(&host).is_none() {
            return false;
        }
        let query = Query::own(*name, RecordType::CNAME);
        let context = Context {
            query: &query,
            name,
            zone: self.contents.zone(),
            settings,
            view: &self.view,
            prepared: &self.prepared,
            effort: Effort::Whole,
        };
        leads_back(&context, host)
    }

    /// Lists the records that were made, for one name.
    fn push(
        &self,
        names: &PlaceNames,
        labels: &[&str],
        shown: Shown,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let mut octets = [&[][..]; 3];
        let mut length = names.namespace_parent.as_wire().len();
        for (place, label) in octets.iter_mut().zip(labels) {
            *place = label.as_bytes();
            if !is_label(label) {
                return ControlFlow::Continue(());
            }
            length += 1 + label.len();
        }
        if length > Name::OCTETS {
            return ControlFlow::Continue(());
        }
        let records = self.sets.iter();
        let mut records = records.filter(|it| shown == Shown::All || it.0 != RecordType::TXT);
        records.try_for_each(|(record_type, data)| {
            each(ZoneRecord {
                labels: &octets[..labels.len()],
                parent: &names.namespace_parent,
                record_type,
                ttl: self.contents.settings.ttl_seconds,
                data,
            })
        })
    }
}

impl PlaceNames {
    fn whole(&self, labels: &[&str]) -> Option<Name> {
        let labels = labels.iter().map(|label| label.as_bytes());
        let parent = self.namespace_parent.labels();
        Name::from_labels(labels.chain(parent.iter())).ok()
    }
}

fn pick<'i>(instances: &[&'i Instance], places: &[usize]) -> Vec<&'i Instance> {
    places.iter().map(|place| instances[*place]).collect()
}

fn underscored(label: &str) -> String {
    format!("_{label}")
}
