//! The keys of the configuration file, with their defaults.
//!
//! These are the keys that operators may write; `check` validates them. Tests compare this file with
//! `nomadns.example.toml` and `docs/configuration.md`, which contain every key.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::cache::CacheSection;
use super::forward::{ForwardSection, ForwardingSection};
use super::hosts::HostSection;
use super::listen::ListenSection;
use super::log::LogSection;
use super::metrics::MetricsSection;
use super::query_log::QueryLogSection;
use super::tls::TlsSection;
use super::transfer::TransferSection;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// The apexes of the zones.
    pub zones: Vec<String>,
    /// The TTL of records, in seconds.
    pub ttl: u64,
    /// The TTL of denials, in seconds.
    pub negative_ttl: u64,
    /// Whether TXT records describe the instances.
    pub describe_instances: bool,
    /// The tag that asks for an HTTPS record (RFC 9460), alone or with `=` and protocols; there is none when empty.
    pub https_tag: String,
    /// The addresses of `ns.<zone>`; those of `listen.dns` when empty.
    pub name_server_addresses: Vec<IpAddr>,
    /// The networks whose addresses have names (PTR), those that are registered in Nomad.
    pub reverse_zones: Vec<String>,
    /// What is said of names in none of the zones: `refused`, `nxdomain`.
    pub outside_zones: String,
    /// Which server this is, for clients that ask (NSID); nothing is told when empty.
    pub nsid: String,
    /// Secrets of cookies, 32 hex digits each: the first makes them, all are known; random when empty.
    pub cookie_secrets: Vec<String>,
    /// The host name of the encrypted listeners, told to clients that ask (RFC 9462); not told when empty.
    pub designated_resolver: String,
    /// Names with addresses that are answered here.
    pub hosts: Vec<HostSection>,
    /// A file with more of them, in the form of `/etc/hosts`; none when empty.
    pub hosts_file: String,
    /// How often that file is looked at for a change, in seconds; 0 for at SIGHUP only.
    pub hosts_check_seconds: u64,
    /// How often this file is looked at for a change, in seconds; 0 for at SIGHUP only.
    pub reload_check_seconds: u64,
    /// Where Nomad is and how it is asked.
    pub nomad: NomadSection,
    /// Where the gateway listens.
    pub listen: ListenSection,
    /// The certificate of the TLS listeners.
    pub tls: TlsSection,
    /// What is offered over HTTP, and to whom.
    pub http: HttpSection,
    /// Who may ask, and how often.
    pub clients: ClientsSection,
    /// What keeps clients from taking too much.
    pub limits: LimitsSection,
    /// The caches.
    pub cache: CacheSection,
    /// The zones whose names are asked of other servers.
    pub forward: Vec<ForwardSection>,
    /// What is the same for all of them.
    pub forwarding: ForwardingSection,
    /// The metrics.
    pub metrics: MetricsSection,
    /// The log.
    pub log: LogSection,
    /// The query log.
    pub query_log: QueryLogSection,
    /// Zone transfer.
    pub transfer: TransferSection,
}

