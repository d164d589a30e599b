//! Why a lookup got no answer.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::dns::wire::MessageError;

/// Why no answer came over a transport.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The network's or the server's system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server's name has no address.
    #[error("the server's name has no address")]
    NoAddress,
    /// Nothing came in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The TLS session could not be made.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// The server's name cannot stand in a certificate.
    #[error("`{0}` can stand in no certificate")]
    ServerName(String),
    /// HTTP failed below its status.
    #[error("{}", first_cause(.0))]
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
    #[error("what came is no DNS message: {0}")]
    Message(#[from] MessageError),
    /// What came answers another question.
    #[error("what came answers another question")]
    OtherQuestion,
    /// What came is no answer in JSON.
    #[error("what came is no answer in JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What is at the bottom of an error, which is what a person can do something about.
fn first_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
