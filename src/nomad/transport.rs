//! Why there was no response over the network: what the system and TLS report, and the setting to change.
//!
//! Floor 1. It gives hints to operators; the content of responses is handled in `error.rs`.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::address::NomadAddress;
use super::error::{Cause, WRITE_HTTPS, excerpt};
use crate::tls_failure::TlsFailure;

impl Cause {
    /// Reads the cause from what the HTTP service reports, as reqwest does; `allowed` is the time the request had.
    pub(super) fn of_transport(error: &(dyn Error + 'static), allowed: Duration) -> Self {
        if let Some(failure) = TlsFailure::behind(error) {
            return Self::Unreachable(advised(&failure));
        }
        let http_error = error.downcast_ref::<reqwest::Error>();
        let mut deepest = error;
        let (mut parse, mut resolving) = (false, false);
        while let Some(source) = deepest.source() {
            parse |= source
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_parse);
            // The connector has no type for it.
            resolving |= source.to_string().starts_with("dns error");
            deepest = source;
        }
        let why = excerpt(&deepest.to_string());
        let of_system = deepest.downcast_ref::<io::Error>().map(io::Error::kind);
        let is_connect = http_error.is_some_and(reqwest::Error::is_connect);
        match of_system {
            Some(io::ErrorKind::UnexpectedEof) => Self::Unreachable(why),
            _ if http_error.is_some_and(reqwest::Error::is_timeout) => match is_connect {
                true => Self::Unreachable(format!(
                    "no connection in time ({why}); is Nomad running, and does a firewall block it (nomad.addresses, NOMAD_ADDR)?"
                )),
                false => Self::TimedOut(allowed),
            },
            _ if parse || http_error.is_some_and(reqwest::Error::is_decode) => Self::Malformed {
                what: "HTTP answer",
                why,
            },
            _ if resolving => Self::Unreachable(format!(
                "its host name has no address ({why}); check the name in nomad.addresses (NOMAD_ADDR)"
            )),
            Some(kind) if is_connect => Self::Unreachable(format!("{why}; {}", advice(kind))),
            _ => Self::Unreachable(why),
        }
    }

    /// Adds what only who knows the address can say: what is no HTTP may be TLS.
    pub(super) fn seen_at(self, address: &NomadAddress) -> Self {
        match self {
            Self::Malformed {
                what: what @ "HTTP answer",
                why,
            } if !address.is_https() => Self::Malformed {
                what,
                why: format!("{why}; if the server expects TLS, {WRITE_HTTPS}"),
            },
            cause => cause,
        }
    }
}

/// What to do about a connection that the system refuses.
fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: is Nomad running, and is the address right (nomad.addresses, NOMAD_ADDR)?"
        }
        io::ErrorKind::NotFound => {
            "there is no such socket: the task API's is ${NOMAD_SECRETS_DIR}/api.sock (nomad.addresses, NOMAD_UNIX_ADDR)"
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not open it: run as the user that owns the socket, or use another address (nomad.addresses)"
        }
        _ => "is the address right (nomad.addresses, NOMAD_ADDR)?",
    }
}

/// A failure of TLS with the setting that is to be changed.
fn advised(failure: &TlsFailure) -> String {
    let advice = match failure {
        TlsFailure::NoTls => "write http:// in nomad.addresses (NOMAD_ADDR)",
        TlsFailure::Untrusted(_) => "name its CA in nomad.ca_file (NOMAD_CACERT)",
        TlsFailure::WrongName { .. } => {
            "set nomad.tls_server_name (NOMAD_TLS_SERVER_NAME) to a name in the certificate, such as server.global.nomad"
        }
        TlsFailure::Dates(_) => "renew it at Nomad, and check the clocks of both machines",
        TlsFailure::WantsCertificate => {
            "name one in nomad.client_certificate and nomad.client_key (NOMAD_CLIENT_CERT, NOMAD_CLIENT_KEY)"
        }
        TlsFailure::RefusesCertificate => {
            "use one that is not expired and of a CA that Nomad trusts, in nomad.client_certificate (NOMAD_CLIENT_CERT)"
        }
        TlsFailure::Other(_) => {
            "does the server speak TLS 1.2 or 1.3 (nomad.addresses, NOMAD_ADDR)?"
        }
    };
    format!("{}; {advice}", excerpt(&failure.to_string()))
}
