//! What the status page shows of services, and of lookups, and `/api/services`, `/api/service` and `/api/lookup` as JSON.

use serde::Serialize;

use super::model::Untrusted;

/// One page of the services that were found.
#[derive(Clone, Debug, Serialize)]
pub struct ServicePage {
    /// How many were found.
    pub found: usize,
    /// Whether there was too much to search through, so that some may be missing.
    pub incomplete: bool,
    /// The page, from 1.
    pub page: usize,
    /// How many pages there are, at least one.
    pub pages: usize,
    /// The services, by namespace and name.
    pub services: Vec<ServiceSummary>,
}

/// A service in the table.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceSummary {
    /// Its namespace.
    pub namespace: Untrusted,
    /// Its name in Nomad.
    pub service: Untrusted,
    /// Its DNS name in the first zone.
    pub name: Untrusted,
    /// How many instances it has.
    pub instances: usize,
    /// How many of them are known to be healthy.
    pub healthy: usize,
    /// How many are known to be of no use.
    pub failing: usize,
    /// Its ports, a few of them.
    pub ports: Vec<u16>,
    /// Its tags, a few of them.
    pub tags: Vec<Untrusted>,
    /// The TTL of its records, in seconds.
    pub ttl_seconds: u32,
}

/// One instance of a service.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceDetail {
    /// Its address.
    pub address: Untrusted,
    /// Its port; 0 when Nomad has none.
    pub port: u16,
    /// What its checks say: `passing`, `failing`, `gone`, `unproven`, `unread`.
    pub health: &'static str,
    /// Its allocation.
    pub allocation: Untrusted,
    /// Its page in Nomad's web UI, if that is known.
    pub allocation_url: Option<Untrusted>,
    /// Its node.
    pub node: Untrusted,
    /// Its job.
    pub job: Untrusted,
    /// Its page in Nomad's web UI, if that is known.
    pub job_url: Option<Untrusted>,
    /// Its datacenter.
    pub datacenter: Untrusted,
    /// Its tags.
    pub tags: Vec<Untrusted>,
}

/// One service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceDetail {
    /// What the table says of it.
    pub summary: ServiceSummary,
    /// Its instances, the first of them.
    pub instances: Vec<InstanceDetail>,
    /// How many more there are.
    pub more_instances: usize,
    /// Its names in all zones.
    pub names: Vec<Untrusted>,
    /// What each type gets.
    pub answers: Vec<TransportAnswer>,
}

/// What a listener of the gateway answers to one question.
#[derive(Clone, Debug, Serialize)]
pub struct TransportAnswer {
    /// The transport, such as `udp`.
    pub transport: &'static str,
    /// The address that was asked.
    pub address: String,
    /// The type that was asked for.
    pub record_type: String,
    /// How long it took, in milliseconds.
    pub milliseconds: f64,
    /// The code, such as `NOERROR`; none if there is no answer.
    pub rcode: Option<String>,
    /// The records, a few of them.
    pub records: Vec<Untrusted>,
    /// How many more there are.
    pub more_records: usize,
    /// Extended errors (RFC 8914), or why there is no answer.
    pub notes: Vec<Untrusted>,
}

/// What all transports answer to a question.
#[derive(Clone, Debug, Serialize)]
pub struct LookupReport {
    /// The name that was asked for.
    pub name: Untrusted,
    /// Whether all that answered say the same.
    pub agree: bool,
    /// What each says.
    pub answers: Vec<TransportAnswer>,
}
