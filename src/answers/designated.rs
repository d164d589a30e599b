//! `resolver.arpa`: tells clients of plain DNS where the encrypted listeners of this gateway are (RFC 9462, DDR).
//!
//! It is checked before the zones and does not depend on Nomad. Without a configured name for the encrypted listeners
//! this zone does not exist, and the name is refused like any other outside the zones.

use std::net::IpAddr;

use super::served_zone::ServedZone;
use super::service_binding::{DOH_PATH, push_parameter, write_service};
use crate::dns::{Answer, AnswerBuilder, Name, Owner, Query, Rcode, RecordType, Section};

const ZONE: [&[u8]; 2] = [b"resolver", b"arpa"];
const LABEL: &[u8] = b"_dns";

/// Where this gateway is reached encrypted.
#[derive(Clone, Debug)]
pub struct DesignatedResolver {
    /// The name that its certificate carries.
    pub target: Name,
    /// The port of DNS over TLS, if that is on.
    pub tls_port: Option<u16>,
    /// The port of DNS over HTTPS and the template of its path (RFC 9461 §5), if that is on.
    pub https: Option<(u16, String)>,
    /// The addresses of the target; not told when there are none.
    pub addresses: Vec<IpAddr>,
    /// The TTL of the records, in seconds.
    pub ttl_seconds: u32,
    /// The TTL of denials, in seconds.
    pub negative_ttl_seconds: u32,
}

/// Whether a name is within `resolver.arpa`, which is nobody else's to answer (RFC 9462 §6).
pub(super) fn is_within(name: &Name) -> bool {
    Name::from_labels(ZONE).is_ok_and(|zone| name.is_within(&zone))
}

impl DesignatedResolver {
    /// Answers a query; none when its name is not within `resolver.arpa`.
    pub(super) fn answer(&self, query: &Query) -> Option<Answer> {
        let zone = ServedZone {
            apex: Name::from_labels(ZONE).ok()?,
            ttl_seconds: self.ttl_seconds,
            negative_ttl_seconds: self.negative_ttl_seconds,
        };
        let depth = query.name.labels_above(&zone.apex)?;
        let labels = query.name.labels();
        let is_service = depth == 1 && labels.at(0)?.eq_ignore_ascii_case(LABEL);
        let mut builder = AnswerBuilder::local(&query.name);
        let asked = query.record_type;
        if is_service && matches!(asked, RecordType::SVCB | RecordType::ANY) {
            self.push_services(&mut builder);
        } else if depth == 0 {
            zone.push_apex(&mut builder, asked);
        }
        if builder.answer_count() == 0 {
            if depth > 0 && !is_service {
                builder.set_rcode(Rcode::NXDOMAIN);
            }
            zone.push_denial(&mut builder);
        }
        Some(builder.finish())
    }

    fn push_services(&self, builder: &mut AnswerBuilder) {
        if let Some(port) = self.tls_port {
            self.push_service(builder, &["dot"], port, None);
        }
        if let Some((port, template)) = &self.https {
            self.push_service(builder, &["h2", "http/1.1"], *port, Some(template));
        }
        for address in &self.addresses {
            let owner = Owner::Name(&self.target);
            super::nomad::push_address(
                builder,
                Section::Additional,
                owner,
                *address,
                self.ttl_seconds,
            );
        }
    }

    /// Appends a record in the form of RFC 9460 §2.2.
    fn push_service(
        &self,
        builder: &mut AnswerBuilder,
        protocols: &[&str],
        port: u16,
        template: Option<&str>,
    ) {
        let (owner, ttl) = (Owner::Question, self.ttl_seconds);
        builder.push(Section::Answer, owner, RecordType::SVCB, ttl, |rdata| {
            write_service(rdata, &self.target, protocols, port);
            if let Some(template) = template {
                push_parameter(rdata, DOH_PATH, template.as_bytes());
            }
        });
    }
}
