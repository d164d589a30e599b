//! Why a lookup got no answer.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::dns::wire::MessageError;
use crate::tls_failure::TlsFailure;

/// Why no answer came over a transport.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The network's or the server's system said no.
    #[error("{}", in_words(.0))]
    Io(#[from] io::Error),
    /// The server's name has no address.
    #[error("the server's name has no address; use another with --server")]
    NoAddress,
    /// Nothing came in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The TLS session could not be made.
    #[error("{}", in_words(.0))]
    Tls(#[from] rustls::Error),
    /// The server's name cannot stand in a certificate.
    #[error("`{0}` cannot be in a certificate; use a host name or an address (--server)")]
    ServerName(String),
    /// HTTP failed below its status.
    #[error("{}", in_words(.0))]
    Http(#[from] reqwest::Error),
    /// HTTP answered with another status than 200.
    #[error("HTTP status {status}: {body}")]
    Status {
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The body is longer than any answer.
    #[error("the answer is longer than {0} octets")]
    TooLong(usize),
    /// What came is no DNS message.
    #[error("the response is not a DNS message: {0}")]
    Message(#[from] MessageError),
    /// What came answers another question.
    #[error("the response answers another question")]
    OtherQuestion,
    /// What came is no answer in JSON.
    #[error("the response is not a JSON answer: {0}")]
    Json(#[from] serde_json::Error),
}

/// What is at the bottom of an error: "connection refused" rather than that a request was not sent.
pub(super) fn deepest<'error>(
    error: &'error (dyn Error + 'static),
) -> &'error (dyn Error + 'static) {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}

/// What is at the bottom of an error, and what a person can do about it.
fn in_words(error: &(dyn Error + 'static)) -> String {
    if let Some(failure) = TlsFailure::behind(error) {
        let advice = match failure {
            TlsFailure::Untrusted(_) => {
                "name its CA with --ca FILE, or trust any certificate with --insecure"
            }
            TlsFailure::WrongName { .. } => "use a name that is in the certificate (--server)",
            TlsFailure::Dates(_) => "replace it, or trust any certificate with --insecure",
            TlsFailure::WantsCertificate | TlsFailure::RefusesCertificate => {
                "lookup has none; use udp or tcp, or kdig"
            }
            TlsFailure::NoTls | TlsFailure::Other(_) => {
                "is that its port for TLS (--tls-port, --https-port)?"
            }
        };
        return format!("{failure}; {advice}");
    }
    let cause = deepest(error);
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    let advice = match kind {
        Some(io::ErrorKind::ConnectionRefused) => {
            "; nothing listens there: is the gateway running, and is that its port (--dns-port, --tls-port, --https-port, --http-port)?"
        }
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            "; is that its port for this transport, and may this client ask there (clients.allow)?"
        }
        _ => "",
    };
    format!("{cause}{advice}")
}
