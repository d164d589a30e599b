//! A text that is never shown: tokens, passwords and private keys.
//!
//! Floor 0. The configuration wraps what it reads, and only what sends or checks a secret takes it out again. The secret
//! leaves memory with its last clone.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

/// A text that is never shown: its `Debug` is redacted and it has no `Display`. A clone shares it.
#[derive(Clone)]
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// Wraps a secret; white space around it is no part of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::exactly(text.trim())
    }

    /// Wraps a secret as it is, with the white space around it.
    #[must_use]
    pub fn exactly(text: &str) -> Self {
        Self(Arc::new(text.into()))
    }

    /// Makes the value of the header that carries a token.
    ///
    /// # Errors
    /// Why none can: it is empty, or has a line break or another character inside that no header carries.
    pub fn header(&self) -> Result<HeaderValue, String> {
        let text = self.expose();
        if text.is_empty() {
            return Err("it is empty".into());
        }
        if text.contains(['\n', '\r']) {
            return Err("it has a line break inside; a token is one line".into());
        }
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| "it has a character that is not allowed in a header".to_owned())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Returns the secret itself, for the header that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Secret::new("hidden")), "[secret]");
    }
}
