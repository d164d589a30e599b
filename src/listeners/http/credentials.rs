//! The accepted credentials: bearer tokens (RFC 6750) and users with passwords (RFC 7617).
//!
//! Takes the text of a file that the caller has read, one credential a line. A list can be replaced while requests
//! run. Nothing here prints a credential, and comparing takes the same time for all credentials of a length.

use arc_swap::ArcSwap;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderValue;
use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// The base64 of `Basic`, with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// By a token (RFC 6750).
    Bearer,
    /// By a user and a password (RFC 7617).
    Basic,
}

/// The credentials of one scheme that are known.
#[derive(Debug)]
pub struct Credentials {
    scheme: Scheme,
    known: ArcSwap<Vec<Secret>>,
}

/// Why a text is no list of credentials. It names the line and shows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// There is none in it, which would let nobody in.
    #[error("has no line with {0}")]
    Empty(&'static str),
    /// A line that no client could send.
    #[error("line {0} is not {1}")]
    Line(usize, &'static str),
}

/// What a request says of who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// What is known.
    Known,
    /// Something that is not known.
    Unknown,
    /// Nothing by this scheme.
    Absent,
}

impl Credentials {
    /// Reads a list: one credential a line, `#` before a comment.
    ///
    /// # Errors
    /// A line that is none, or no line at all.
    pub fn parse(scheme: Scheme, text: &Secret) -> Result<Self, CredentialsError> {
        let known = ArcSwap::from_pointee(read(scheme, text)?);
        Ok(Self { scheme, known })
    }

    /// Takes another list in the place of this one.
    ///
    /// # Errors
    /// As `parse`; the old list stays then.
    pub fn replace(&self, text: &Secret) -> Result<(), CredentialsError> {
        self.known.store(read(self.scheme, text)?.into());
        Ok(())
    }

    /// Looks at the value of `Authorization`.
    pub(super) fn claim(&self, authorization: &HeaderValue) -> Claim {
        let value = authorization.as_bytes();
        let end = value.iter().position(|octet| *octet == b' ');
        let (scheme, given) = value.split_at(end.unwrap_or(value.len()));
        if !scheme.eq_ignore_ascii_case(self.scheme.name().as_bytes()) {
            return Claim::Absent;
        }
        let given = given.trim_ascii();
        let is_known = match self.scheme {
            Scheme::Bearer => self.knows(given),
            Scheme::Basic => BASE64.decode(given).is_ok_and(|given| self.knows(&given)),
        };
        if is_known {
            Claim::Known
        } else {
            Claim::Unknown
        }
    }

    /// What a client without credentials is asked for (RFC 9110 §11.6.1).
    pub(super) fn challenge(&self, claim: Claim) -> HeaderValue {
        HeaderValue::from_static(match (self.scheme, claim) {
            (Scheme::Basic, _) => "Basic realm=\"nomadns\", charset=\"UTF-8\"",
            // RFC 6750 §3.1: only to whoever has sent a token.
            (Scheme::Bearer, Claim::Unknown) => "Bearer realm=\"nomadns\", error=\"invalid_token\"",
            (Scheme::Bearer, _) => "Bearer realm=\"nomadns\"",
        })
    }

    /// Compares with all, so that it takes the same time wherever in the list one is.
    fn knows(&self, given: &[u8]) -> bool {
        let known = self.known.load();
        let same = known
            .iter()
            .map(|known| known.expose().as_bytes().ct_eq(given));
        same.fold(0.into(), |any: subtle::Choice, same| any | same)
            .into()
    }
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Basic => "Basic",
        }
    }

    /// What a line has to be, in words.
    const fn form(self) -> &'static str {
        match self {
            Self::Bearer => "a token: letters, digits and \"-._~+/\", \"=\" at its end only",
            Self::Basic => "USER:PASSWORD",
        }
    }

    fn is_one(self, line: &str) -> bool {
        match self {
            Self::Bearer => {
                let token = line.trim_end_matches('=');
                let is_taken =
                    |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet);
                !token.is_empty() && token.bytes().all(is_taken)
            }
            // RFC 7617 §2: no control characters; a colon ends the user.
            Self::Basic => {
                let both = line.split_once(':');
                let full =
                    both.is_some_and(|(user, password)| !user.is_empty() && !password.is_empty());
                full && !line.chars().any(char::is_control)
            }
        }
    }
}

