//! The address of a Nomad agent: `http://`, `https://` or `unix://`.
//!
//! Floor 1. Parses what the operator wrote and separates user and password, so that an address can be shown in logs
//! and errors. It opens no connection.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::token::BasicAuth;

/// One address of a Nomad agent; shows itself without user and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NomadAddress {
    place: AddressTarget,
    basic_auth: Option<BasicAuth>,
}

/// Why a text is not the address of a Nomad agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nomad address {value:?} {why}; expected http://HOST:PORT, https://HOST:PORT or unix:///PATH"
)]
pub struct AddressError {
    value: String,
    why: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AddressTarget {
    Tcp(Url),
    Unix { path: PathBuf, base: Url },
}

impl NomadAddress {
    /// Says whether TLS is spoken there.
    #[must_use]
    pub fn is_https(&self) -> bool {
        matches!(&self.place, AddressTarget::Tcp(url) if url.scheme() == "https")
    }

    /// Returns the URL that the API's paths are appended to; never with user and password.
    pub(super) fn base(&self) -> &Url {
        match &self.place {
            AddressTarget::Tcp(url) | AddressTarget::Unix { base: url, .. } => url,
        }
    }

    /// Returns the unix socket's path, if it is one.
    pub(super) fn socket(&self) -> Option<&Path> {
        match &self.place {
            AddressTarget::Tcp(_) => None,
            AddressTarget::Unix { path, .. } => Some(path),
        }
    }

    pub(super) fn basic_auth(&self) -> Option<&BasicAuth> {
        self.basic_auth.as_ref()
    }
}

impl FromStr for NomadAddress {
    type Err = AddressError;

    /// Parses an address as the operator wrote it.
    fn from_str(value: &str) -> Result<Self, AddressError> {
        if let Some(path) = value.strip_prefix("unix://") {
            return socket(path).map_err(|why| error(value, why));
        }
        let mut url = Url::parse(value)
            .map_err(|problem| error(value, format!("is not a URL ({problem})")))?;
        let (basic_auth, decoded) = match take_basic_auth(&mut url) {
            Ok(basic_auth) => (basic_auth, true),
            Err(_) => (None, false),
        };
        let why = if !decoded {
            "has a user or a password that is not UTF-8"
        } else if !matches!(url.scheme(), "http" | "https") {
            "has an unknown scheme"
        } else if url.query().is_some() || url.fragment().is_some() {
            "has a query or a fragment (a \"?\" or \"#\" of a password is written %3F, %23)"
        } else if url.path().contains('@') {
            // What stands before the "@" would be shown as a part of the path.
            "has an \"@\" in its path (a \"/\" of a password is written %2F)"
        } else {
            return Ok(Self {
                place: AddressTarget::Tcp(url),
                basic_auth,
            });
        };
        Err(error(value, why))
    }
}

impl fmt::Display for NomadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            AddressTarget::Tcp(url) => f.write_str(url.as_str().trim_end_matches('/')),
            AddressTarget::Unix { path, .. } => write!(f, "unix://{}", path.display()),
        }
    }
}

fn socket(path: &str) -> Result<NomadAddress, String> {
    if !path.starts_with('/') {
        return Err("has no absolute path".into());
    }
    // The host is never resolved: it only fills the Host header.
    let base = Url::parse("http://localhost").expect("a constant URL is valid");
    Ok(NomadAddress {
        place: AddressTarget::Unix {
            path: path.into(),
            base,
        },
        basic_auth: None,
    })
}

/// Takes user and password out of a URL, percent-decoded, as Go does before it sends them.
fn take_basic_auth(url: &mut Url) -> Result<Option<BasicAuth>, std::str::Utf8Error> {
    let decoded = |text| percent_decode_str(text).decode_utf8();
    let found = match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, password) => decoded(user).and_then(|user| {
            let password = decoded(password.unwrap_or_default())?;
            Ok(Some(BasicAuth::new(&user, &password)))
        }),
    };
    // Both fail only for URLs without a host, which cannot carry a user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    found
}

