//! The token for requests to Nomad, and where it comes from.
//!
//! Floor 1. A token from a file is re-read after a while, and at once when Nomad rejects it. A closure from the
//! configuration reads the file. It never prints a secret.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::secret::Secret;

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicAuth {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl BasicAuth {
    /// Makes one from its two parts.
    #[must_use]
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.into(),
            password: Secret::exactly(password),
        }
    }

    /// Parses `USER:PASSWORD`, the form of `NOMAD_HTTP_AUTH`; `None` without a colon.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split_once(':')
            .map(|(user, password)| Self::new(user, password))
    }
}

/// Where the token comes from.
#[derive(Clone, Default)]
pub enum TokenSource {
    /// No token: what an anonymous client may do.
    #[default]
    None,
    /// A token that stays the same.
    Fixed(Secret),
    /// Asked for the token now, for example by reading a file; its error names the file and has no secret.
    Ask(Arc<dyn Fn() -> Result<Secret, String> + Send + Sync>),
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Fixed(_) => "Fixed([secret])",
            Self::Ask(_) => "Ask(..)",
        })
    }
}

/// Keeps the token in use.
#[derive(Debug)]
pub(super) struct Token {
    source: TokenSource,
    recheck: Duration,
    held: Mutex<Option<(Secret, Instant)>>,
}

impl Token {
    pub(super) fn new(source: TokenSource, recheck: Duration) -> Self {
        Self {
            source,
            recheck,
            held: Mutex::new(None),
        }
    }

    /// Returns the token to use now; a source that fails later, or gives what is no token, keeps the one from before.
    /// There is none only where there is no source: a question is never asked with less than what is configured.
    pub(super) fn current(&self) -> Result<Option<Secret>, String> {
        let ask = match &self.source {
            TokenSource::None => return Ok(None),
            TokenSource::Fixed(secret) => return Ok(Some(secret.clone())),
            TokenSource::Ask(ask) => ask,
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some((secret, since)) if since.elapsed() < self.recheck => Ok(Some(secret.clone())),
            before => {
                let secret = match (usable(ask()), before) {
                    (Ok(secret), _) => secret,
                    (Err(_), Some((secret, _))) => secret.clone(),
                    (Err(why), None) => return Err(why),
                };
                *held = Some((secret.clone(), Instant::now()));
                Ok(Some(secret))
            }
        }
    }

    /// Asks the source again after Nomad refused `used`; `None` when there is no other token.
    pub(super) fn other_than(&self, used: Option<&Secret>) -> Option<Secret> {
        let TokenSource::Ask(ask) = &self.source else {
            return None;
        };
        let secret = usable(ask()).ok().filter(|secret| Some(secret) != used)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((secret.clone(), Instant::now()));
        Some(secret)
    }
}

/// Takes for a token what a header can carry; the beginning of a file that is being written may be nothing.
fn usable(asked: Result<Secret, String>) -> Result<Secret, String> {
    let secret = asked?;
    secret.header().map(|_| secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting() -> TokenSource {
        let asked = std::sync::atomic::AtomicU32::new(0);
        TokenSource::Ask(Arc::new(move || {
            let n = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if n == 1 {
                Err("cannot read".into())
            } else {
                Ok(Secret::new(&format!("token-{n}\n")))
            }
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_asked_for_again_and_an_unreadable_file_keeps_the_last() {
        let token = Token::new(counting(), Duration::from_secs(5));
        let text = || token.current().unwrap().unwrap().expose().to_owned();
        assert_eq!((text(), text()), ("token-0".into(), "token-0".into()));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(text(), "token-0");
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(text(), "token-2");
        let used = token.current().unwrap();
        assert_eq!(token.other_than(used.as_ref()).unwrap().expose(), "token-3");
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_no_token_keeps_the_last() {
        let texts = Mutex::new(
            vec![
                "token\n",
                "",
                " \n",
                "two\nlines",
                "caf\u{e9}\u{7f}",
                "next",
            ]
            .into_iter(),
        );
        let ask = move || Ok(Secret::new(texts.lock().unwrap().next().unwrap()));
        let token = Token::new(TokenSource::Ask(Arc::new(ask)), Duration::from_secs(5));
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(token.current().unwrap().unwrap().expose().to_owned());
            tokio::time::advance(Duration::from_secs(6)).await;
        }
        assert_eq!(seen, ["token", "token", "token", "token", "token", "next"]);
    }

    #[test]
    fn a_source_without_a_token_is_no_reason_to_ask_without() {
        for text in ["", "\n", "a\nb"] {
            let ask = move || Ok(Secret::new(text));
            let token = Token::new(TokenSource::Ask(Arc::new(ask)), Duration::from_secs(5));
            assert!(token.current().is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = Secret::new("hidden");
        assert!(!format!("{secret:?} {:?}", TokenSource::Fixed(secret.clone())).contains("hidden"));
    }
}
