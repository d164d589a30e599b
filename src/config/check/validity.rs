//! Whether certificates are valid now, by their dates.
//!
//! An expired one is a warning, not an error: the other side decides by its own clock.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::tls_failure::date;

/// Which certificates of a file have to be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// The first, which is the holder's own.
    First,
    /// Any: of several CAs the old one may stay for a while.
    Best,
}

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Validity {
    from: OffsetDateTime,
    to: OffsetDateTime,
}

/// Says that certificates in PEM are not valid now; nothing when they are, or cannot be read.
pub(super) fn judge(pem: &[u8], judged: Judged, now: SystemTime) -> Option<String> {
    let now = OffsetDateTime::from(now);
    let certificates = CertificateDer::pem_slice_iter(pem).map_while(Result::ok);
    let validities: Vec<Validity> = certificates.filter_map(|it| Validity::of(&it)).collect();
    let problem = validities.first()?.problem(now)?;
    match judged {
        Judged::Best if validities.iter().any(|it| it.problem(now).is_none()) => None,
        _ => Some(problem),
    }
}

impl Validity {
    fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        let validity = read.validity();
        Some(Self {
            from: validity.not_before.to_datetime(),
            to: validity.not_after.to_datetime(),
        })
    }

    fn problem(self, now: OffsetDateTime) -> Option<String> {
        if now > self.to {
            Some(format!(
                "the certificate expired at {}; replace it",
                date(self.to)
            ))
        } else if now < self.from {
            Some(format!(
                "the certificate is not valid before {}; is this machine's clock right ({})?",
                date(self.from),
                date(now)
            ))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pem(from: i64, to: i64) -> String {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = OffsetDateTime::from_unix_timestamp(from).unwrap();
        params.not_after = OffsetDateTime::from_unix_timestamp(to).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn what_is_not_valid_now_is_told_with_its_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_662_000);
        let judge = |pem: &str, judged| judge(pem.as_bytes(), judged, now);
        let (old, good) = (pem(0, 1_795_661_999), pem(0, 1_795_662_001));
        let problem = judge(&old, Judged::First).unwrap();
        assert!(
            problem.contains("expired at 2026-11-26T02:59:59Z"),
            "{problem}"
        );
        let problem = judge(&pem(1_795_662_001, 1_895_662_001), Judged::First).unwrap();
        assert!(problem.contains("before 2026-11-26T03:00:01Z"), "{problem}");
        assert_eq!(judge(&good, Judged::First), None);
        assert_eq!(judge(&format!("{old}{good}"), Judged::Best), None);
        assert!(judge(&format!("{old}{good}"), Judged::First).is_some());
        assert_eq!(judge("no pem", Judged::First), None);
    }
}
