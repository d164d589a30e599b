//! Random text: the parser never panics, and what it makes is TOML.

use std::io;

use nomadns::import::{ImportOptions, Surroundings, import};
use proptest::prelude::*;

/// Has one file, which imports itself, and one variable.
struct Nowhere;

impl Surroundings for Nowhere {
    fn read(&self, _: &str, path: &str) -> io::Result<(String, Vec<u8>)> {
        match path {
            "ring" => Ok(("ring".into(), b"import ring\n".to_vec())),
            _ => Err(io::Error::other("is not there")),
        }
    }

    fn list(&self, _: &str, _: &str) -> io::Result<Vec<String>> {
        Ok(vec!["ring".into()])
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "A").then(|| "{$A} }\n{".into())
    }
}

fn imported(text: &[u8]) {
    let options = ImportOptions {
        dns_port: 53,
        writes_secrets: true,
    };
    if let Ok(imported) = import("Corefile", text, options, &Nowhere) {
        let parsed: Result<toml::Table, _> = imported.config.parse();
        assert!(parsed.is_ok(), "{}", imported.config);
    }
}

const WORDS: &[&str] = &[
    ".",
    ".:53",
    "tls://a:853",
    "{",
    "}",
    "\n",
    "nomad",
    "ttl",
    "5",
    "forward",
    "1.1.1.1",
    "tls://9.9.9.9",
    "cache",
    "30",
    "hosts",
    "10.0.0.1",
    "a.example",
    "acl",
    "allow",
    "block",
    "net",
    "10.0.0.0/8",
    "type",
    "A",
    "import",
    "ring",
    "*",
    "(s)",
    "s",
    "{$A}",
    "{%B%}",
    "\"q \\\" q\"",
    "#",
    "template",
    "IN",
    "match",
    "^a$",
    "answer",
    "health",
    ":8080",
    "lameduck",
    "5s",
    "token",
    "x",
    "\"\n\u{1b}\"",
    "log",
    "bind",
    "lo",
    "10.0.0.0/9",
    ",",
    "address",
    "except",
    "policy",
    "random",
    "success",
    "-1",
    "9999999999999999999",
];

proptest! {
    #[test]
    fn random_octets_do_no_harm(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        imported(&text);
    }

    #[test]
    fn random_words_of_corefiles_do_no_harm(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..60)) {
        imported(words.join(" ").as_bytes());
    }
}
