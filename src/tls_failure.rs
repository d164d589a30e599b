//! Why a TLS connection to a server failed, in words that help an operator.
//!
//! Floor 0, used by every client; each names its own settings. Data from the server is shortened and escaped, and
//! times are shown as dates. It does no TLS itself.

use std::error::Error as StdError;
use std::fmt;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most names of a certificate that are told.
const NAMES: usize = 4;
/// The most characters of a name that are told.
const NAME_CHARS: usize = 80;

/// Why TLS did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFailure {
    /// The server speaks something else there, such as plain HTTP.
    NoTls,
    /// No CA that is trusted has signed the certificate; with the word of who verified it.
    Untrusted(&'static str),
    /// The certificate is for other names.
    WrongName {
        /// The name that was looked for.
        wanted: String,
        /// The names that it is for.
        has: String,
    },
    /// The certificate is not valid any more, or not yet.
    Dates(String),
    /// The server wants a certificate of its client.
    WantsCertificate,
    /// The server does not take the one that it was shown.
    RefusesCertificate,
    /// Anything else.
    Other(String),
}

impl TlsFailure {
    /// Finds the failure of TLS that is behind an error; none when it is about something else.
    #[must_use]
    pub fn behind(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(failure) = error.downcast_ref::<Error>() {
                return Some(Self::of(failure));
            }
            // What an error of the system wraps is not its source, but what that one wraps is.
            let wrapped = error.downcast_ref::<std::io::Error>();
            next = match wrapped.and_then(std::io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }

    /// Reads what rustls says.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error {
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NoTls,
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            Error::AlertReceived(AlertDescription::CertificateRequired) => Self::WantsCertificate,
            Error::AlertReceived(
                AlertDescription::BadCertificate
                | AlertDescription::UnknownCA
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked,
            ) => Self::RefusesCertificate,
            other => Self::Other(other.to_string()),
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::Untrusted("UnknownIssuer"),
            // A CA of that name is trusted, but it is another one: it was made anew, perhaps.
            CertificateError::BadSignature => Self::Untrusted("BadSignature"),
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => Self::WrongName {
                wanted: expected.to_str().into_owned(),
                has: names(presented),
            },
            CertificateError::ExpiredContext { not_after, .. } => {
                Self::Dates(format!("expired at {}", unix_date(not_after.as_secs())))
            }
            CertificateError::NotValidYetContext { time, not_before } => Self::Dates(format!(
                "is not valid before {}, and this machine's clock says {}",
                unix_date(not_before.as_secs()),
                unix_date(time.as_secs())
            )),
            // A certificate that has signed itself, and says that it is a CA.
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                Self::Untrusted("CaUsedAsEndEntity")
            }
            other => Self::Other(Error::InvalidCertificate(other.clone()).to_string()),
        }
    }
}

/// What went wrong, without what to do about it.
impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTls => f.write_str("the server does not speak TLS"),
            Self::Untrusted(word) => {
                write!(f, "its certificate is not signed by a trusted CA ({word})")
            }
            Self::WrongName { wanted, has } => {
                write!(f, "its certificate is not for {wanted} but for {has}")
            }
            Self::Dates(words) => write!(f, "its certificate {words}"),
            Self::WantsCertificate => f.write_str("it requires a client certificate"),
            Self::RefusesCertificate => f.write_str("it rejects our client certificate"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// Writes a moment as RFC 3339 has it, in whole seconds.
#[must_use]
pub fn date(moment: OffsetDateTime) -> String {
    let whole = moment.replace_nanosecond(0).unwrap_or(moment);
    // It fails for years that no certificate can have.
    whole
        .format(&Rfc3339)
        .unwrap_or_else(|_| moment.unix_timestamp().to_string())
}

fn unix_date(seconds: u64) -> String {
    let moment = i64::try_from(seconds)
        .ok()
        .and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    moment.map_or_else(|| seconds.to_string(), date)
}

/// The names of a certificate, as the other side has written them.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no name at all".into();
    }
    let name = |name: &String| {
        // Such as `DnsName("server.global.nomad")`.
        let inner = name
            .split_once('(')
            .map_or(&**name, |(_, rest)| rest.trim_end_matches(')'));
        let cut = inner.trim_matches('"').chars().take(NAME_CHARS);
        cut.flat_map(char::escape_debug).collect::<String>()
    };
    let mut text = presented
        .iter()
        .take(NAMES)
        .map(name)
        .collect::<Vec<_>>()
        .join(", ");
    if presented.len() > NAMES {
        text += " and others";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_times_are_printed_as_dates() {
        assert_eq!(unix_date(1_795_662_000), "2026-11-26T03:00:00Z");
        let error = CertificateError::ExpiredContext {
            time: rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(9)),
            not_after: rustls_pki_types::UnixTime::since_unix_epoch(
                std::time::Duration::from_secs(1),
            ),
        };
        let text = TlsFailure::of(&Error::InvalidCertificate(error)).to_string();
        assert_eq!(text, "its certificate expired at 1970-01-01T00:00:01Z");
    }

    #[test]
    fn it_is_found_behind_errors_of_the_system() {
        let inner = Error::InvalidMessage(InvalidMessage::InvalidContentType);
        let outer = std::io::Error::other(std::io::Error::other(inner));
        assert_eq!(TlsFailure::behind(&outer), Some(TlsFailure::NoTls));
        assert_eq!(TlsFailure::behind(&std::io::Error::other("else")), None);
    }

    #[test]
    fn names_of_a_stranger_are_escaped_and_few() {
        let text = names(&[
            "DnsName(\"a\u{1b}\")".to_owned(),
            "IpAddress(10.0.0.1)".into(),
        ]);
        assert_eq!(text, "a\\u{1b}, 10.0.0.1");
        assert!(names(&vec!["x".to_owned(); 9]).ends_with("and others"));
    }
}
