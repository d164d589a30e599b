//! Parses the query string of `/dns-query`.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use super::problem::Problem;
use crate::dns::wire::QUERY_OCTETS;

/// The most characters that a query can have in base64url, padded.
const ENCODED_CHARACTERS: usize = QUERY_OCTETS.div_ceil(3) * 4;

/// What is asked.
#[derive(Debug)]
pub(super) enum DohParameter {
    /// The message in `dns=`.
    Message(Vec<u8>),
    /// A name in `name=`, for the JSON form.
    Name,
}

impl DohParameter {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 for none or more than one `dns`, or one that is no base64url; 414 for one that is too long.
    pub(super) fn read(query: &str) -> Result<Self, Problem> {
        let (mut message, mut named) = (None, false);
        for (key, value) in pairs(query) {
            if key == "dns" && message.replace(value).is_some() {
                return Err(Problem::bad_request(
                    "the parameter dns is there more than once",
                ));
            }
            named |= key == "name";
        }
        match message {
            Some(message) => decode(&message).map(Self::Message),
            None if named => Ok(Self::Name),
            None => Err(Problem::bad_request(
                "the parameter dns is missing: a query in base64url (RFC 8484 §4.1)",
            )),
        }
    }
}

/// The parameters with their values; only what is escaped is copied.
fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (unescaped(key), unescaped(value))
    })
}

fn unescaped(part: &str) -> Cow<'_, str> {
    if !part.contains('%') && !part.contains('+') {
        return Cow::Borrowed(part);
    }
    // All of it is the value of a pair without a key.
    let pair = format!("={part}");
    let value = form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned());
    Cow::Owned(value.unwrap_or_default())
}

fn decode(message: &str) -> Result<Vec<u8>, Problem> {
    if message.is_empty() {
        return Err(Problem::bad_request("the parameter dns is empty"));
    }
    if message.len() > ENCODED_CHARACTERS {
        return Err(too_long());
    }
    // RFC 8484 §6 has no padding, clients have.
    let unpadded = ["==", "="]
        .into_iter()
        .find_map(|padding| message.strip_suffix(padding));
    let decoded = URL_SAFE_NO_PAD
        .decode(unpadded.unwrap_or(message))
        .map_err(|error| {
            Problem::bad_request(format!(
                "the parameter dns is not base64url (RFC 4648 §5): {error}"
            ))
        })?;
    if decoded.len() > QUERY_OCTETS {
        Err(too_long())
    } else {
        Ok(decoded)
    }
}

fn too_long() -> Problem {
    let detail = format!("a query has at most {QUERY_OCTETS} octets");
    Problem::new(StatusCode::URI_TOO_LONG, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(query: &str) -> Option<Vec<u8>> {
        match DohParameter::read(query) {
            Ok(DohParameter::Message(message)) => Some(message),
            _ => None,
        }
    }

    #[test]
    fn padding_is_taken_and_the_other_alphabet_is_not() {
        for query in [
            "dns=AAE",
            "dns=AAE=",
            "dns=AAE==",
            "dns=AAE%3D",
            "dns=AA%45==",
            "%64ns=AAE",
            "x=1&dns=AAE&y",
            "&dns=AAE",
        ] {
            assert_eq!(message(query), Some(vec![0, 1]), "{query}");
        }
        assert_eq!(message("dns=-_-_"), Some(vec![0xfb, 0xff, 0xbf]));
        for query in [
            "dns=%2B%2F%2B%2F",
            "dns=+/+/",
            "dns=AAE===",
            "dns=A",
            "dns= AAE",
            "dns=A%00A",
        ] {
            assert_eq!(message(query), None, "{query}");
        }
    }

    #[test]
    fn dns_is_there_once_and_before_name() {
        for query in [
            "",
            "dns=",
            "dns",
            "DNS=AAE",
            "Name=a",
            "dns=AAE&dns=AAE",
            "names=a",
        ] {
            assert!(DohParameter::read(query).is_err(), "{query}");
        }
        assert_eq!(message("name=a&dns=AAE"), Some(vec![0, 1]));
        assert!(matches!(
            DohParameter::read("type=A&name=a"),
            Ok(DohParameter::Name)
        ));
    }
}
