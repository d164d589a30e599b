//! The defaults of the keys; those of limits come from the parts that use them.

use super::cache::CacheSection;
use super::file::{ClientsSection, File, HttpSection, LimitsSection, NomadSection};
use super::forward::ForwardingSection;
use super::listen::ListenSection;
use super::log::{LogFormat, LogSection};
use super::metrics::MetricsSection;
use super::query_log::QueryLogSection;
use super::tls::TlsSection;
use super::transfer::TransferSection;
use crate::answers::{ALIAS_CHAIN, HTTPS_TAG};
use crate::dns::wire::Bounds;
use crate::forward::FlightLimits;
use crate::layers;
use crate::listeners;
use crate::listeners::http::PathUse;
use crate::listeners::udp::UdpLimits;

/// Networks that nobody floods from afar: loopback, private, shared and link-local addresses (RFC 6890).
const NEAR: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

impl Default for File {
    fn default() -> Self {
        Self {
            zones: vec!["nomad".into(), "service.nomad".into()],
            ttl: 30,
            negative_ttl: 5,
            describe_instances: true,
            https_tag: HTTPS_TAG.into(),
            name_server_addresses: Vec::new(),
            reverse_zones: Vec::new(),
            outside_zones: "refused".into(),
            nsid: String::new(),
            cookie_secrets: Vec::new(),
            designated_resolver: String::new(),
            hosts: Vec::new(),
            hosts_file: String::new(),
            hosts_check_seconds: 10,
            reload_check_seconds: 0,
            nomad: NomadSection::default(),
            listen: ListenSection::default(),
            tls: TlsSection::default(),
            http: HttpSection::default(),
            clients: ClientsSection::default(),
            limits: LimitsSection::default(),
            cache: CacheSection::default(),
            forward: Vec::new(),
            forwarding: ForwardingSection::default(),
            metrics: MetricsSection::default(),
            log: LogSection::default(),
            query_log: QueryLogSection::default(),
            transfer: TransferSection::default(),
        }
    }
}

impl Default for NomadSection {
    fn default() -> Self {
        Self {
            addresses: vec!["http://127.0.0.1:4646".into()],
            token: String::new(),
            token_file: String::new(),
            region: String::new(),
            namespaces: vec!["*".into()],
            filter: String::new(),
            exclude_tags: Vec::new(),
            health: "failing".into(),
            health_asked_seconds: 300,
            health_check_seconds: 10,
            health_reads_per_second: 10,
            mass_loss_grace_seconds: 60,
            http_auth: String::new(),
            ca_file: String::new(),
            ca_path: String::new(),
            client_certificate: String::new(),
            client_key: String::new(),
            tls_server_name: String::new(),
            skip_verify: false,
            ui_url: String::new(),
            last_contact_ms: 5000,
            max_stale_seconds: 86_400,
            stale_after_seconds: 30,
            state_dir: String::new(),
            state_seconds: 30,
            reads_at_once: 8,
            full_read_seconds: 600,
            access_seconds: 60,
            on_demand_keep_seconds: 10,
            on_demand_absent_seconds: 5,
            on_demand_names: 10_000,
            on_demand_reads_per_second: 100,
            on_demand_waiting: 256,
        }
    }
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            dns_paths: vec![PathUse::Dns.usual().into()],
            json_paths: vec![PathUse::Json.usual().into()],
            hosts: Vec::new(),
            allow_origins: Vec::new(),
            bearer_tokens_file: String::new(),
            basic_users_file: String::new(),
            check_seconds: 10,
        }
    }
}

impl Default for ClientsSection {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            queries_per_second: 0,
            burst: 100,
            exempt: vec!["127.0.0.0/8".into(), "::1".into()],
            tracked: 65_536,
            unproven_answers_per_second: 200,
            unproven_octets_per_second: 65_536,
            unproven_free_factor: 2,
            unproven_slip: 1,
            unproven_exempt: NEAR.map(str::to_owned).into(),
            trusted_proxies: Vec::new(),
            proxy_protocol: Vec::new(),
        }
    }
}

impl Default for LimitsSection {
    fn default() -> Self {
        let (stack, udp) = (layers::StackLimits::default(), UdpLimits::default());
        let forwarded = FlightLimits::default();
        let (streams, bounds) = (listeners::ConnectionLimits::default(), Bounds::default());
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            waiting_queries: stack.waiting,
            query_timeout_ms: ms(stack.timeout),
            large_answers_at_once: stack.large_at_once,
            large_answers_per_client: stack.large_per_client,
            alias_chain: ALIAS_CHAIN,
            forwarded_questions: forwarded.questions,
            forwarded_waiting_queries: forwarded.waiting,
            forwarded_waiting_per_client: forwarded.waiting_per_client,
            hosts_names: 16_384,
            hosts_file_octets: 1 << 20,
            udp_workers: 0,
            udp_batch: udp.batch,
            udp_receive_octets: udp.buffers.receive_octets,
            udp_send_octets: udp.buffers.send_octets,
            udp_waiting_queries: udp.waiting,
            udp_answer_octets: bounds.udp_octets.into(),
            set_records: bounds.set_records.map_or(0, usize::from),
            connections: streams.connections,
            connections_per_client: streams.connections_per_client,
            admin_connections: streams.admin_connections,
            not_found_names: 50,
            connection_waiting_queries: streams.in_flight_per_connection,
            unwritten_octets: streams.unwritten_octets,
            untaken_octets: streams.untaken_octets,
            untaken_octets_per_client: streams.untaken_octets_per_client,
            taken_octets_per_second: streams.taken_octets_per_second,
            idle_seconds: streams.idle.as_secs(),
            message_ms: ms(streams.message),
            write_stall_ms: ms(streams.write_stall),
            linger_ms: ms(streams.linger),
            handshakes_per_client: 200,
            handshake_ms: ms(streams.handshake),
            connection_age_seconds: streams.connection_age.as_secs(),
            first_sync_wait_ms: 2000,
            lameduck_ms: 2000,
            drain_ms: ms(streams.drain),
            http_headers_ms: ms(streams.http_headers),
            http_body_ms: ms(streams.http_body),
            http_idle_seconds: streams.http_idle.as_secs(),
            http_streams: streams.http_streams,
            http_header_octets: streams.http_header_octets,
            http_header_count: streams.http_headers_count,
        }
    }
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".into(),
            repeats_per_minute: 60,
            queue_octets: 1 << 20,
            line_octets: 4096,
        }
    }
}
