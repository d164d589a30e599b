//! What the status page shows, and its JSON form: one set of types for both.
//!
//! Floor 4. `app` fills them. Texts that come from Nomad or from clients are `Untrusted`, which only shows itself escaped.

use serde::Serialize;

use super::secondaries::SecondaryReport;
use super::upstreams::UpstreamState;

/// Text from Nomad, from a client or from an upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Untrusted(pub String);

/// Whether all is right, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayState {
    /// Answers follow Nomad.
    Current,
    /// Answers come from an earlier state of Nomad.
    Stale,
    /// Nothing is known of the cluster, so queries for its names get SERVFAIL.
    NotReady,
    /// The gateway is about to end.
    Leaving,
}

/// The state in words.
#[derive(Clone, Debug, Serialize)]
pub struct StateBanner {
    /// The state.
    pub state: GatewayState,
    /// What it means, in a few words.
    pub headline: String,
    /// Why it is so, since when, or what to do.
    pub detail: Untrusted,
}

/// What was measured in one interval.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Sample {
    /// Answers in a second.
    pub answers_per_second: f64,
    /// Of them NXDOMAIN.
    pub nxdomain_per_second: f64,
    /// Of them SERVFAIL.
    pub servfail_per_second: f64,
    /// Answers from a cache, of all: 0 to 1; none without answers.
    pub hit_ratio: Option<f64>,
    /// The time within which half of the answers were made, in microseconds.
    pub median_microseconds: Option<f64>,
    /// The same of 99 in 100.
    pub p99_microseconds: Option<f64>,
    /// The time since Nomad last answered, in seconds.
    pub nomad_age_seconds: Option<f64>,
    /// Queries to upstreams in a second.
    pub upstream_queries_per_second: f64,
}

/// What changes all the time, which open pages are sent.
#[derive(Clone, Debug, Serialize)]
pub struct LiveStatus {
    /// The state.
    pub banner: StateBanner,
    /// Services with an instance.
    pub services: usize,
    /// Their instances.
    pub instances: usize,
    /// Services without a healthy instance.
    pub failing_services: usize,
    /// What was measured last.
    pub sample: Sample,
}

/// Something that needs the operator.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// How often, or where.
    pub detail: Untrusted,
    /// What to change.
    pub advice: String,
}

/// A name that was asked and does not exist.
#[derive(Clone, Debug, Serialize)]
pub struct MissedName {
    /// The name.
    pub name: Untrusted,
    /// The type that was asked for last.
    pub record_type: String,
    /// How long ago.
    pub seconds_ago: u64,
    /// How often its denial was made; from the cache it is given without being counted.
    pub times: usize,
}

/// A namespace and what the token may do there.
#[derive(Clone, Debug, Serialize)]
pub struct NamespaceRights {
    /// The namespace.
    pub namespace: Untrusted,
    /// How many services of it are known.
    pub services: usize,
    /// What can be read, in words.
    pub rights: String,
    /// Whether everything that is wanted can be read.
    pub complete: bool,
}

/// Where the gateway listens.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerAddress {
    /// The transport.
    pub transport: &'static str,
    /// The address.
    pub address: std::net::SocketAddr,
}

/// A zone and who answers for it.
#[derive(Clone, Debug, Serialize)]
pub struct ServedName {
    /// Its apex.
    pub zone: String,
    /// Where its answers come from.
    pub source: &'static str,
}

/// A certificate of the gateway.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateDates {
    /// Whom it names.
    pub subject: Untrusted,
    /// When it ends, as RFC 3339 has it.
    pub not_after: String,
    /// How many whole days are left; negative once it has expired.
    pub days_left: i64,
}

/// Everything but the services.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// What changes all the time.
    pub live: LiveStatus,
    /// The measurements of the last minutes, the oldest first.
    pub samples: Vec<Sample>,
    /// The time between two of them, in seconds.
    pub sample_seconds: f64,
    /// The version of this program.
    pub version: &'static str,
    /// The Nomad server that is followed, and how far it is behind its leader.
    pub nomad_server: Untrusted,
    /// Nomad's highest index known.
    pub nomad_index: u64,
    /// What the token can read, in words.
    pub access: String,
    /// How health is used, in words.
    pub health: String,
    /// The last thing that went wrong with Nomad.
    pub last_error: Option<Untrusted>,
    /// Namespaces, those that lack something first.
    pub namespaces: Vec<NamespaceRights>,
    /// How many more there are.
    pub more_namespaces: usize,
    /// What needs the operator.
    pub findings: Vec<Finding>,
    /// Names that were asked and do not exist; none where they are not noted.
    pub not_found: Option<Vec<MissedName>>,
    /// Where the gateway listens.
    pub listeners: Vec<ListenerAddress>,
    /// The zones.
    pub zones: Vec<ServedName>,
    /// The certificates.
    pub certificates: Vec<CertificateDates>,
    /// The upstreams, when something is forwarded.
    pub upstreams: Vec<UpstreamState>,
    /// The secondaries that are told of changes.
    pub secondaries: Vec<SecondaryReport>,
}