fn error(value: &str, why: impl Into<String>) -> AddressError {
    AddressError {
        value: without_user(value),
        why: why.into(),
    }
}

/// Hides the user and the password of a URL, or of what was to be one: all between its scheme and its last `@`;
/// and what follows a `?` or `#`, where tokens are written too.
#[must_use]
pub fn without_user(text: &str) -> String {
    let (text, rest) = match text.split_once(['?', '#']) {
        Some((text, rest)) if !rest.contains('@') => (text, "?***"),
        _ => (text, ""),
    };
    // Somebody may have encoded the separator too.
    let ends = [
        text.rfind('@').map(|at| at + 1),
        text.rfind("%40").map(|at| at + 3),
    ];
    let Some(end) = ends.into_iter().flatten().max() else {
        return without_word_as_port(text) + rest;
    };
    let scheme = text
        .find("://")
        .map(|at| at + 3)
        .filter(|begin| *begin < end);
    format!("{}***@{}{rest}", &text[..scheme.unwrap_or(0)], &text[end..])
}

/// Hides what stands where a port belongs and is no number: the beginning of `USER:PASSWORD@HOST`, perhaps.
fn without_word_as_port(text: &str) -> String {
    let begin = text.find("://").map_or(0, |at| at + 3);
    let end = text[begin..].find('/').map_or(text.len(), |at| begin + at);
    match text[begin..end].rsplit_once(':') {
        Some((host, port))
            if !port.ends_with(']') && !port.bytes().all(|it| it.is_ascii_digit()) =>
        {
            format!("{}{host}:***{}", &text[..begin], &text[end..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_https_and_unix_addresses_are_printed_as_written() {
        for text in [
            "http://127.0.0.1:4646",
            "https://nomad.example:4646",
            "unix:///secrets/api.sock",
        ] {
            assert_eq!(text.parse::<NomadAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn user_and_password_never_show() {
        let address: NomadAddress = "http://user:hidden@nomad.example:4646".parse().unwrap();
        assert!(!format!("{address} {address:?}").contains("hidden"));
        assert!(address.basic_auth().is_some());
        for bad in [
            "ftp://user:hidden@host",
            "http://user:hidden@host:port",
            "http://user:hidden@host:99999",
            "http://u:hidden@h/?a=b",
            "http://u:12/hidden@h",
            "http://u:12?hidden@h",
            "http://u:12#hidden@h",
            "http://u:hidden%40h:99999",
            "http:/u:hidden@h:x",
            "u:hidden@h:4646",
            "unix://u:hidden@h",
            "http://u:hidden",
            "http://host:4646/v1/?token=hidden",
            "http://host:4646/#hidden",
            "http://u:hidden/",
        ] {
            let error = bad.parse::<NomadAddress>().unwrap_err().to_string();
            assert!(!error.contains("hidden"), "{bad}: {error}");
        }
        assert_eq!(without_user("https://u:p@host/a"), "https://***@host/a");
        for shown in [
            "http://host:99999",
            "http://[fd00::5]",
            "http://[fd00::5]:4646/a:b",
            "unix:///a:b",
        ] {
            assert_eq!(without_user(shown), shown);
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let address: NomadAddress = "http://us%40er:%20p%40ss%3Aw%2Frd@nomad.example"
            .parse()
            .unwrap();
        let expected = BasicAuth::new("us@er", " p@ss:w/rd");
        assert_eq!(address.basic_auth(), Some(&expected));
        let error = "http://u:hidden%ff@host"
            .parse::<NomadAddress>()
            .unwrap_err();
        assert!(!error.to_string().contains("hidden"), "{error}");
    }

    #[test]
    fn anything_else_is_refused_with_what_would_be_right() {
        for bad in [
            "",
            "127.0.0.1:4646",
            "unix://relative",
            "ftp://host",
            "http://",
        ] {
            let error = bad.parse::<NomadAddress>().unwrap_err().to_string();
            assert!(error.contains("expected http://"), "{error}");
        }
    }
}