fn read(scheme: Scheme, text: &Secret) -> Result<Vec<Secret>, CredentialsError> {
    let mut credentials = Vec::new();
    for (number, line) in (1..).zip(text.expose().lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !scheme.is_one(line) {
            return Err(CredentialsError::Line(number, scheme.form()));
        }
        credentials.push(Secret::new(line));
    }
    if credentials.is_empty() {
        return Err(CredentialsError::Empty(scheme.form()));
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(scheme: Scheme, text: &str) -> Result<Credentials, CredentialsError> {
        Credentials::parse(scheme, &Secret::new(text))
    }

    fn claim(credentials: &Credentials, value: &str) -> Claim {
        credentials.claim(&HeaderValue::from_str(value).unwrap())
    }

    #[test]
    fn a_token_is_taken_as_a_whole_and_the_scheme_in_any_letter_case() {
        let tokens = credentials(Scheme::Bearer, "# ours\n\nabc\n  d-._~+/e==  # \n");
        assert!(matches!(tokens, Err(CredentialsError::Line(4, _))));
        let tokens = credentials(Scheme::Bearer, "# ours\n\nabc\r\n  d-._~+/e==  \n").unwrap();
        for value in ["Bearer abc", "bearer  abc ", "BEARER d-._~+/e=="] {
            assert_eq!(claim(&tokens, value), Claim::Known, "{value}");
        }
        for value in [
            "Bearer",
            "Bearer ab",
            "Bearer abcd",
            "Bearer ABC",
            "Bearer # ours",
        ] {
            assert_eq!(claim(&tokens, value), Claim::Unknown, "{value}");
        }
        for value in ["", "abc", "Basic abc", "Bearerabc"] {
            assert_eq!(claim(&tokens, value), Claim::Absent, "{value}");
        }
    }

    #[test]
    fn a_user_goes_with_its_own_password() {
        let users = credentials(Scheme::Basic, "alice:a:b c\nbób:pä\n").unwrap();
        let basic = |text: &str| claim(&users, &format!("Basic {}", BASE64.encode(text)));
        for right in ["alice:a:b c", "bób:pä"] {
            assert_eq!(basic(right), Claim::Known, "{right}");
        }
        for wrong in [
            "alice:pä",
            "bób:a:b c",
            "alice:",
            "alice",
            "",
            "alice:a:b c\n",
        ] {
            assert_eq!(basic(wrong), Claim::Unknown, "{wrong}");
        }
        let unpadded = BASE64.encode("alice:a:b c");
        let unpadded = unpadded.trim_end_matches('=');
        assert_eq!(claim(&users, &format!("Basic {unpadded}")), Claim::Known);
        assert_eq!(claim(&users, "Basic !"), Claim::Unknown);
    }

    #[test]
    fn credentials_that_admit_nobody_are_an_error_that_shows_no_secret() {
        for (scheme, text) in [
            (Scheme::Bearer, ""),
            (Scheme::Bearer, "# none"),
            (Scheme::Bearer, "hidden word"),
            (Scheme::Bearer, "hidden:word"),
            (Scheme::Bearer, "=="),
            (Scheme::Basic, "hidden"),
            (Scheme::Basic, ":hidden"),
            (Scheme::Basic, "hidden:"),
        ] {
            let error = credentials(scheme, text).unwrap_err().to_string();
            assert!(!error.contains("hidden"), "{error}");
        }
        let tokens = credentials(Scheme::Bearer, "abc").unwrap();
        assert!(tokens.replace(&Secret::new("a b")).is_err());
        assert_eq!(claim(&tokens, "Bearer abc"), Claim::Known);
        tokens.replace(&Secret::new("other")).unwrap();
        assert_eq!(claim(&tokens, "Bearer abc"), Claim::Unknown);
        assert!(!format!("{tokens:?}").contains("other"));
    }
}
