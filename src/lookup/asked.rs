//! What the command line asks, in dig's form: `[@SERVER] NAME [TYPE]`.

use std::net::IpAddr;

use super::argument_error::ArgumentError;
use crate::dns::{Name, RecordType};

/// The question, and the server if it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) server: Option<String>,
    pub(super) name: Name,
    pub(super) record_type: RecordType,
}

impl Asked {
    /// Reads words in dig's form; `@SERVER` may stand anywhere.
    ///
    /// # Errors
    /// Too many or too few words, or one that is not what stands there.
    pub(super) fn read(words: &[String]) -> Result<Self, ArgumentError> {
        let (servers, words): (Vec<&String>, Vec<&String>) =
            words.iter().partition(|word| word.starts_with('@'));
        let server = match servers[..] {
            [] => None,
            [server] => Some(host(server)?),
            [_, second, ..] => return Err(ArgumentError::SecondServer(second.clone())),
        };
        let (name, record_type) = match words[..] {
            [name] => (name, RecordType::A),
            [name, record_type] => (name, parsed(record_type)?),
            [] => return Err(ArgumentError::NoName),
            [_, _, more, ..] => return Err(ArgumentError::OneNameOnly(more.clone())),
        };
        Ok(Self {
            server,
            name: parsed(name)?,
            record_type,
        })
    }
}

fn parsed<T: std::str::FromStr<Err: ToString>>(word: &str) -> Result<T, ArgumentError> {
    word.parse()
        .map_err(|error: T::Err| ArgumentError::Word(error.to_string()))
}

/// The host of `@HOST`, an IPv6 address also in brackets; a port has a flag of its own.
fn host(word: &str) -> Result<String, ArgumentError> {
    let host = &word[1..];
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let bare = bare.unwrap_or(host);
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(bare.to_owned());
    }
    match bare.rsplit_once([':', '#']) {
        _ if bare.is_empty() => Err(ArgumentError::NoServer),
        Some((host, port)) => Err(ArgumentError::ServerWithPort {
            word: word.to_owned(),
            host: host.to_owned(),
            port: port.to_owned(),
        }),
        None => Ok(bare.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Asked, String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Asked::read(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_server_may_be_named_as_for_dig() {
        for (words, server) in [
            ("a.nomad", None),
            ("@127.0.0.1 a.nomad", Some("127.0.0.1")),
            ("a.nomad @::1", Some("::1")),
            ("a.nomad @[::1] A", Some("::1")),
            ("@dns.example a.nomad a", Some("dns.example")),
        ] {
            let asked = read(words).unwrap();
            assert_eq!(asked.server.as_deref(), server, "{words}");
            assert_eq!(
                (asked.name.to_string().as_str(), asked.record_type),
                ("a.nomad.", RecordType::A)
            );
        }
        assert_eq!(read("a.nomad srv").unwrap().record_type, RecordType::SRV);
    }

    #[test]
    fn what_is_wrong_in_the_words_is_named_with_what_would_be_right() {
        for (words, error) in [
            (
                "@127.0.0.1",
                "no NAME: write `nomadns lookup [@SERVER] NAME [TYPE]`",
            ),
            ("@ a", "no server behind @: write @HOST, such as @127.0.0.1"),
            (
                "@a @b c",
                "`@b`: there is a server already; one is asked at a time",
            ),
            (
                "@127.0.0.1:53 a",
                "`@127.0.0.1:53`: a port stands in a flag: @127.0.0.1 --dns-port 53 (or --tls-port, --https-port, --http-port)",
            ),
            ("a A b", "`b`: one name and one type are asked at a time"),
        ] {
            assert_eq!(read(words).unwrap_err(), error);
        }
        assert!(
            read("a..b")
                .unwrap_err()
                .starts_with("`a..b` has an empty label")
        );
        assert!(
            read("a nonsense")
                .unwrap_err()
                .starts_with("`nonsense` is not a record type")
        );
    }
}
