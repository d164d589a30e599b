//! Why a request to Nomad failed: one typed cause for every status and body that Nomad is known to send.
//!
//! Floor 1. Texts from the network are escaped and shortened before they are kept. No secret can get here, because
//! tokens and passwords are sent in headers only.

use std::time::Duration;

use reqwest::StatusCode;

/// What to do about an address that speaks TLS.
pub(super) const WRITE_HTTPS: &str = "write https:// in nomad.addresses (NOMAD_ADDR)";

/// The part of a text from the network that is kept, in characters.
const EXCERPT_CHARS: usize = 200;

/// A question that Nomad did not answer: where it was asked, and why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nomad at {url}: {cause}")]
pub struct NomadError {
    /// The address and path that were asked; without user, password or token.
    pub url: String,
    /// Why there is no answer.
    pub cause: Cause,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The token is known, but may not do this (403, or 500 with that text).
    #[error("permission denied: the token lacks the capability read-job (docs/access.md)")]
    PermissionDenied,
    /// Nomad does not know the token.
    #[error(
        "token not known to Nomad; write a valid one into nomad.token_file, nomad.token or NOMAD_TOKEN"
    )]
    TokenUnknown,
    /// The token's time is over.
    #[error("token expired; write a new one into nomad.token_file, nomad.token or NOMAD_TOKEN")]
    TokenExpired,
    /// The token's source has none.
    #[error("no token: {0}")]
    NoToken(String),
    /// The task API or a proxy wants a token or a password (401).
    #[error(
        "unauthorized: a token (nomad.token_file, NOMAD_TOKEN) or, for a proxy, a password (nomad.http_auth, NOMAD_HTTP_AUTH) is needed"
    )]
    Unauthorized,
    /// The cluster has no leader now.
    #[error("no cluster leader")]
    NoLeader,
    /// The region of the settings is not known.
    #[error("no path to region; Nomad knows no region of that name (nomad.region, NOMAD_REGION)")]
    NoPathToRegion,
    /// Nomad cannot read the filter expression; with Nomad's own words.
    #[error("filter not understood (nomad.filter): {0}")]
    BadFilter(String),
    /// Too many connections or requests (429).
    #[error(
        "too many requests for Nomad (its http_max_conns_per_client), or for a proxy before it"
    )]
    RateLimited {
        /// How long Nomad asks to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// Nothing is known by that id (404).
    #[error("not found: {0}")]
    NotFound(String),
    /// No connection, or one that broke.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No whole answer within the time allowed.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The server that answered has not heard from its leader for too long.
    #[error(
        "the server heard from its leader {ms} ms ago, more than {most_ms} ms (nomad.last_contact_ms)"
    )]
    LastContact {
        /// How long ago, in milliseconds.
        ms: u64,
        /// How long ago at most it may be.
        most_ms: u64,
    },
    /// The server that answered is behind what is known already.
    #[error("the server is behind: its index is {index}, but {min_index} was seen already")]
    Behind {
        /// The answer's index.
        index: u64,
        /// The index that it should have had at least.
        min_index: u64,
    },
    /// The answer is not what Nomad sends.
    #[error("malformed {what}: {why}")]
    Malformed {
        /// Which part of the answer.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The answer is bigger than the limit.
    #[error("{what} larger than {limit_bytes} bytes")]
    TooLarge {
        /// Which part of the answer.
        what: &'static str,
        /// The limit it went over.
        limit_bytes: usize,
    },
    /// Any other status.
    #[error("status {status}: {excerpt}")]
    Other {
        /// The HTTP status.
        status: u16,
        /// The beginning of the body, escaped.
        excerpt: String,
    },
}

impl Cause {
    /// Every value of [`Self::kind`], for a metric that shows them all from the start.
    pub const KINDS: [&'static str; 17] = [
        "permission_denied",
        "token_unknown",
        "token_expired",
        "no_token",
        "unauthorized",
        "no_leader",
        "no_path_to_region",
        "bad_filter",
        "rate_limited",
        "not_found",
        "unreachable",
        "timed_out",
        "malformed",
        "too_large",
        "other",
        "last_contact",
        "behind",
    ];

