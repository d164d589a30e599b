//! Describes a service: a row of the table, and its own page.

use std::collections::BTreeSet;

use super::GatewayPage;
use crate::answers::ZoneSettings;
use crate::catalog::{Health, Instance, InstanceAddress, Service};
use crate::dns::Name;
use crate::listeners::admin::{InstanceDetail, ServiceDetail, ServiceSummary, Untrusted};
use crate::nomad::NomadUiPages;

/// How many ports and tags of a service are shown in the table.
const SHOWN_PORTS: usize = 4;
const SHOWN_TAGS: usize = 6;
/// How many instances are looked at for them.
const LOOKED_AT: usize = 1000;
/// How many instances the page of a service shows.
const SHOWN_INSTANCES: usize = 100;
/// How much of a text is shown, in characters.
const SHOWN_CHARACTERS: usize = 200;

/// Describes a service for the table.
pub(super) fn summary(service: &Service, zones: &ZoneSettings) -> ServiceSummary {
    let (mut ports, mut tags) = (BTreeSet::new(), BTreeSet::new());
    let (healthy, failing) = healths(service);
    for instance in service.instances().take(LOOKED_AT) {
        ports.extend((instance.port > 0).then_some(instance.port));
        tags.extend(instance.group.tags.iter());
    }
    let part = service.parts.first();
    let (namespace, name) = part.map_or(("", ""), |it| (&*it.namespace, &*it.name));
    ServiceSummary {
        namespace: text(namespace),
        service: text(name),
        name: names(namespace, name, zones).next().unwrap_or_default(),
        instances: service.len(),
        healthy,
        failing,
        ports: ports.into_iter().take(SHOWN_PORTS).collect(),
        tags: tags
            .into_iter()
            .take(SHOWN_TAGS)
            .map(|tag| text(tag))
            .collect(),
        ttl_seconds: zones.ttl_seconds,
    }
}

/// How many instances are healthy, and how many are of no use.
pub(super) fn healths(service: &Service) -> (usize, usize) {
    let count = |(healthy, failing), instance: &Instance| {
        let is_healthy = instance.health == Health::Passing;
        (
            healthy + usize::from(is_healthy),
            failing + usize::from(instance.health.is_bad()),
        )
    };
    service.instances().fold((0, 0), count)
}

impl GatewayPage {
    /// Describes one service, and has its answers asked for.
    pub(super) async fn detail(&self, namespace: &str, name: &str) -> Option<ServiceDetail> {
        let mut detail = {
            let snapshot = self.snapshot()?;
            let service = snapshot.service(namespace.as_bytes(), name.as_bytes())?;
            let summary = summary(service, &self.shown.zones().0);
            let shown = service.instances().take(SHOWN_INSTANCES);
            let pages = self.shown.nomad_pages(self.client.address());
            let namespace = service.parts.first().map_or("", |it| &*it.namespace);
            ServiceDetail {
                names: names(
                    &summary.namespace.0,
                    &summary.service.0,
                    &self.shown.zones().0,
                )
                .collect(),
                instances: shown
                    .map(|it| instance(it, namespace, pages.as_ref()))
                    .collect(),
                more_instances: service.len().saturating_sub(SHOWN_INSTANCES),
                answers: Vec::new(),
                summary,
            }
        };
        let question = detail.summary.name.0.parse::<Name>().ok();
        if let Some(question) = question {
            detail.answers = self.ask_types(question).await;
        }
        Some(detail)
    }
}

/// The names of a service, in the order of the zones as they are configured to be matched, the shortest first.
fn names<'a>(
    namespace: &'a str,
    name: &'a str,
    zones: &'a ZoneSettings,
) -> impl Iterator<Item = Untrusted> + 'a {
    let labels = [name.to_ascii_lowercase(), namespace.to_ascii_lowercase()];
    zones.zones().iter().rev().filter_map(move |zone| {
        let own = labels.iter().map(|label| label.as_bytes());
        let name = Name::from_labels(own.chain(zone.apex.labels().iter())).ok()?;
        let text = name.to_string();
        Some(Untrusted(text.trim_end_matches('.').to_owned()))
    })
}

fn instance(one: &Instance, namespace: &str, pages: Option<&NomadUiPages>) -> InstanceDetail {
    let address = match &one.address {
        InstanceAddress::V4(address) => address.to_string(),
        InstanceAddress::V6(address) if one.port > 0 => format!("[{address}]"),
        InstanceAddress::V6(address) => address.to_string(),
        InstanceAddress::Host(host) => host.to_string(),
        InstanceAddress::Unusable => "unusable".to_owned(),
    };
    let (allocation, job) = (one.allocation(), &one.group.job);
    // What is cut has no page.
    let page = |shown: &str, url: &dyn Fn(&NomadUiPages) -> String| {
        let is_whole = !shown.is_empty() && shown.chars().count() <= SHOWN_CHARACTERS;
        pages.filter(|_| is_whole).map(url).map(Untrusted)
    };
    InstanceDetail {
        allocation_url: page(&allocation, &|it| it.allocation(&allocation)),
        job_url: page(job, &|it| it.job(job, namespace)),
        address: text(&address),
        port: one.port,
        health: one.health.label(),
        allocation: text(&allocation),
        node: text(&one.node.to_string()),
        job: text(job),
        datacenter: text(&one.group.datacenter),
        tags: one
            .group
            .tags
            .iter()
            .take(SHOWN_TAGS)
            .map(|tag| text(tag))
            .collect(),
    }
}

/// A text, cut where it is long.
fn text(text: &str) -> Untrusted {
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Untrusted(shown)
}
