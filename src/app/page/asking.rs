//! Asks the gateway's own listeners, as a client on this host would.
//!
//! The queries take the way of all others: they are counted, limited and refused as those of clients are.

use std::net::SocketAddr;
use std::time::Duration;

use super::GatewayPage;
use crate::dns::{Name, RecordType};
use crate::listeners::admin::{LookupReport, TransportAnswer, Untrusted};
use crate::listeners::http::{PathUse, Paths};
use crate::lookup::{GatewayPaths, LookupTransport, TransportReply, ask_listener, reachable};

/// How long one of them may take.
const ASK_WITHIN: Duration = Duration::from_secs(3);
/// How many records are shown.
const SHOWN_RECORDS: usize = 12;
/// The types that the page of a service asks for.
const TYPES: [RecordType; 5] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::SRV,
    RecordType::TXT,
    RecordType::HTTPS,
];

impl GatewayPage {
    /// Asks over each transport that there is.
    pub(super) async fn ask_all(&self, name: Name, record_type: RecordType) -> LookupReport {
        // It is never closed.
        let _permit = self.lookups.acquire().await;
        let mut replies = Vec::new();
        for transport in LookupTransport::ALL {
            if let Some((address, paths)) = self.place(transport) {
                let (question, place) = ((name, record_type), (address, &paths));
                let reply = ask_listener(question, transport, place, ASK_WITHIN).await;
                replies.push((reply, address));
            }
        }
        let said = |reply: &TransportReply| {
            let reply = reply.result.as_ref().ok()?;
            let mut records: Vec<String> = reply.sections[0]
                .iter()
                .map(|it| format!("{} {}", it.record_type, it.data))
                .collect();
            records.sort();
            Some((reply.rcode, records))
        };
        let mut all = replies.iter().map(|(reply, _)| said(reply));
        let first = all.next().flatten();
        let agree = first.is_some() && all.all(|other| other == first);
        LookupReport {
            name: name.to_string().into(),
            agree,
            answers: replies
                .iter()
                .map(|(reply, at)| answer(reply, record_type, at))
                .collect(),
        }
    }

    /// Asks one listener for each type that services have.
    pub(super) async fn ask_types(&self, name: Name) -> Vec<TransportAnswer> {
        let _permit = self.lookups.acquire().await;
        let transports = [
            LookupTransport::Udp,
            LookupTransport::Json,
            LookupTransport::Dot,
            LookupTransport::DohGet,
        ];
        let mut known = transports
            .into_iter()
            .filter_map(|it| Some((it, self.place(it)?)));
        let Some((transport, (address, paths))) = known.next() else {
            return Vec::new();
        };
        let mut answers = Vec::new();
        for record_type in TYPES {
            let (question, place) = ((name, record_type), (address, &paths));
            let reply = ask_listener(question, transport, place, ASK_WITHIN).await;
            answers.push(answer(&reply, record_type, &address));
        }
        answers
    }

    /// Where a transport is spoken, if it is; what listens on all addresses is asked on loopback.
    fn place(&self, transport: LookupTransport) -> Option<(SocketAddr, GatewayPaths)> {
        let listener = match transport {
            LookupTransport::Udp => "udp",
            LookupTransport::Tcp => "tcp",
            LookupTransport::Dot => "dot",
            LookupTransport::DohGet | LookupTransport::DohPost => "https",
            LookupTransport::Json => "http",
        };
        let found = self.listeners.iter().find(|it| it.transport == listener)?;
        let paths = lookup_paths(&self.paths, transport)?;
        Some((reachable(found.address), paths))
    }
}

/// The paths to ask at over HTTP; none for a transport that has no path, and so nobody to ask.
pub fn lookup_paths(configured: &Paths, transport: LookupTransport) -> Option<GatewayPaths> {
    let first = |path_use| configured.of(path_use).first().cloned();
    let mut paths = GatewayPaths::default();
    match transport {
        LookupTransport::DohGet | LookupTransport::DohPost => paths.dns = first(PathUse::Dns)?,
        LookupTransport::Json => paths.json = first(PathUse::Json)?,
        LookupTransport::Udp | LookupTransport::Tcp | LookupTransport::Dot => {}
    }
    Some(paths)
}

fn answer(reply: &TransportReply, record_type: RecordType, at: &SocketAddr) -> TransportAnswer {
    let mut shown = TransportAnswer {
        transport: reply.transport.as_str(),
        address: at.to_string(),
        record_type: record_type.to_string(),
        milliseconds: reply.took.as_secs_f64() * 1000.0,
        rcode: None,
        records: Vec::new(),
        more_records: 0,
        notes: Vec::new(),
    };
    match &reply.result {
        Err(error) => shown.notes.push(error.to_string().into()),
        Ok(found) => {
            let records = &found.sections[0];
            shown.rcode = Some(found.rcode.to_string());
            let lines = records.iter().take(SHOWN_RECORDS);
            let line =
                lines.map(|it| Untrusted(format!("{} {} {}", it.ttl, it.record_type, it.data)));
            shown.records = line.collect();
            shown.more_records = records.len().saturating_sub(SHOWN_RECORDS);
            let errors = found.extended_errors.iter();
            shown.notes.extend(
                errors.map(|(code, text)| Untrusted(format!("extended error {code}: {text}"))),
            );
        }
    }
    shown
}