    /// Returns the cause's place in [`Self::KINDS`].
    #[must_use]
    pub fn kind(&self) -> usize {
        match self {
            Self::PermissionDenied => 0,
            Self::TokenUnknown => 1,
            Self::TokenExpired => 2,
            Self::NoToken(_) => 3,
            Self::Unauthorized => 4,
            Self::NoLeader => 5,
            Self::NoPathToRegion => 6,
            Self::BadFilter(_) => 7,
            Self::RateLimited { .. } => 8,
            Self::NotFound(_) => 9,
            Self::Unreachable(_) => 10,
            Self::TimedOut(_) => 11,
            Self::Malformed { .. } => 12,
            Self::TooLarge { .. } => 13,
            Self::Other { .. } => 14,
            Self::LastContact { .. } => 15,
            Self::Behind { .. } => 16,
        }
    }

    /// Says whether the token, and not the server, is the reason.
    #[must_use]
    pub fn is_authorization(&self) -> bool {
        self.kind() <= 4
    }

    /// Says whether the server, or the way to it, is the reason, so that another address may know the answer.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Other { status, .. } => *status >= 500,
            cause => cause.is_transport(),
        }
    }

    /// Says whether the way to Nomad is broken, so that no question would be answered there: the server is away, silent,
    /// cut off from its leader, or behind. A bad answer to one question (any other status, a 500 among them; one that is
    /// malformed or too large) says nothing about the next.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        matches!(
            self,
            Self::NoLeader
                | Self::Unreachable(_)
                | Self::TimedOut(_)
                | Self::LastContact { .. }
                | Self::Behind { .. }
        )
    }

    /// Reads the cause from a status that is not 200, with its body's beginning.
    pub(super) fn of_answer(
        status: StatusCode,
        body: &[u8],
        retry_after: Option<Duration>,
    ) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        match status.as_u16() {
            401 => Self::Unauthorized,
            // What Go's server says, in clear text.
            400 if text.ends_with("HTTP request to an HTTPS server.") => {
                Self::Unreachable(format!("the server expects TLS; {WRITE_HTTPS}"))
            }
            // Nomad maps only some texts to 403, so the text decides for both.
            403 | 500 if text.ends_with("ACL token not found") => Self::TokenUnknown,
            403 | 500 if text.ends_with("ACL token expired") => Self::TokenExpired,
            500 if text.ends_with("Permission denied") => Self::PermissionDenied,
            403 => Self::PermissionDenied,
            500 if text.ends_with("No cluster leader") => Self::NoLeader,
            500 if text.ends_with("No path to region") => Self::NoPathToRegion,
            400 if text.contains("filter expression") || text.contains("value in datum") => {
                Self::BadFilter(excerpt(text))
            }
            404 => Self::NotFound(excerpt(text)),
            429 => Self::RateLimited { retry_after },
            status => Self::Other {
                status,
                excerpt: excerpt(text),
            },
        }
    }
}

/// Cuts and escapes a text from the network, so that it may be logged.
pub(super) fn excerpt(text: &str) -> String {
    let mut cut: String = text
        .chars()
        .take(EXCERPT_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(EXCERPT_CHARS).is_some() {
        cut.push_str("...");
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(status: u16, body: &str) -> Cause {
        Cause::of_answer(StatusCode::from_u16(status).unwrap(), body.as_bytes(), None)
    }

    #[test]
    fn the_text_of_a_500_says_what_it_means() {
        assert_eq!(cause(500, "No cluster leader"), Cause::NoLeader);
        assert_eq!(cause(500, "rpc error: No cluster leader"), Cause::NoLeader);
        assert_eq!(cause(500, "No path to region"), Cause::NoPathToRegion);
        assert_eq!(cause(500, "Permission denied"), Cause::PermissionDenied);
        assert_eq!(cause(500, "ACL token expired\n"), Cause::TokenExpired);
        assert_eq!(cause(403, "ACL token not found"), Cause::TokenUnknown);
        assert_eq!(cause(403, "Forbidden"), Cause::PermissionDenied);
        assert!(cause(502, "<html>").is_outage() && !cause(502, "<html>").is_transport());
        assert!(cause(500, "No cluster leader").is_transport());
    }

    #[test]
    fn a_hostile_body_is_escaped_and_cut() {
        let shown = cause(418, &format!("\u{1b}[31m\n{}", "x".repeat(5000))).to_string();
        assert!(
            shown.starts_with(r"status 418: \u{1b}[31m\n") && shown.len() < 300,
            "{shown}"
        );
    }

    #[test]
    fn every_kind_has_its_own_name() {
        let names: std::collections::HashSet<_> = Cause::KINDS.iter().collect();
        assert_eq!(names.len(), Cause::KINDS.len());
        assert_eq!(Cause::KINDS[cause(418, "").kind()], "other");
    }
}
