//! What can be wrong with a signature, with the codes that say so (RFC 8945 §3 and §5.2).

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TsigError {
    /// There is none.
    #[error("the message is not signed")]
    Missing,
    /// The record is cut short, not the last, or there are two; or its signature has an impossible length.
    #[error("the TSIG record is malformed or not the last record")]
    Malformed,
    /// No key has this name and this algorithm.
    #[error("no key has the name and the algorithm of the signature (BADKEY)")]
    BadKey,
    /// The signature is another one than the key makes of the message.
    #[error(
        "the signature does not match: the secrets differ, or the message was changed (BADSIG)"
    )]
    BadSig,
    /// The message was signed too long ago, or will be.
    #[error("the message was signed at another time: the clocks differ too much (BADTIME)")]
    BadTime,
    /// The signature is shorter than its algorithm makes it.
    #[error("the signature is cut short (BADTRUNC)")]
    BadTrunc,
    /// The server has no key of this name and algorithm.
    #[error("the server does not know the key (BADKEY)")]
    ServerBadKey,
    /// The server makes another signature of what was sent.
    #[error("the server has another secret for the key (BADSIG)")]
    ServerBadSig,
    /// The server's clock is another.
    #[error("the server's clock differs too much: it says {server_seconds} s since 1970 (BADTIME)")]
    ServerBadTime {
        /// The server's time, in seconds since 1970; 0 when it says none.
        server_seconds: u64,
    },
    /// The server says something else against the signature.
    #[error("the server refuses the signature with the error {0}")]
    ServerOther(u16),
}

impl TsigError {
    /// What a query's signature can have, with the words of metrics.
    pub const OF_QUERIES: [(Self, &str); 5] = [
        (Self::BadKey, "badkey"),
        (Self::BadSig, "badsig"),
        (Self::BadTime, "badtime"),
        (Self::BadTrunc, "badtrunc"),
        (Self::Malformed, "formerr"),
    ];

    /// The code in the TSIG record of the answer (RFC 8945 §3); none where the answer has no such record.
    pub(super) const fn code(self) -> Option<u16> {
        match self {
            Self::BadSig => Some(16),
            Self::BadKey => Some(17),
            Self::BadTime => Some(18),
            Self::BadTrunc => Some(22),
            _ => None,
        }
    }

    /// What a server means by a code that is not 0.
    pub(super) fn of_server(code: u16, other: &[u8]) -> Self {
        match code {
            16 => Self::ServerBadSig,
            17 => Self::ServerBadKey,
            18 => {
                let octets = other.iter().take(6);
                let server_seconds = octets.fold(0, |sum, octet| sum << 8 | u64::from(*octet));
                Self::ServerBadTime { server_seconds }
            }
            _ => Self::ServerOther(code),
        }
    }
}
