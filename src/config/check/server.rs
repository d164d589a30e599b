//! Checks what the gateway says of itself in answers, and the secrets of cookies.

use std::time::Duration;

use super::Checker;
use super::answers::bounds;
use crate::config::{ConfigError, File};
use crate::dns::CookieSecrets;
use crate::dns::tsig::KeyRing;
use crate::dns::wire::NSID_OCTETS;
use crate::listeners;

impl Checker<'_> {
    /// Makes what is the same in all answers; the keys are those of TSIG.
    pub(super) fn server(
        &self,
        file: &File,
        keys: KeyRing,
    ) -> Result<listeners::Server, ConfigError> {
        if file.nsid.len() > NSID_OCTETS {
            let problem = format!("must not be longer than {NSID_OCTETS} octets");
            return Err(self.source.error("nsid", problem));
        }
        let mut server = listeners::Server {
            nsid: file.nsid.clone().into_bytes(),
            keepalive: Duration::from_secs(file.limits.idle_seconds),
            clients: self.clients(file)?,
            bounds: bounds(&file.limits),
            keys: keys.into(),
            ..listeners::Server::default()
        };
        let mut secrets = Vec::new();
        for (place, text) in file.cookie_secrets.iter().enumerate() {
            let is_hex = text.len() == 32 && text.bytes().all(|it| it.is_ascii_hexdigit());
            let number = is_hex.then(|| u128::from_str_radix(text, 16));
            let wrong = || {
                let (place, length) = (place + 1, text.chars().count());
                let problem = format!(
                    "must have 32 hex digits each, as `openssl rand -hex 16` prints them; number {place} has {length} \
                     characters, or others than 0-9 and a-f"
                );
                self.source.error("cookie_secrets", problem)
            };
            secrets.push(number.and_then(Result::ok).ok_or_else(wrong)?.to_be_bytes());
        }
        if let Some((first, others)) = secrets.split_first() {
            server.cookies = CookieSecrets::new(*first, others.iter().copied());
        }
        Ok(server)
    }
}
