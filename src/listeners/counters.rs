//! The counters of the listeners. Metrics read them; nothing here knows how they are written.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{Method, StatusCode, Version};

/// The listeners that have connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// Plain DNS over TCP.
    Tcp,
    /// DNS over TLS.
    Dot,
    /// DNS over HTTP without TLS.
    Http,
    /// DNS over HTTPS.
    Https,
    /// The operator's pages and metrics.
    Admin,
}

impl ListenerKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Tcp, Self::Dot, Self::Http, Self::Https, Self::Admin];

    /// The word for it in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Dot => "dot",
            Self::Http => "http",
            Self::Https => "https",
            Self::Admin => "admin",
        }
    }
}

/// Why a TLS handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandshakeFailure {
    /// It took too long.
    TimedOut,
    /// The client went away.
    Closed,
    /// What came was no TLS.
    NotTls,
    /// No version or cipher suite in common.
    Incompatible,
    /// No application protocol in common.
    Protocol,
    /// The client sent an alert: it does not trust the certificate, mostly.
    Alert,
    /// The client showed no certificate, or none that the configured CA has signed.
    ClientCertificate,
    /// The client begins too many; nothing was read.
    OverRate,
    /// Another reason.
    Other,
}

impl HandshakeFailure {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::TimedOut,
        Self::Closed,
        Self::NotTls,
        Self::Incompatible,
        Self::Protocol,
        Self::Alert,
        Self::ClientCertificate,
        Self::OverRate,
        Self::Other,
    ];

    /// The word for it in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "timeout",
            Self::Closed => "closed",
            Self::NotTls => "not_tls",
            Self::Incompatible => "incompatible",
            Self::Protocol => "alpn",
            Self::Alert => "alert",
            Self::ClientCertificate => "client_certificate",
            Self::OverRate => "over_rate",
            Self::Other => "other",
        }
    }
}

/// The words for methods that HTTP responses are counted by.
pub(super) const HTTP_METHODS: [&str; 4] = ["GET", "HEAD", "POST", "other"];
/// The words for versions that HTTP responses are counted by.
pub(super) const HTTP_VERSIONS: [&str; 2] = ["1.1", "2"];
/// The words for classes of status that HTTP responses are counted by.
pub(super) const HTTP_STATUSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// The counters of all listeners that have connections.
#[derive(Debug, Default)]
pub struct ListenerCounters {
    connections: [ConnectionCounters; ListenerKind::ALL.len()],
    handshake_failures: [AtomicU64; HandshakeFailure::ALL.len()],
    http_responses: [[[AtomicU64; HTTP_STATUSES.len()]; HTTP_VERSIONS.len()]; HTTP_METHODS.len()],
    /// Panics that ended a connection or a request, and nothing else.
    pub panics: AtomicU64,
    /// Times that no connection could be accepted: file descriptors or memory were used up.
    pub accept_failures: AtomicU64,
}

/// What is counted of the connections of one listener.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    /// Connections that were accepted and served.
    pub accepted: AtomicU64,
    /// Connections that were closed at once, for a limit on their number.
    pub refused: AtomicU64,
    /// Connections that were idle and closed to make room for others.
    pub made_room: AtomicU64,
    /// Connections that were closed since their client did not take its answers.
    pub untaken: AtomicU64,
    /// Connections that were closed for being idle or slow.
    pub timed_out: AtomicU64,
    /// Connections that were closed for what came on them.
    pub malformed: AtomicU64,
}

impl ListenerCounters {
    /// The counters of the connections of one kind of listener.
    pub fn connections(&self, kind: ListenerKind) -> &ConnectionCounters {
        &self.connections[kind as usize]
    }

    /// How many TLS handshakes failed for a reason.
    pub fn handshake_failures(&self, failure: HandshakeFailure) -> &AtomicU64 {
        &self.handshake_failures[failure as usize]
    }

    /// Goes through the HTTP responses counted: method, version, class of status, how many.
    pub fn http_responses(&self) -> impl Iterator<Item = (HttpResponseKind, u64)> {
        let methods = HTTP_METHODS.into_iter().zip(&self.http_responses);
        methods.flat_map(|(method, versions)| {
            let versions = HTTP_VERSIONS.into_iter().zip(versions);
            versions.flat_map(move |(version, statuses)| {
                let statuses = HTTP_STATUSES.into_iter().zip(statuses);
                statuses.map(move |(status, count)| {
                    let kind = HttpResponseKind {
                        method,
                        version,
                        status,
                    };
                    (kind, count.load(Ordering::Relaxed))
                })
            })
        })
    }

    pub(super) fn count_http_response(
        &self,
        method: HttpMethod,
        version: Version,
        status: StatusCode,
    ) {
        let version = usize::from(version == Version::HTTP_2);
        let class = usize::from(status.as_u16() / 100).clamp(2, 5) - 2;
        count(&self.http_responses[method as usize][version][class]);
    }
}

/// What HTTP responses are counted by, in the words of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpResponseKind {
    /// `GET`, `HEAD`, `POST` or `other`.
    pub method: &'static str,
    /// `1.1` (which stands for 1.0 too) or `2`.
    pub version: &'static str,
    /// `2xx` to `5xx`.
    pub status: &'static str,
}

/// A method, as HTTP responses are counted by it.
#[derive(Clone, Copy, Debug)]
pub(super) enum HttpMethod {
    Get,
    Head,
    Post,
    Other,
}

impl From<&Method> for HttpMethod {
    fn from(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::POST => Self::Post,
            _ => Self::Other,
        }
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
