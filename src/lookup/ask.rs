//! Sends one question over any transport and measures the time.

use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::{Instant, timeout};

use super::error::LookupError;
use super::http::{self, Method};
use super::options::{LookupOptions, LookupTransport, Trust};
use super::reply::LookupReply;
use super::{stream, tls, udp};
use crate::dns::{Class, Edns, EdnsOptions, Query, QueryFlags};

/// The UDP payload that is asked for, in octets: what fits without fragments.
const UDP_PAYLOAD_OCTETS: u16 = 1232;

/// Asks what its options say.
#[derive(Debug)]
pub(super) struct Asker<'options> {
    options: &'options LookupOptions,
    /// Made before the time is taken: reading the system's certificates is not the gateway's doing.
    config: Result<ClientConfig, rustls::Error>,
}

/// What came over one transport.
#[derive(Debug)]
pub struct TransportReply {
    /// The transport.
    pub transport: LookupTransport,
    /// The reply, or why there is none.
    pub result: Result<LookupReply, LookupError>,
    /// How long it took, with all connecting.
    pub took: Duration,
    /// Whether it was asked again.
    pub retry: Retry,
}

/// Whether the question was asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It was asked once.
    None,
    /// Over TCP, since what came over UDP was cut short.
    OverTcp,
}

impl<'options> Asker<'options> {
    pub(super) fn new(options: &'options LookupOptions) -> Self {
        let is_encrypted = |transport: &LookupTransport| transport.is_encrypted();
        let config = if options.transports.iter().any(is_encrypted) {
            tls::client_config(&options.trust)
        } else {
            tls::client_config(&Trust::Only(Vec::new()))
        };
        Self { options, config }
    }

    /// Asks over one transport; all of it within the time that the options give.
    pub(super) async fn ask(&self, transport: LookupTransport) -> TransportReply {
        let limit = self.options.timeout;
        let started = Instant::now();
        let result = timeout(limit, self.ask_once(transport)).await;
        let mut asked = TransportReply {
            transport,
            result: result.unwrap_or(Err(LookupError::TimedOut(limit))),
            took: started.elapsed(),
            retry: Retry::None,
        };
        let is_truncated = asked.result.as_ref().is_ok_and(LookupReply::is_truncated);
        if transport == LookupTransport::Udp && is_truncated {
            // RFC 7766 §5: what is cut short over UDP is asked for again over TCP.
            let result = timeout(limit, self.ask_once(LookupTransport::Tcp)).await;
            asked.result = result.unwrap_or(Err(LookupError::TimedOut(limit)));
            asked.took = started.elapsed();
            asked.retry = Retry::OverTcp;
        }
        asked
    }

    async fn ask_once(&self, transport: LookupTransport) -> Result<LookupReply, LookupError> {
        let server = self.options.authority(transport);
        let query = self.query(transport);
        let paths = &self.options.paths;
        let (messages, json) = ((&*server, &*paths.dns), (&*server, &*paths.json));
        let config = || self.config.clone();
        match transport {
            LookupTransport::Udp => udp::ask(&server, &query, self.options.timeout).await,
            LookupTransport::Tcp => stream::ask_tcp(&server, &query).await,
            LookupTransport::Dot => {
                stream::ask_tls(&server, &self.options.server, config()?, &query).await
            }
            LookupTransport::DohGet => {
                http::ask_https(messages, Method::Get, config()?, &query).await
            }
            LookupTransport::DohPost => {
                http::ask_https(messages, Method::Post, config()?, &query).await
            }
            LookupTransport::Json => http::ask_json(json, config()?, &query).await,
        }
    }

    fn query(&self, transport: LookupTransport) -> Query {
        use crate::dns::{Signature, Transport as Way};
        let (id, way) = match transport {
            LookupTransport::Udp => (rand::random(), Way::Udp),
            LookupTransport::Tcp => (rand::random(), Way::Tcp),
            LookupTransport::Dot => (rand::random(), Way::Dot),
            // RFC 8484 §4.1: so that HTTP caches see the same question.
            LookupTransport::DohGet | LookupTransport::DohPost => (0, Way::Doh),
            LookupTransport::Json => (0, Way::Json),
        };
        Query {
            id,
            flags: QueryFlags {
                recursion_desired: true,
                checking_disabled: false,
                authentic_data: false,
            },
            name: self.options.name,
            record_type: self.options.record_type,
            class: Class::IN,
            edns: Some(Edns {
                payload_octets: UDP_PAYLOAD_OCTETS,
                version: 0,
                dnssec_ok: self.options.dnssec_ok,
                options: EdnsOptions::default(),
            }),
            transport: way,
            client: None,
            signature: Signature::Absent,
        }
    }
}
