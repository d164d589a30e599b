//! Checks the name that clients find the encrypted listeners by (RFC 9462).

use super::Checker;
use crate::config::{ConfigError, File};
use crate::dns::Name;

impl Checker<'_> {
    /// The name; none when it is not told.
    pub(super) fn designated_resolver(&self, file: &File) -> Result<Option<Name>, ConfigError> {
        let text = file.designated_resolver.trim_end_matches('.');
        if file.designated_resolver.is_empty() {
            return Ok(None);
        }
        let wrong = |problem: String| self.source.error("designated_resolver", problem);
        // RFC 9461 §5: it is the name that clients look for in the certificate, so an address is none.
        let name = text.parse::<Name>().ok();
        let is_host = text.contains(|letter: char| letter.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
        let Some(name) = name.filter(|_| is_host) else {
            return Err(wrong(format!(
                "{text:?} is no host name, such as \"dns.example.com\""
            )));
        };
        if file.listen.tls.is_empty() && file.listen.https.is_empty() {
            return Err(wrong("wants listen.tls or listen.https".into()));
        }
        Ok(Some(name))
    }
}
