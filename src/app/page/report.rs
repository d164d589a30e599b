//! Everything of the status page but the services: state, Nomad, rights, names not found, certificates, upstreams.

use std::collections::BTreeMap;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::sampling::SAMPLE_EVERY;
use super::{GatewayPage, advice};
use crate::catalog::{Snapshot, UnknownReason};
use crate::listeners::admin::{
    CertificateDates, MissedName, NamespaceRights, StatusReport, UpstreamState,
};
use crate::sync::Report;

/// How many namespaces are shown.
const SHOWN_NAMESPACES: usize = 50;
/// How many names that were not found are shown of those that are kept.
const SHOWN_NAMES: usize = 20;
const SECONDS_A_DAY: i64 = 86_400;

impl GatewayPage {
    /// Puts everything together.
    pub(super) fn report(&self) -> StatusReport {
        let (report, snapshot) = (self.sync.report(), self.snapshot());
        let live = self.live_status();
        let (namespaces, more_namespaces) = namespaces(&report, snapshot.as_deref());
        StatusReport {
            samples: self.samples(),
            sample_seconds: SAMPLE_EVERY.as_secs_f64(),
            version: env!("CARGO_PKG_VERSION"),
            nomad_server: super::super::status::server(&self.client.followed()).into(),
            nomad_index: report.index,
            access: report.access.to_string(),
            health: report.health.to_string(),
            last_error: report.last_error.clone().map(Into::into),
            findings: [
                advice::reloads(&self.reloads.now()),
                advice::findings(&report, live.failing_services, report.held_instances),
            ]
            .concat(),
            not_found: self.shown.not_found().map(|names| {
                let mut all = missed(&names);
                all.truncate(SHOWN_NAMES);
                all
            }),
            listeners: self.listeners.clone(),
            zones: self.shown.zones().1.clone(),
            certificates: self.certificates(),
            upstreams: self.upstreams(),
            secondaries: super::super::notify::secondaries(&self.notifier),
            namespaces,
            more_namespaces,
            live,
        }
    }

    fn certificates(&self) -> Vec<CertificateDates> {
        let now = OffsetDateTime::from(SystemTime::now());
        let shown = self.certificates.as_ref().and_then(|it| it.shown());
        shown
            .as_deref()
            .and_then(|der| dates(der, now))
            .into_iter()
            .collect()
    }

    fn upstreams(&self) -> Vec<UpstreamState> {
        let forwarder = self.forwarder.now();
        let zones = forwarder.iter().flat_map(|it| it.zones());
        zones
            .flat_map(|zone| {
                let name = zone.apex.to_string();
                let report = zone.report().into_iter();
                let state = report.map(|(address, up, round_trip, _)| UpstreamState {
                    zone: name.clone(),
                    address: address.to_string(),
                    up,
                    round_trip_milliseconds: round_trip * 1000.0,
                });
                state.collect::<Vec<_>>()
            })
            .collect()
    }
}

/// The namespaces, those that lack something first, and how many more there are.
fn namespaces(report: &Report, snapshot: Option<&Snapshot>) -> (Vec<NamespaceRights>, usize) {
    let known = snapshot.into_iter().flat_map(|it| it.namespaces());
    let known: BTreeMap<&str, usize> = known.collect();
    let missing = report.missing.iter().map(|(name, reason)| NamespaceRights {
        namespace: (&**name).into(),
        services: known.get(&*name.to_ascii_lowercase()).copied().unwrap_or(0),
        rights: match reason {
            UnknownReason::Refused => "refused: read-job is missing",
            UnknownReason::Unreadable => "cannot be read now",
            UnknownReason::Unread => "not read yet",
        }
        .to_owned(),
        complete: false,
    });
    let is_missing = |name: &str| {
        report
            .missing
            .iter()
            .any(|(it, _)| it.eq_ignore_ascii_case(name))
    };
    let read = known.iter().filter(|(name, _)| !is_missing(name));
    let read = read.map(|(name, services)| NamespaceRights {
        namespace: (*name).into(),
        services: *services,
        rights: "list and read".to_owned(),
        complete: true,
    });
    let mut all: Vec<_> = missing.chain(read).collect();
    let more = all.len().saturating_sub(SHOWN_NAMESPACES);
    all.truncate(SHOWN_NAMESPACES);
    (all, more)
}

/// The names that were not found, each once, the last first.
fn missed(names: &crate::layers::NotFoundNames) -> Vec<MissedName> {
    let mut found: Vec<MissedName> = Vec::new();
    let mut places = BTreeMap::new();
    for one in names.list() {
        let name = one.name.to_string().to_ascii_lowercase();
        match places.get(&name) {
            Some(&place) => {
                let known: &mut MissedName = &mut found[place];
                known.times += 1;
            }
            None => {
                places.insert(name.clone(), found.len());
                found.push(MissedName {
                    name: name.into(),
                    record_type: one.record_type.to_string(),
                    seconds_ago: one.at.elapsed().as_secs(),
                    times: 1,
                });
            }
        }
    }
    found
}

fn dates(der: &[u8], now: OffsetDateTime) -> Option<CertificateDates> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let not_after = certificate.validity().not_after.to_datetime();
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map(|names| {
        let names = names.value.general_names.iter();
        names.filter_map(|name| match name {
            x509_parser::extensions::GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        })
    });
    let names: Vec<String> = names.into_iter().flatten().take(4).collect();
    let subject = match names.is_empty() {
        true => certificate.subject().to_string(),
        false => names.join(", "),
    };
    Some(CertificateDates {
        subject: subject.into(),
        not_after: not_after.format(&Rfc3339).ok()?,
        days_left: (not_after - now).whole_seconds().div_euclid(SECONDS_A_DAY),
    })
}
