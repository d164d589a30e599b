//! Names beside the cluster's that are answered here, and never by an upstream.
//!
//! Floor 2. The cluster's zones come first, then `hosts`, which the operator lists, then `special`, the names that RFCs keep
//! from leaving the site. Nothing here depends on Nomad, and no answer is kept: making it costs no more than finding it.

mod hosts;
mod special;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use self::hosts::{HostRecordError, HostTable};
use super::SourcedAnswer;
use crate::dns::{Name, Query};

/// What the answers about local names go by.
#[derive(Clone, Debug, Default)]
pub struct LocalSettings {
    /// The zones that are forwarded; where there are none, no special-use name is answered.
    pub forwarded: Vec<Name>,
    /// What is made of the name by which browsers ask whether they may use a resolver of their own.
    pub application_dns: ApplicationDns,
    /// The TTL of records, in seconds.
    pub ttl_seconds: u32,
    /// The TTL of denials, in seconds.
    pub negative_ttl_seconds: u32,
}

/// What is made of `use-application-dns.net`: where it is denied, Firefox does not turn to a resolver of its own by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplicationDns {
    /// It is forwarded like others.
    #[default]
    Forwarded,
    /// It is denied.
    Denied,
}

/// Names that are answered here, whatever Nomad says; by default none.
#[derive(Debug, Default)]
pub struct LocalNames {
    settings: LocalSettings,
    hosts: ArcSwap<HostTable>,
}

impl LocalNames {
    /// Makes them of what is configured.
    pub fn new(settings: &LocalSettings) -> Self {
        Self {
            settings: settings.clone(),
            hosts: ArcSwap::default(),
        }
    }

    /// Has it answer for these hosts from now on, and for no others.
    pub fn use_hosts(&self, hosts: Arc<HostTable>) {
        self.hosts.store(hosts);
    }

    /// How many hosts it answers for.
    pub fn host_count(&self) -> usize {
        self.hosts.load().len()
    }

    /// Whether a query is for one of them.
    pub(super) fn has(&self, query: &Query) -> bool {
        self.hosts.load().has(&query.name) || self.settings.special_zone_of(query).is_some()
    }

    /// Whether a host is at or below a name.
    pub(super) fn has_host_within(&self, name: &Name) -> bool {
        self.hosts.load().has_within(name)
    }

    /// Answers a query for a host; none when it is for none of them.
    pub(super) fn answer_host(&self, query: &Query) -> Option<SourcedAnswer> {
        let answer = self.hosts.load().answer(query, &self.settings);
        answer.map(SourcedAnswer::once)
    }

    /// Answers a query for a special-use name; none when it is for none of them. `is_denied` tells whether it may be said
    /// that nothing is at or below a name.
    pub(super) fn answer_special(
        &self,
        query: &Query,
        is_denied: impl Fn(&Name) -> bool,
    ) -> Option<SourcedAnswer> {
        let answer = self.settings.answer_special(query, is_denied);
        answer.map(SourcedAnswer::once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Age, RecordType};

    fn query(name: &str, record_type: RecordType) -> Query {
        Query::own(name.parse().unwrap(), record_type)
    }

    #[test]
    fn no_local_answer_is_old_while_nomad_is_away() {
        let names = LocalNames::new(&LocalSettings {
            forwarded: vec![Name::ROOT],
            ..LocalSettings::default()
        });
        let mut hosts = HostTable::default();
        let name = "db.corp.example".parse().unwrap();
        hosts.add(&name, "10.0.0.5".parse().unwrap()).unwrap();
        names.use_hosts(Arc::new(hosts));
        for name in ["localhost", "www.local", "db.corp.example"] {
            let query = query(name, RecordType::A);
            let answer = names.answer_host(&query);
            let answer = answer
                .or_else(|| names.answer_special(&query, |_| true))
                .unwrap();
            assert_eq!(answer.answer().extended_error_at(Age::Stale), None);
        }
    }
}