/// Where Nomad is and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NomadSection {
    /// The first that answers is kept until it fails.
    pub addresses: Vec<String>,
    /// The token itself; better kept in a file.
    pub token: String,
    /// A file with the token, read again when it changes.
    pub token_file: String,
    /// The region that is asked; the agent's own when empty.
    pub region: String,
    /// The namespaces whose services are answered for; `*` for all.
    pub namespaces: Vec<String>,
    /// Nomad's own filter expression, applied to the instances of each service.
    pub filter: String,
    /// Tags whose instances are left out.
    pub exclude_tags: Vec<String>,
    /// Which instances are answered by their health: `off`, `failing`, `strict`.
    pub health: String,
    /// How long after a query the checks of its service are read, in seconds.
    pub health_asked_seconds: u64,
    /// How often the checks of one allocation are read, in seconds.
    pub health_check_seconds: u64,
    /// How many allocations may be asked for their checks in a second.
    pub health_reads_per_second: usize,
    /// How long the loss of most instances at once is not believed, in seconds; 0 for never.
    pub mass_loss_grace_seconds: u64,
    /// `USER:PASSWORD` for a reverse proxy in front of Nomad.
    pub http_auth: String,
    /// A file with the CA certificates that alone are trusted.
    pub ca_file: String,
    /// A folder with such files.
    pub ca_path: String,
    /// A file with the client certificate.
    pub client_certificate: String,
    /// A file with its key.
    pub client_key: String,
    /// The name that Nomad's certificate must carry, when it is not the address's.
    pub tls_server_name: String,
    /// Whether Nomad's certificate is taken unchecked.
    pub skip_verify: bool,
    /// The URL of Nomad's web UI, for links; where Nomad is asked when empty, none at all when `none`.
    pub ui_url: String,
    /// How long ago a server may have heard from its leader and is still believed, in milliseconds.
    pub last_contact_ms: u64,
    /// How long the last known state is answered from once Nomad is gone, in seconds.
    pub max_stale_seconds: u64,
    /// How long Nomad may be silent in an outage before answers are marked as stale, in seconds.
    pub stale_after_seconds: u64,
    /// A folder for a snapshot of what is known, for a restart in an outage; none is kept when empty.
    pub state_dir: String,
    /// How often the snapshot is written at most, in seconds.
    pub state_seconds: u64,
    /// How many services are read at once.
    pub reads_at_once: usize,
    /// How often everything is read again, in seconds, for what Nomad does not tell.
    pub full_read_seconds: u64,
    /// How often it is found out anew what the token may read, in seconds.
    pub access_seconds: u64,
    /// How long a service that was read on demand is answered for, in seconds.
    pub on_demand_keep_seconds: u64,
    /// How long a service that was not there on demand is denied, in seconds.
    pub on_demand_absent_seconds: u64,
    /// How many services read on demand are kept.
    pub on_demand_names: usize,
    /// How many reads on demand are begun in a second.
    pub on_demand_reads_per_second: usize,
    /// How many services wait to be read on demand, of clients whose address is proven and again of others.
    pub on_demand_waiting: usize,
}

/// What is offered over HTTP, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSection {
    /// The paths of DNS over HTTPS.
    pub dns_paths: Vec<String>,
    /// The paths of the JSON form.
    pub json_paths: Vec<String>,
    /// The hosts that plain HTTP is asked for beside addresses and names in the zones; `*` for all.
    pub hosts: Vec<String>,
    /// The origins whose pages may read the answers (CORS); `*` for all.
    pub allow_origins: Vec<String>,
    /// A file with the tokens of those who may ask, one a line.
    pub bearer_tokens_file: String,
    /// A file with the users who may ask, `USER:PASSWORD` in each line.
    pub basic_users_file: String,
    /// How often the two are looked at for a change, in seconds; 0 for at SIGHUP only.
    pub check_seconds: u64,
}

/// Who may ask, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientsSection {
    /// Networks or addresses of the clients that are answered; everybody when empty.
    pub allow: Vec<String>,
    /// How many queries a second one may ask over time; 0 for as many as it likes.
    pub queries_per_second: usize,
    /// How many at once, after a pause.
    pub burst: usize,
    /// Networks or addresses of those that may ask as often as they like.
    pub exempt: Vec<String>,
    /// How many clients the gateway knows the rate of at once.
    pub tracked: usize,
    /// How many answers of one kind a second go over UDP to one network without a cookie; 0 for all.
    pub unproven_answers_per_second: u32,
    /// How many octets of answers; 0 for all.
    pub unproven_octets_per_second: u32,
    /// An answer of at most so many times the octets of its query is not counted.
    pub unproven_free_factor: usize,
    /// Every so manieth of further answers has TC; the others are not sent.
    pub unproven_slip: u32,
    /// Networks or addresses that get all answers.
    pub unproven_exempt: Vec<String>,
    /// Networks or addresses of proxies that are believed who their client is.
    pub trusted_proxies: Vec<String>,
    /// Listeners where they have to say so by the PROXY protocol: `tcp`, `dot`, `http`, `https`.
    pub proxy_protocol: Vec<String>,
}

/// What keeps clients from taking too much.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// How many queries may wait for an answer at once.
    pub waiting_queries: usize,
    /// How long one may wait, in milliseconds.
    pub query_timeout_ms: u64,
    /// How many answers of many records are made at once.
    pub large_answers_at_once: usize,
    /// How many queries of one client may wait for such an answer to be made.
    pub large_answers_per_client: usize,
    /// How many CNAMEs an answer follows at most.
    pub alias_chain: usize,
    /// How many questions may be under way to upstreams at once.
    pub forwarded_questions: usize,
    /// How many queries may wait for them.
    pub forwarded_waiting_queries: usize,
    /// The same of one client.
    pub forwarded_waiting_per_client: usize,
    /// How many names hosts may have.
    pub hosts_names: usize,
    /// How many octets the file of hosts may have.
    pub hosts_file_octets: u64,
    /// UDP workers for each address; 0 for one a core.
    pub udp_workers: usize,
    /// How many UDP messages are taken from the kernel at once.
    pub udp_batch: usize,
    /// The octets of the kernel's receive buffer of one UDP worker.
    pub udp_receive_octets: usize,
    /// The octets of its send buffer.
    pub udp_send_octets: usize,
    /// How many queries of one UDP worker may wait at once, but for those that are forwarded.
    pub udp_waiting_queries: usize,
    /// The most octets of an answer over UDP, where the client takes as many.
    pub udp_answer_octets: usize,
    /// The most records of one set in an answer, others each time; 0 for all of them.
    pub set_records: usize,
    /// How many connections may be open at once.
    pub connections: usize,
    /// The same from one IPv4 address or IPv6 /64.
    pub connections_per_client: usize,
    /// How many connections of the operator's pages may be open at once, apart from the others.
    pub admin_connections: usize,
    /// How many names that were asked and not found the status page shows; 0 for none.
    pub not_found_names: usize,
    /// How many queries of one connection may wait at once.
    pub connection_waiting_queries: usize,
    /// How many octets of answers may wait to be written on one connection.
    pub unwritten_octets: usize,
    /// How many octets of answers clients may leave untaken, over all connections.
    pub untaken_octets: usize,
    /// The same for one IPv4 address or IPv6 /64.
    pub untaken_octets_per_client: usize,
    /// How many octets a second of an HTTP response a client has to take at least.
    pub taken_octets_per_second: usize,
    /// How long a TCP or TLS connection may be without a query, in seconds.
    pub idle_seconds: u64,
    /// How long a message may take from its first octet to its last, in milliseconds.
    pub message_ms: u64,
    /// How long a client may take nothing of what is written to it, in milliseconds.
    pub write_stall_ms: u64,
    /// How long what a client still sends is dropped before its connection is closed, in milliseconds.
    pub linger_ms: u64,
    /// How many TLS handshakes one client may begin in a second; 0 for as many as it likes.
    pub handshakes_per_client: usize,
    /// How long a TLS handshake may take, in milliseconds.
    pub handshake_ms: u64,
    /// How long a connection may live, in seconds.
    pub connection_age_seconds: u64,
    /// How long sockets that systemd passes are left unread at the start until the cluster is known, in milliseconds.
    pub first_sync_wait_ms: u64,
    /// How long all is still answered after SIGTERM, though the gateway is not ready any more, in milliseconds.
    pub lameduck_ms: u64,
    /// How long what is under way may take to end at shutdown, in milliseconds.
    pub drain_ms: u64,
    /// How long the headers of an HTTP request may take, in milliseconds.
    pub http_headers_ms: u64,
    /// How long the body of an HTTP request may take, in milliseconds.
    pub http_body_ms: u64,
    /// How long an HTTP connection may be without a request, in seconds.
    pub http_idle_seconds: u64,
    /// How many requests may be under way on one HTTP/2 connection.
    pub http_streams: u32,
    /// How many octets the headers of an HTTP request may have.
    pub http_header_octets: u32,
    /// How many headers an HTTP/1.1 request may have.
    pub http_header_count: usize,
}
